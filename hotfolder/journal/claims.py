"""What can be worked on now, and when to look again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from types import MappingProxyType
from typing import Final

from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State
from hotfolder.journal import holds
from hotfolder.journal.engine import Row
from hotfolder.journal.rows import existing_job
from hotfolder.journal.session import Session, from_ms, to_ms

LONGEST_WAIT = timedelta(hours=2)

_ANY: Final[Mapping[State, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Claim:
    """A job whose time has come; `trials` are the scopes of the holds that it tries."""

    job: Job
    trials: frozenset[str]


def claim(
    session: Session,
    room: Mapping[State, int],
    busy: Collection[int],
    ahead: int,
    again: Mapping[State, int] = _ANY,
) -> tuple[list[Claim], datetime | None]:
    """Return the due jobs, at most `room` of each state, and when the next one is due.

    Of those that failed the last time there are at most `again`. Jobs in `busy` are being worked
    on. States without room are not looked at: they are looked at again when a step ends. Nothing
    more is uploaded while `ahead` jobs could be submitted: their links live for a day.
    """
    found: list[Claim] = []
    spans = {each["state"]: each for each in session.rows("due_spans")}
    waits: list[int | None] = [_first(session.row("next_trial"))]
    for state, places in room.items():
        if places <= 0:
            continue
        due = _Due(session, state, spans.get(state.value), busy)
        waits.append(due.next())
        if not due.is_any or (state is State.ACCEPTED and _are_ready(session, ahead)):
            continue
        found.extend(_claim(session, job) for job in due.found(places, again.get(state, places)))
    times = [each for each in waits if each is not None]
    return found, from_ms(min(times)) if times else None


def at_service(session: Session, doubt_s: Callable[[str], float]) -> int:
    """Return how many tasks there are at the service, or may be, of all who share the journal.

    `doubt_s` tells of a model how many seconds a doubtful submit takes up a place.
    """
    return sum(
        int(each["count"])
        for each in session.rows("at_service")
        if each["model"] is None
        or (session.now - from_ms(each["intent_at"])).total_seconds() < doubt_s(each["model"])
    )


class _Due:
    """What is due in one state, but for the jobs in `busy`.

    Nothing waits for longer than the horizon: a time beyond it is from before a clock jumped.
    """

    def __init__(
        self, session: Session, state: State, span: Row | None, busy: Collection[int]
    ) -> None:
        self._session = session
        self._state = state
        self._busy = busy
        self._horizon = to_ms(session.now + LONGEST_WAIT)
        self._first: int | None = None if span is None else span["first"]
        self._is_in_time = self._first is not None and self._first <= session.now_ms
        self._is_beyond = span is not None and (span["last"] or 0) > self._horizon

    @property
    def is_any(self) -> bool:
        """Whether anything is due, held or not."""
        return self._is_in_time or self._is_beyond

    def next(self) -> int | None:
        """Return the first time still to come, None where there is none."""
        if not self._is_in_time:
            return self._first
        return _first(self._session.row("next_due", state=self._state.value))

    def found(self, places: int, most_again: int) -> list[int]:
        """Return jobs, the longest due first, at most so many of them that failed the last time."""
        rows = self._rows(places)
        if sum(row["attempt"] > 0 for row in rows) > most_again:
            rows = [*self._rows(places, again=False), *self._rows(most_again, again=True)]
            rows.sort(key=itemgetter("due_at", "id"))
        return [row["id"] for row in rows[:places]]

    def _rows(self, places: int, *, again: bool | None = None) -> list[Row]:
        """Return at most so many."""
        if places <= 0:
            return []
        within = partial(
            self._session.rows,
            "due_jobs",
            state=self._state.value,
            again=again,
            limit=places + len(self._busy),
            horizon=self._horizon,
        )
        rows: list[Row] = []
        if self._is_in_time:
            rows += within(after=-sys.maxsize, until=self._session.now_ms)
        if self._is_beyond:
            rows += within(after=self._horizon, until=sys.maxsize)
        return [row for row in rows if row["id"] not in self._busy][:places]


def _claim(session: Session, job: int) -> Claim:
    return Claim(existing_job(session, job), holds.scopes_over(session, job))


def is_any_ready(session: Session) -> bool:
    """Whether any job could be submitted, were there a place for it."""
    return _are_ready(session, 1)


def _are_ready(session: Session, ahead: int) -> bool:
    """Whether so many jobs could be submitted."""
    row = session.row("count_ready", state=State.UPLOADED.value, most=ahead)
    return row is not None and row["count"] >= ahead


def _first(row: Row | None) -> int | None:
    first: int | None = None if row is None else row["due_at"]
    return first
