"""How things stand at this moment, watch by watch: for the page's first screen."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Final

from hotfolder import config
from hotfolder.domain.days import start_of_day
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State, WaitsFor
from hotfolder.journal import browsing, budgets, holds, leases, memory, reading, recovery, sets
from hotfolder.journal.budgets import Budget
from hotfolder.journal.counts import Counts, Skipped
from hotfolder.journal.holds import Hold
from hotfolder.journal.reading import AtRisk
from hotfolder.journal.session import Session
from hotfolder.views import counting
from hotfolder.views.counting import WatchCounts

SHOWN_AT_WORK: Final = 12
_AT_WORK: Final = (State.SUBMITTING, State.RUNNING, State.FINISHED, State.FETCHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchNow:
    """One watch: whether its folder is there, and what became of its files.

    `skipped` names the first that are left out, with their reasons. `followed_by` is the machine
    that sees to it where several share the journal, None = none does, or it is this one's own.
    """

    name: str
    input: str
    output: str
    online: bool
    reason: str | None
    since: datetime | None
    counts: Counts
    skipped: tuple[Skipped, ...]
    done_today: int
    followed_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtWork:
    """A job that the service or the delivery is at; `usual_s` None = nobody knows yet."""

    job: Job
    since: datetime
    usual_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """Everything at this moment; `budget` None = no limit for a day.

    `removed` are the watches that the config no longer has and of which something is open.
    """

    watches: list[WatchNow]
    removed: list[WatchCounts]
    at_work: list[AtWork]
    under_way: int
    holds: list[Hold]
    spent_today: Decimal
    budget: Decimal | None
    currency: str | None
    at_risk: AtRisk
    needs: int
    to_review: int


def now(session: Session, wanted: config.Config, zone: tzinfo | None = None) -> Now:
    """Return how everything stands; `zone` is the owner's, None = this machine's."""
    published = browsing.published_counts(session, start_of_day(session.now, zone))
    rows = {row.name: row for row in reading.watches(session)}
    followers = leases.followers(session) if session.is_shared else {}
    watches = [
        _watch(
            watch,
            rows.get(watch.name),
            each,
            done_today=published.get(watch.name, 0),
            followed_by=followers.get(watch.name),
        )
        for watch, each in zip(wanted.watch, counting.counted(session, wanted), strict=True)
    ]
    limit = wanted.limits.daily_charge
    return Now(
        watches=watches,
        removed=counting.removed(session, wanted),
        at_work=_at_work(session),
        under_way=sum(each.counts.under_way for each in watches),
        holds=holds.holds(session),
        spent_today=budgets.spent(session, Budget(watch=None, limit=limit, key="", zone=zone)),
        budget=limit or None,
        currency=memory.currency(session),
        at_risk=reading.at_risk(session),
        needs=needs(session),
        to_review=reading.undecided(session).jobs,
    )


def needs(session: Session) -> int:
    """Return how many things wait for a person."""
    failed = sum(browsing.failed_counts(session).values())
    held = sum(1 for each in holds.causes(session) if each[1] != "watch_removed")
    return failed + browsing.troubled_count(session) + sets.count(session) + held


def _watch(
    watch: config.Watch,
    row: reading.WatchRow | None,
    counted: WatchCounts,
    *,
    done_today: int,
    followed_by: str | None,
) -> WatchNow:
    return WatchNow(
        name=watch.name,
        input=os.fspath(watch.input),
        output=os.fspath(watch.output),
        online=row is not None and row.online,
        reason=row.reason if row else "not looked at yet",
        since=row.since if row else None,
        counts=counted.counts,
        skipped=counted.skipped,
        done_today=done_today,
        followed_by=followed_by,
    )


def _at_work(session: Session) -> list[AtWork]:
    listed = _newest(session, _AT_WORK)
    usual_s = recovery.usual_durations_s(session) if listed else {}
    return [
        AtWork(
            job=job,
            since=job.submit.intent_at if job.submit else job.accepted_at,
            usual_s=usual_s.get(job.plan.model),
        )
        for job in listed
    ]


def _newest(session: Session, states: Iterable[State]) -> list[Job]:
    asked = browsing.Asked()
    found = [
        job
        for state in states
        for job in browsing.jobs(session, state, asked, SHOWN_AT_WORK)[0]
        if job.waits_for is not WaitsFor.REVIEW
    ]
    return sorted(found, key=lambda job: job.id, reverse=True)[:SHOWN_AT_WORK]
