"""The log for people: what is told of an event, and what is left to machines."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hotfolder.cli.live import Pace, words
from hotfolder.cli.telling import Event, Telling
from hotfolder.domain.failures import NO_MONEY, TRUNCATED
from hotfolder.views.glance import Glance
from tests.builders import NOON

ONE = {"portraits": "out"}
JOB: dict[str, Any] = {"job": 1, "watch": "portraits", "source": "a/ann.jpg"}


def told(name: str, more: Event, *, verbose: bool = False, level: str = "info") -> str | None:
    """Return the line of an event, without its time."""
    telling = Telling(ONE, verbose=verbose, colour=False)
    line = telling.line({"event": name, "level": level, "timestamp": NOON.isoformat(), **more})
    return None if line is None else line.partition(" ")[2]


def test_what_is_told_of_an_event() -> None:
    """A word and a sentence: where it stands and what it cost, or what is wrong and what to do."""
    done = {**JOB, "outputs": ["a/ann.jpg"], "charge": "0.14", "currency": "CNY", "seconds": 5}
    free = {**JOB, "outputs": ["a/ann.jpg"], "charge": None, "reused": True, "seconds": 5}
    cases: list[tuple[str, Event, str | None]] = [
        ("job.done", done, "done     a/ann.jpg -> out/a/ann.jpg  0.14 CNY  5 s"),
        (
            "job.done",
            free,
            "done     a/ann.jpg -> out/a/ann.jpg  nothing paid: it was edited before  5 s",
        ),
        (
            "job.waits",
            {**JOB, **TRUNCATED.log_context()},
            f"waits    a/ann.jpg: {TRUNCATED.message} {TRUNCATED.hint}",
        ),
        (
            "hold.began",
            {"scope": "account", **NO_MONEY.log_context()},
            f"held     everything: {NO_MONEY.message} {NO_MONEY.hint}",
        ),
        ("hold.lifted", {"scope": "watch:portraits"}, "goes on  portraits"),
        ("watch.online", {"watch": "portraits", "detect": "scan"}, "watching portraits by scans"),
        ("upload.done", JOB, None),
    ]
    assert [told(name, event) for name, event, _ in cases] == [line for *_, line in cases]


def test_steps_are_told_on_demand_and_trouble_always() -> None:
    """Whatever has no sentence of its own is told with its name and what it says."""
    step = told("upload.done", JOB | {"bytes": 7}, verbose=True)
    assert step == ".        upload.done a/ann.jpg bytes=7"
    trouble = told("disk.full", {"error": "no room"}, level="warning")
    assert trouble == "warning  disk.full error=no room"


def test_the_live_line_says_how_long_it_will_take() -> None:
    """The pace is that of the last minutes, and nothing is said before there is one."""
    pace = Pace()
    assert pace.per_minute(0.0, 100) == 0.0
    assert pace.per_minute(60.0, 110) == 10.0
    assert pace.per_minute(400.0, 110) == 0.0
    seen = Glance(
        under_way=25, waiting=2, done=110, failed=0, spent=Decimal("1.40"), currency="CNY"
    )
    assert words(seen, 10.0) == (
        "25 under way, 110 done, 2 waiting, 1.4 CNY today, 10 a minute, 2 min left"
    )
