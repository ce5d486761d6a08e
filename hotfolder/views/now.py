"""How things stand at this moment, watch by watch: for the page's first screen."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Final

from hotfolder import config
from hotfolder.domain.days import start_of_day
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State
from hotfolder.journal import browsing, budgets, holds, memory, reading, recovery
from hotfolder.journal.budgets import Budget
from hotfolder.journal.holds import Hold
from hotfolder.journal.reading import AtRisk
from hotfolder.journal.session import Session

SHOWN_AT_WORK: Final = 12
_AT_WORK: Final = (State.SUBMITTING, State.RUNNING, State.FINISHED, State.FETCHED)
_BEFORE: Final = (State.ACCEPTED, State.UPLOADED)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchNow:
    """One watch: whether its folder is there, and how many of its jobs are where."""

    name: str
    input: str
    output: str
    online: bool
    reason: str | None
    since: datetime | None
    waiting: int
    under_way: int
    troubled: int
    done_today: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AtWork:
    """A job that the service or the delivery is at; `usual_s` None = nobody knows yet."""

    job: Job
    since: datetime
    usual_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """Everything at this moment; `budget` None = no limit for a day."""

    watches: list[WatchNow]
    at_work: list[AtWork]
    under_way: int
    holds: list[Hold]
    spent_today: Decimal
    budget: Decimal | None
    currency: str | None
    at_risk: AtRisk
    needs: int


def now(session: Session, wanted: config.Config, zone: tzinfo | None = None) -> Now:
    """Return how everything stands; `zone` is the owner's, None = this machine's."""
    counted = _counted(session)
    published = browsing.published_counts(session, start_of_day(session.now, zone))
    failed = browsing.failed_counts(session)
    rows = {row.name: row for row in reading.watches(session)}
    watches = [
        _watch(watch, rows.get(watch.name), counted[watch.name], published, failed)
        for watch in wanted.watch
    ]
    limit = wanted.limits.daily_charge
    return Now(
        watches=watches,
        at_work=_at_work(session),
        under_way=sum(each.under_way for each in watches),
        holds=holds.holds(session),
        spent_today=budgets.spent(session, Budget(watch=None, limit=limit, key="", zone=zone)),
        budget=limit or None,
        currency=memory.currency(session),
        at_risk=reading.at_risk(session),
        needs=needs(session),
    )


def needs(session: Session) -> int:
    """Return how many things wait for a person."""
    failed = sum(browsing.failed_counts(session).values())
    held = sum(1 for each in holds.causes(session) if each[1] != "watch_removed")
    return failed + browsing.troubled_count(session) + held


def _counted(session: Session) -> defaultdict[str, Counter[str]]:
    counted: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for watch, state, count, _waiting in browsing.open_counts(session):
        counted[watch]["under_way"] += count if state in _AT_WORK else 0
        counted[watch]["waiting"] += count if state in _BEFORE else 0
        counted[watch]["in_doubt"] += count if state is State.IN_DOUBT else 0
    return counted


def _watch(
    watch: config.Watch,
    row: reading.WatchRow | None,
    counted: Counter[str],
    published: dict[str, int],
    failed: dict[str, int],
) -> WatchNow:
    return WatchNow(
        name=watch.name,
        input=os.fspath(watch.input),
        output=os.fspath(watch.output),
        online=row is not None and row.online,
        reason=row.reason if row else "not looked at yet",
        since=row.since if row else None,
        waiting=counted["waiting"],
        under_way=counted["under_way"],
        troubled=counted["in_doubt"] + failed.get(watch.name, 0),
        done_today=published.get(watch.name, 0),
    )


def _at_work(session: Session) -> list[AtWork]:
    usual_s = recovery.usual_durations_s(session)
    listed = _newest(session, _AT_WORK)
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
        job for state in states for job in browsing.jobs(session, state, asked, SHOWN_AT_WORK)[0]
    ]
    return sorted(found, key=lambda job: job.id, reverse=True)[:SHOWN_AT_WORK]
