"""The journal's time: the wall clock's, held against the time that passed.

Whoever sets the wall clock makes no time pass. So the journal goes by a clock of its own that
follows a step only together with what is stored: each thing that waits is moved along, and
each that has happened since the machine started, so that it has as long to wait, and is as old, as
before. What happened earlier keeps its time: the clock may have been wrong since the start
only. Across a restart of the machine there is nothing to hold the wall clock against.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import structlog

from hotfolder.domain.clock import Clock
from hotfolder.journal.session import Session, from_ms, to_ms
from hotfolder.journal.uploads import LINK_LIFE

LEAST_STEP: Final = timedelta(seconds=1)
LONG_STEP: Final = timedelta(days=1)

_MILLISECOND: Final = timedelta(milliseconds=1)
_KNOWN: Final = "clock"
_LONG_STEP_AT: Final = "clock_set_at"

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.journal")


class SteadyClock:
    """The wall clock as if it had not been set since it was last followed.

    `began` is the machine's start by it. `kept` says whether the journal has it, too.
    """

    def __init__(self, clock: Clock, began: datetime | None = None) -> None:
        self._clock = clock
        self.kept = began is not None
        self.began = began or self._shown()

    def __call__(self) -> datetime:
        """Return the time, aware UTC."""
        return self.began + timedelta(seconds=self.elapsed_s())

    def elapsed_s(self) -> float:
        """Return the seconds since the machine started, those of its sleep included."""
        return self._clock.elapsed_s()

    def awake_s(self) -> float:
        """Return the seconds since the machine started that it was awake."""
        return self._clock.awake_s()

    def start(self) -> str:
        """Return what tells this start of the machine from others, "" = not known."""
        return self._clock.start()

    def step(self) -> timedelta:
        """Return by how much the wall clock was set since; trimming is none of it."""
        step = self._shown() - self.began
        return step if abs(step) >= LEAST_STEP else timedelta()

    def _shown(self) -> datetime:
        return self._clock() - timedelta(seconds=self.elapsed_s())


def known(session: Session, clock: Clock) -> SteadyClock:
    """Return the clock that the stored times go by."""
    row = session.row("get_meta", key=_KNOWN)
    start, _, began = row["value"].rpartition(" ") if row else ("", "", "")
    return SteadyClock(clock, from_ms(int(began)) if start and start == clock.start() else None)


def follow(session: Session, clock: SteadyClock, step: timedelta) -> None:
    """Move what is stored along with a clock that has just made a step, and keep the clock."""
    value = f"{clock.start()} {to_ms(clock.began)}"
    session.change("set_meta", key=_KNOWN, value=value)
    if step:
        _shift(session, clock.began - step, step)


def last_long_step(session: Session) -> datetime | None:
    """Return when the wall clock was last set by a day or more, None where it never was."""
    row = session.row("get_meta", key=_LONG_STEP_AT)
    return None if row is None else from_ms(int(row["value"]))


def _shift(session: Session, began: datetime, step: timedelta) -> None:
    step_ms = round(step / _MILLISECOND)
    times = {"step": step_ms, "since": to_ms(began)}
    session.change("shift_jobs", **times)
    session.change("shift_submits", **times)
    session.change("shift_heard", **times)
    session.change("shift_holds", **times)
    session.change("shift_callbacks", **times)
    session.change("shift_sources", **times)
    session.change("shift_asides", **times)
    session.change("shift_sets", **times)
    session.change("shift_watches", **times)
    session.change("shift_daemon", **times)
    session.change("shift_uploads", step=step_ms, since=to_ms(began + LINK_LIFE))
    if abs(step) >= LONG_STEP:
        session.change("set_meta", key=_LONG_STEP_AT, value=str(session.now_ms + step_ms))
    log.warning("clock.set", seconds=round(step.total_seconds(), 3))
