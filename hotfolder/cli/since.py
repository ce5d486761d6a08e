"""Times as people write them: 2h, 3d, today, yesterday, 14:30, 2026-11-28, 2026-11-28 14:30."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from hotfolder.domain.errors import OperatorError

FORMS: Final = "2h, 30min, 3d, today, yesterday, 14:30, 2026-11-28 or '2026-11-28 14:30'"
_SPAN: Final = re.compile(r"(\d{1,6}) ?(min|h|d|w)", re.ASCII)
_UNITS: Final = {"min": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def since(text: str, now: datetime) -> datetime:
    """Return the time that is meant, on the clock of this machine; `now` is aware.

    Raises OperatorError where it is none.
    """
    written, here = text.strip().lower(), now.astimezone()
    today = here.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    days = {"today": today, "yesterday": today - timedelta(days=1)}
    if written in days:
        return days[written].astimezone()
    span = _SPAN.fullmatch(written)
    with suppress(ValueError, OverflowError):
        if span is not None:
            return here - timedelta(**{_UNITS[span[2]]: int(span[1])})
        if re.fullmatch(r"\d{1,2}:\d\d", written):
            at = datetime.strptime(written, "%H:%M").time()  # noqa: DTZ007  of this machine
            return datetime.combine(today, at).astimezone()
        return datetime.fromisoformat(written).astimezone()
    raise OperatorError(f"{text!r} is no time: write {FORMS}")
