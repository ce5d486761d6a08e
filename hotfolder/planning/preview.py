"""What would become of sources, without entering or sending anything: for `hotfolder plan`."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from hotfolder import config
from hotfolder.journal.drafts import Draft, Settled
from hotfolder.kinds.workshop.workshop import WorkerFailed, Workshop
from hotfolder.planning import examine, naming
from hotfolder.planning.looking import Looking
from hotfolder.planning.looks import Looks
from hotfolder.tree import files
from hotfolder.tree.ignorefile import IgnoreFiles
from hotfolder.tree.scan import walk


@dataclass(frozen=True, slots=True)
class Preview:
    """What a source would become: the edits, or the reason why there are none.

    `settled` is the source as it was read, None where it was not.
    """

    watch: str
    source: str
    drafts: tuple[Draft, ...] = ()
    reason: str | None = None
    settled: Settled | None = None


def of_source(looks: Looks, watch: config.Watch, relative: str, at: datetime) -> Preview:
    """Look at one source as if it had settled at a time. Raises Unseen, OSError, RootGone."""
    verdict = examine.examine(looks, watch, 0, relative, gave_time=True, at=at)
    match verdict:
        case examine.Wanted(settled=settled, drafts=drafts):
            return Preview(watch.name, relative, drafts, settled=settled)
        case examine.Gone():
            return Preview(watch.name, relative, reason="there is no such file")
    return Preview(watch.name, relative, reason=verdict.reason)


def sources(watch: config.Watch, folder: str) -> Iterator[str]:
    """Yield every file below a folder but sidecars, litter and what an ignore file names.

    Raises OSError where the folder cannot be listed, RootGone.
    """
    ignore_files = IgnoreFiles(watch.input)
    for listing in walk(
        watch.input,
        folder,
        recursive=watch.recursive,
        goes_into=lambda below: not ignore_files.why(below, is_folder=True),
    ):
        for name in listing.names:
            relative = os.fsdecode(listing.folder + name)
            if not (naming.why_hidden(watch, relative) or ignore_files.why(relative)):
                yield relative


async def of_many(
    watch: config.Watch, relatives: Iterable[str], at: datetime
) -> AsyncIterator[Preview]:
    """Look at sources, by workers of its own. Raises OSError where none can be found, RootGone."""
    with closing(Workshop()) as workshop:
        looking = Looking(workshop, None)
        for relative in relatives:
            look = partial(of_source, looking.looks, watch, relative, at)
            try:
                yield await looking.along(_at_once, look)
            except files.RootGone:
                raise
            except OSError as error:
                reason = f"it cannot be read: {error.strerror}"
                yield Preview(watch.name, relative, reason=reason)
            except (WorkerFailed, files.SourceError) as error:
                yield Preview(watch.name, relative, reason=f"it cannot be looked at: {error}")


async def _at_once(call: Callable[[], Any]) -> Any:  # noqa: ANN401  whatever the call returns
    return call()
