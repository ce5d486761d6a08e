"""Where a source stood before: a move is told from a second copy by looking at the disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hotfolder.domain import names
from hotfolder.journal import backlog, moves
from hotfolder.journal.drafts import Settled
from hotfolder.journal.journal import Journal
from hotfolder.planning.examine import Dropped, Unwanted, Verdict, Wanted
from hotfolder.tree import files


def trace(journal: Journal, root: Path, verdict: Verdict) -> Verdict:
    """Add to a verdict the paths that its sources were moved from; blocks.

    Raises OSError and RootGone where the share fails.
    """
    if not isinstance(verdict, Wanted | Unwanted):
        return verdict
    if any(_stays_held(journal, root, each) for each in verdict.found.members):
        return Dropped("held back, or left out, before it was moved")
    members = tuple(
        replace(each, moved_from=_old_place(journal, root, each)) for each in verdict.found.members
    )
    return replace(verdict, found=replace(verdict.found, members=members))


def _stays_held(journal: Journal, root: Path, settled: Settled) -> bool:
    """Whether this was moved while it was held back; it then stays so at its new path."""
    watch, path, sighting = settled.watch, settled.path, settled.sighting
    for old in journal.run_blocking(backlog.alike, watch, path, sighting):
        if old != path and _is_left(root, old, path):
            return journal.run_blocking(backlog.move, watch, old, path, sighting)
    return False


def _old_place(journal: Journal, root: Path, settled: Settled) -> str | None:
    places = journal.run_blocking(moves.elsewhere, settled)
    return next((each for each in places if _is_left(root, each, settled.path)), None)


def _is_left(root: Path, old: str, new: str) -> bool:
    """Whether nothing stands at the old path any more; one that is found by twin names is asked."""
    if names.stem_key("", old) == names.stem_key("", new):
        return not files.is_listed(root, old)
    return files.is_gone(root, old)
