"""What the journal says that a person may have to be told of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from hotfolder.domain.jobs import Job
from hotfolder.domain.states import OPEN, State
from hotfolder.journal import holds, leases, reading
from hotfolder.journal.holds import Hold
from hotfolder.journal.reading import WatchRow
from hotfolder.journal.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """How things stand at `now`.

    `failed` are the jobs that failed after the line `after`, `to_review` how many results wait for
    a decision. `unfollowed` are watches that nobody follows, with the machine that did last.
    """

    now: datetime
    newest: int
    holds: tuple[Hold, ...]
    offline: tuple[WatchRow, ...]
    in_doubt: tuple[Job, ...]
    failed: tuple[Job, ...]
    to_review: int
    unfollowed: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What the jobs of a day came to, since `begin`."""

    begin: datetime
    ended: Mapping[State, int]
    charges: Mapping[str | None, Decimal]
    open: Mapping[State, int]
    to_review: int


def gather(session: Session, after: int | None, watches: Collection[str]) -> Facts:
    """Return how things stand; with `after` None no failure is news.

    `watches` are those of the config, whoever is to follow them.
    """
    newest = reading.newest_event(session)
    since = newest if after is None else after
    return Facts(
        now=session.now,
        newest=newest,
        holds=tuple(holds.holds(session)),
        offline=tuple(each for each in reading.watches(session) if not each.online),
        in_doubt=tuple(reading.jobs(session, state=State.IN_DOUBT)),
        failed=tuple(reading.failed_since(session, since)),
        to_review=reading.undecided(session).jobs,
        unfollowed=leases.unfollowed(session, watches),
    )


def day(session: Session, begin: datetime) -> Day:
    """Return what came of a day."""
    charges: dict[str | None, Decimal] = {}
    for each in reading.charges(session):
        if each.at >= begin:
            charges[each.currency] = charges.get(each.currency, Decimal(0)) + each.amount
    counts = reading.state_counts(session)
    return Day(
        begin=begin,
        ended=reading.ended_counts(session, begin),
        charges=charges,
        open={state: count for state, count in counts.items() if state in OPEN},
        to_review=reading.undecided(session).jobs,
    )
