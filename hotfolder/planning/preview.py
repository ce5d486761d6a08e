"""What would become of sources, without entering or sending anything: for `hotfolder plan`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from hotfolder import config
from hotfolder.journal.drafts import Draft
from hotfolder.planning import examine, naming
from hotfolder.tree import files
from hotfolder.tree.scan import walk


@dataclass(frozen=True, slots=True)
class Preview:
    """What a source would become: the edits, or the reason why there are none."""

    watch: str
    source: str
    drafts: tuple[Draft, ...] = ()
    reason: str | None = None


def of_source(watch: config.Watch, relative: str, at: datetime) -> Preview:
    """Look at one source as if it had settled at a time. Raises OSError, RootGone."""
    verdict = examine.examine(watch, 0, relative, gave_time=True, at=at)
    match verdict:
        case examine.Wanted(drafts=drafts):
            return Preview(watch.name, relative, drafts)
        case examine.Gone():
            return Preview(watch.name, relative, reason="there is no such file")
    return Preview(watch.name, relative, reason=verdict.reason)


def of_folder(watch: config.Watch, folder: str, at: datetime) -> Iterator[Preview]:
    """Look at every source below a folder; what no rule takes by its name is left out.

    Raises OSError where the folder cannot be listed, RootGone.
    """
    for listing in walk(watch.input, folder, recursive=watch.recursive):
        for name in listing.names:
            relative = os.fsdecode(listing.folder + name)
            if not naming.why_ignored(watch, relative):
                yield _readable(watch, relative, at)


def _readable(watch: config.Watch, relative: str, at: datetime) -> Preview:
    try:
        return of_source(watch, relative, at)
    except files.RootGone:
        raise
    except OSError as error:
        return Preview(watch.name, relative, reason=f"it cannot be read: {error.strerror}")
