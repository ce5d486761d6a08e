"""Texts that served as a sidecar, or were jobs of their own: what they were once, they stay.

None is a source because what it spoke for is gone, and none speaks for a file that came later.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from hotfolder.domain.texts import is_text
from hotfolder.journal import reading
from hotfolder.journal.journal import Journal
from hotfolder.planning.examine import SIDECAR_OF, Unwanted, Verdict, Wanted

SERVED: Final = "it was a sidecar, and says the same as then"


def was_job(journal: Journal, root: Path, relative: str) -> bool:
    """Return whether a text was a job of its own; blocks."""
    return journal.run_blocking(reading.became_job, os.fspath(root), relative)


def judged(journal: Journal, verdict: Verdict) -> Verdict:
    """Return what a text is that a verdict wants, if it once served and says the same; blocks."""
    if not isinstance(verdict, Wanted) or not is_text(verdict.found.first.path):
        return verdict
    settled = verdict.found.first
    known = journal.run_blocking(reading.source, settled.watch, settled.path)
    if known is None or not known.skipped or known.content_hash != settled.content_hash:
        return verdict
    is_served = (known.reason or "").startswith((SERVED, SIDECAR_OF))
    return Unwanted(verdict.found, SERVED) if is_served else verdict
