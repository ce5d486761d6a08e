"""What became of the files of each watch: how many are what, and which were left out."""

from __future__ import annotations

from dataclasses import dataclass

from hotfolder import config
from hotfolder.journal import counts, reading
from hotfolder.journal.counts import Counts, Skipped
from hotfolder.journal.session import Session

NOTHING = Counts()


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchCounts:
    """The files of one watch; `skipped` names the first that are left out."""

    watch: str
    counts: Counts
    skipped: tuple[Skipped, ...] = ()


def counted(session: Session, wanted: config.Known) -> list[WatchCounts]:
    """Return the counts of the config's watches, in its order."""
    found = counts.counts(session)
    numbers = {row.name: row.id for row in reading.watches(session)}
    return [
        WatchCounts(
            watch=watch.name,
            counts=found.get(watch.name, NOTHING),
            skipped=tuple(counts.skipped(session, numbers.get(watch.name, 0))),
        )
        for watch in wanted.watch
    ]


def removed(session: Session, wanted: config.Known) -> list[WatchCounts]:
    """Return the watches that the config no longer has and of which something is still open."""
    names = {watch.name for watch in wanted.watch}
    return [
        WatchCounts(watch=watch, counts=each)
        for watch, each in sorted(counts.counts(session).items())
        if watch not in names and each.open
    ]


def uncounted(wanted: config.Known) -> list[WatchCounts]:
    """Return the counts where there is no journal yet."""
    return [WatchCounts(watch=watch.name, counts=NOTHING) for watch in wanted.watch]
