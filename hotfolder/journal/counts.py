"""How many files of each watch are what: a table that triggers keep, so that nothing is counted.

Each file is in exactly one column. Where several could count it is in the first of failed, waiting,
under way, done and skipped. What is queued to be sent is under way, and waits where a hold or an
absent folder keeps it.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Final

from hotfolder.journal import holds, leases
from hotfolder.journal.session import Session

SHOWN: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The files of a watch by what became of them."""

    under_way: int = 0
    done: int = 0
    waiting: int = 0
    skipped: int = 0
    failed: int = 0

    @property
    def files(self) -> int:
        """How many files there are."""
        return self.under_way + self.done + self.waiting + self.skipped + self.failed

    @property
    def open(self) -> int:
        """How many of them something may still come of."""
        return self.under_way + self.waiting + self.failed


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is left out, and why."""

    path: str
    reason: str


def counts(session: Session) -> dict[str, Counts]:
    """Return the counts of each watch that has any file, by its name."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    held = _queued_held(session)
    stopped = {scope for scope, _ in holds.causes(session)}
    everything = bool(stopped & {holds.ACCOUNT, holds.SERVICE})
    places = leases.places(session)
    for row in session.rows("tally"):
        column, files, watch = row["counted_as"], row["files"], row["watch"]
        if column != "queued":
            found[watch][column] += files
            continue
        scopes = {holds.watch_scope(watch), *holds.lacking_scopes(places.get(watch))}
        waits = everything or not row["online"] or bool(scopes & stopped)
        waiting = files if waits else min(files, held.get(watch, 0))
        found[watch]["waiting"] += waiting
        found[watch]["under_way"] += files - waiting
    return {watch: Counts(**counted) for watch, counted in found.items()}


def _queued_held(session: Session) -> dict[str, int]:
    return {row["watch"]: row["files"] for row in session.rows("count_queued_held")}


def skipped(session: Session, watch: int, limit: int = SHOWN) -> list[Skipped]:
    """Return the first files of a watch that are left out, in the order of their paths."""
    rows = session.rows("skipped_files", watch=watch, limit=limit)
    return [Skipped(os.fsdecode(row["path"]), row["reason"]) for row in rows]


def differences(session: Session) -> int:
    """Return how many files are counted wrongly; looks at every file."""
    tallied = {(row["watch"], row["counted_as"]): row["files"] for row in session.rows("tallied")}
    wrong = Counter(tallied)
    wrong.subtract(
        {(row["watch"], row["counted_as"]): row["files"] for row in session.rows("recount")}
    )
    return max(
        sum(count for count in wrong.values() if count > 0),
        -sum(count for count in wrong.values() if count < 0),
    )


def rebuild(session: Session) -> None:
    """Count all files anew; looks at every file."""
    session.change("count_sources_anew")
    session.change("empty_tally")
    session.change("tally_anew")
