"""Days as the owner counts them: from midnight to midnight of a time zone.

`zone` None is the zone that this machine is set to.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, tzinfo


def day_of(when: datetime, zone: tzinfo | None = None) -> date:
    """Return the owner's day of an aware time."""
    return when.astimezone(zone).date()


def start_of_day(when: datetime, zone: tzinfo | None = None) -> datetime:
    """Return the midnight that began the owner's day of an aware time."""
    return datetime.combine(day_of(when, zone), time.min, tzinfo=zone).astimezone(UTC)
