"""Days as the owner counts them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from hotfolder.domain.days import day_of, start_of_day

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("when", "zone", "day", "began"),
    [
        (datetime(2026, 5, 1, 21, 59, tzinfo=UTC), BERLIN, date(2026, 5, 1), 22),
        (datetime(2026, 5, 1, 22, 0, tzinfo=UTC), BERLIN, date(2026, 5, 2), 22),
        (datetime(2026, 3, 29, 12, 0, tzinfo=UTC), BERLIN, date(2026, 3, 29), 23),  # clocks go on
        (datetime(2026, 10, 25, 23, 30, tzinfo=UTC), BERLIN, date(2026, 10, 26), 23),
        (datetime(2026, 5, 1, 12, tzinfo=UTC), UTC, date(2026, 5, 1), 0),
    ],
)
def test_a_day_begins_at_the_owners_midnight(
    when: datetime, zone: ZoneInfo, day: date, began: int
) -> None:
    """Also on the days on which the clocks change."""
    start = start_of_day(when, zone)
    assert day_of(when, zone) == day == day_of(start, zone)
    assert start.hour == began
    assert start <= when


def test_without_a_zone_it_is_this_machines() -> None:
    """The start is a midnight of the machine's own clock."""
    start = start_of_day(datetime(2026, 5, 1, 12, tzinfo=UTC)).astimezone()
    assert (start.hour, start.minute) == (0, 0)
