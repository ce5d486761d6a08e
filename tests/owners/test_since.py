"""Times as people write them on the command line."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from hotfolder.cli.since import since
from hotfolder.domain import events as ev
from hotfolder.domain import file_failures
from hotfolder.domain.errors import OperatorError
from hotfolder.domain.states import State
from hotfolder.journal import reading

if TYPE_CHECKING:
    from tests.builders import Desk

NOW = datetime(2026, 11, 28, 14, 30).astimezone()
MIDNIGHT = NOW.replace(hour=0, minute=0)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2h", NOW - timedelta(hours=2)),
        ("30 min", NOW - timedelta(minutes=30)),
        ("3d", NOW - timedelta(days=3)),
        ("1w", NOW - timedelta(weeks=1)),
        ("today", MIDNIGHT),
        ("Yesterday", MIDNIGHT - timedelta(days=1)),
        ("9:05", NOW.replace(hour=9, minute=5)),
        ("2026-11-27", MIDNIGHT - timedelta(days=1)),
        ("2026-11-27 14:30", NOW - timedelta(days=1)),
        ("2026-11-28T13:30+00:00", datetime.fromisoformat("2026-11-28T13:30+00:00")),
    ],
)
def test_what_people_write(written: str, meant: datetime) -> None:
    """Spans, days, times of day and dates, on this machine's clock."""
    assert since(written, NOW) == meant


@pytest.mark.parametrize("written", ["", "soon", "2", "25:00", "-2h", "999999w", "2026-13-01"])
def test_what_is_no_time_says_what_is(written: str) -> None:
    """The error names every form there is."""
    with pytest.raises(OperatorError, match="write 2h, 30min"):
        since(written, NOW)


def test_the_newest_jobs_come_last(desk: Desk) -> None:
    """Those accepted or ended since a time, at most so many, the newest last."""
    old = desk.bring_to(State.DONE, "old.jpg", content="1")
    late = desk.accept("late.jpg", content="2")
    desk.clock.forward(3600)
    begin = desk.clock()
    desk.apply(late, ev.GaveUp(failure=file_failures.TRUNCATED))
    new = desk.bring_to(State.DONE, "new.jpg", content="3")

    def newest(**asked: Any) -> list[int]:  # noqa: ANN401  what newest_jobs takes
        return [each.id for each in desk.journal.run_blocking(reading.newest_jobs, **asked)]

    assert newest() == [old.id, late.id, new.id]
    assert newest(last=2) == [late.id, new.id]
    assert newest(since=begin) == [late.id, new.id]
    assert newest(since=begin, state=State.FAILED) == [late.id]
    assert newest(watch="two") == []
