"""The log for people: what is told of an event, and what is left to machines."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from hotfolder.cli.live import Fitted, Pace, words
from hotfolder.cli.telling import Event, Telling
from hotfolder.domain.commands import Commands
from hotfolder.domain.failures import IN_DOUBT, NO_MONEY, TASK_FAILED
from hotfolder.domain.file_failures import TRUNCATED
from hotfolder.views.glance import Glance
from tests.builders import NOON

ONE = {"portraits": "out"}
COMMANDS = Commands("/opt/hf/bin/hotfolder", "/etc/hf.toml")
JOB: dict[str, Any] = {"job": 1, "watch": "portraits", "source": "a/ann.jpg"}


def told(name: str, more: Event, *, verbose: bool = False, level: str = "info") -> str | None:
    """Return the line of an event, without its time."""
    telling = Telling(ONE, commands=COMMANDS, verbose=verbose, colour=False)
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
            {**done, "seconds": 7709},
            "done     a/ann.jpg -> out/a/ann.jpg  0.14 CNY  2 h 8 min",
        ),
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
        (
            "config.refused",
            {"error": "a.toml: line 20: no model"},
            "refused  the config stays as it was. a.toml: line 20: no model",
        ),
        ("config.reloaded", {"needs_restart": ()}, "reloaded the config"),
        (
            "journal.awaited",
            {"error": "its server is away"},
            "waits    its server is away. Hotfolder begins by itself as soon as that is over",
        ),
        (
            "config.reloaded",
            {"needs_restart": ("state_dir",)},
            "reloaded the config; a restart is needed for state_dir",
        ),
        ("upload.done", JOB, None),
    ]
    assert [told(name, event) for name, event, _ in cases] == [line for *_, line in cases]


def test_what_to_do_about_a_doubt_is_told_once() -> None:
    """Of the next ones it is told only that they are in doubt; `status` has the rest."""
    telling = Telling(ONE, commands=COMMANDS, verbose=False, colour=False)
    event = {"event": "submit.unanswered", "level": "warning", "timestamp": NOON.isoformat()}
    doubt = {**event, **JOB, **IN_DOUBT.log_context()}
    first, then = (telling.line(doubt) or "" for _ in range(2))
    assert "resolve 1 --resend" in first
    assert then.endswith(f"in doubt a/ann.jpg: {IN_DOUBT.message}")


def test_a_hold_is_told_once_until_it_is_lifted() -> None:
    """However often its reason is found anew, in whatever words of the service."""
    telling = Telling(ONE, commands=COMMANDS, verbose=False, colour=False)
    event = {"scope": "account", "level": "warning", "timestamp": NOON.isoformat()}
    began = {**event, "event": "hold.began", **NO_MONEY.log_context()}
    lifted = {**event, "event": "hold.lifted"}
    told = [telling.line(each) for each in (began, {**began, "reason": "No."}, lifted, began)]
    assert [line is not None for line in told] == [True, False, True, True]


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


def test_the_live_line_leaves_out_what_does_not_fit() -> None:
    """What matters least goes first, and nothing is cut off in its middle."""
    seen = Glance(
        under_way=1204, waiting=61, done=3035, failed=11, spent=Decimal("616.86"), currency="CNY"
    )
    whole = words(seen, 69.0)
    for columns in range(len(whole), 50, -1):
        line = words(seen, 69.0, columns)
        assert len(line) <= columns
        assert set(line.split(", ")) <= set(whole.split(", "))
        assert {"1204 under way", "11 failed"} <= set(line.split(", "))


@pytest.mark.parametrize("columns", [80, 120])
def test_lines_fit_the_terminal(columns: int) -> None:
    """What came out is one line, however long its name; a reason goes on below its beginning."""
    telling = Telling(ONE, commands=COMMANDS, verbose=False, colour=False, width=lambda: columns)
    name = f"{'wedding-of-anna-and-bert-' * 4}007.jpg"
    job = {**JOB, "source": name, "level": "info", "timestamp": NOON.isoformat()}
    done = {"outputs": [name], "charge": "0.14", "currency": "CNY", "seconds": 5}
    (line,) = (telling.line({**job, **done, "event": "job.done"}) or "").splitlines()
    assert len(line) <= columns
    assert line.count("7.jpg") == 2
    assert line.endswith("  0.14 CNY  5 s")
    waits = {**job, "event": "job.waits", "source": "安.jpg", **TRUNCATED.log_context()}
    waits["reason"] = f"{TRUNCATED.message} ({'钱包余额不足' * 15})"
    first, *others = (telling.line(waits) or "").splitlines()
    assert others
    assert all(cell_len(each) <= columns for each in (first, *others))
    assert all(each.startswith(" " * 18) and each[18] != " " for each in others)


def test_a_page_is_cut_at_the_foot_of_the_terminal_and_says_so() -> None:
    """The last line tells how many lines there are besides."""
    page = Text("\n".join(f"line {number}" for number in range(30)))
    shown = StringIO()
    Console(file=shown, width=80, height=10).print(Fitted(page))
    lines = shown.getvalue().splitlines()
    assert lines[:9] == [f"line {number}" for number in range(9)]
    assert lines[9:] == ["… and 21 more lines: `hotfolder status` shows all"]


def test_commands_in_a_reason_can_be_typed() -> None:
    """They name this installation, its config, and the job or watch that the line is about."""
    said = told("job.failed", {**JOB, "job": 7, **TASK_FAILED.log_context()}) or ""
    assert "`/opt/hf/bin/hotfolder retry 7 -c /etc/hf.toml` submits it again." in said
