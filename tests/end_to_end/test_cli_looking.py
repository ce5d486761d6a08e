"""`status`, `jobs` and `explain`: their JSON is promised, their names are never raw."""

from __future__ import annotations

import os
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from hotfolder.domain.states import State
from hotfolder.simulator import Fault
from tests.end_to_end.conftest import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.end_to_end.conftest import CommandLine
    from tests.studio import Studio

NUMBER = (int, float)
OR_NONE = type(None)
STATUS = {"watches": list, "jobs": dict, "holds": list, "charges": dict}
WATCH = {
    "name": str,
    "input": str,
    "online": bool,
    "detect": (str, OR_NONE),
    "reason": (str, OR_NONE),
    "counts": dict,
    "skipped": list,
}
COUNTS = ("under_way", "done", "waiting", "skipped", "failed")
HOLD = {"scope": str, "reason": str, "since": str, "count": int, "estimate": (*NUMBER, OR_NONE)}
CHARGES = {"today": NUMBER, "total": NUMBER, "currency": (str, OR_NONE)}
JOB = {
    "id": int,
    "watch": str,
    "source": str,
    "rule": str,
    "model": str,
    "state": str,
    "task_id": (str, OR_NONE),
    "task_page": (str, OR_NONE),
    "outputs": list,
    "charge": (*NUMBER, OR_NONE),
    "estimate": (*NUMBER, OR_NONE),
    "error": (dict, OR_NONE),
    "accepted_at": str,
    "ended_at": (str, OR_NONE),
}
ERROR = {"code": str, "message": str, "hint": str}
EXPLANATION = {"path": str, "verdict": str, "reason": str, "job": (dict, OR_NONE)}


def check_shape(value: Any, shape: dict[str, Any]) -> None:  # noqa: ANN401  (JSON)
    """Check that all promised keys are there with values of their types."""
    assert isinstance(value, dict)
    for key, kind in shape.items():
        assert key in value, f"{key} is not in {value}"
        assert isinstance(value[key], kind), f"{key} is {value[key]!r}"


def check_status(told: Any) -> None:  # noqa: ANN401  (JSON)
    """Check the promised shape of `status --json`."""
    check_shape(told, STATUS)
    assert set(told["jobs"]) == {state.value for state in State}
    assert all(type(count) is int for count in told["jobs"].values())
    check_shape(told["charges"], CHARGES)
    for watch in told["watches"]:
        check_shape(watch, WATCH)
        assert watch["counts"]["files"] == sum(watch["counts"][each] for each in COUNTS)
    for hold in told["holds"]:
        check_shape(hold, HOLD)
        assert datetime.fromisoformat(hold["since"]).tzinfo is not None


def check_job(told: Any) -> None:  # noqa: ANN401  (JSON)
    """Check the promised shape of a job."""
    check_shape(told, JOB)
    assert told["state"] in {state.value for state in State}
    assert datetime.fromisoformat(told["accepted_at"]).tzinfo is not None
    if told["ended_at"] is not None:
        assert datetime.fromisoformat(told["ended_at"]).tzinfo is not None
    if told["error"] is not None:
        check_shape(told["error"], ERROR)
    assert not any(os.path.isabs(output) for output in told["outputs"])  # noqa: PTH117  text


def test_the_json_shapes_before_anything_ran(hotfolder: CommandLine, studio: Studio) -> None:
    """Without a journal all three answer in their promised shape, and make no journal."""
    studio.drop("ann.jpg")
    told = hotfolder("status", "--json").json
    check_status(told)
    assert not any(told["jobs"].values())
    assert hotfolder("jobs", "--json").json == []
    told = hotfolder("explain", "in/ann.jpg", "--json").json
    check_shape(told, EXPLANATION)
    assert (told["verdict"], told["job"]) == ("unknown", None)
    assert "no hotfolder is running" in told["reason"]
    ended = hotfolder("retry", "--failed")
    assert ended.code == 2
    assert "nothing has run here" in ended.err
    assert re.search(r"studio +0 +0 +0 +0 +0 +0 *\n", hotfolder("status").out)
    assert not studio.state.exists()


def test_the_json_shapes_with_jobs_in_many_states(hotfolder: CommandLine, studio: Studio) -> None:
    """Done, failed, in doubt and waiting jobs keep the promised shape, daemon or not."""
    studio.fault(Fault(call="submit", kind="drop_after", contains="doubtful"))
    studio.fault(Fault(call="submit", kind="fail_task", code="1501", contains="forbidden"))
    for number, word in enumerate(("fine", "doubtful", "forbidden")):
        studio.drop(f"{word}.jpg", number=number)
        studio.drop(f"{word}.txt", f"something {word}")
    studio.drop("waits.jpg", number=9)
    studio.drop("waits.toml", "nonsense = [")
    studio.drop("unwanted.jpg", number=8)
    studio.drop("unwanted.toml", "skip = true")
    expected = {
        "fine.jpg": ("job", "done"),
        "doubtful.jpg": ("job", "in_doubt"),
        "forbidden.jpg": ("job", "failed"),
        "waits.jpg": ("waiting", "accepted"),
    }
    with hotfolder.daemon():
        states = {source: state for source, (_, state) in expected.items()}
        wait_for(
            lambda: {job["source"]: job["state"] for job in studio.jobs()} == states,
            studio.summary,
        )
        running = _check_all(hotfolder, studio, expected, explained=["waits.jpg"])
    _check_all(hotfolder, studio, expected, explained=["fine.jpg", "doubtful.jpg"])
    told = hotfolder("explain", studio.input / "unwanted.jpg", "--json").json
    assert (told["verdict"], told["job"]) == ("skipped", None)
    assert running["charges"] == {
        "today": 0.14,
        "total": 0.14,
        "at_risk": 0.14,
        "currency": "CNY",
        "unlimited": ["studio"],
    }
    assert running["callbacks"] == {"unheard_at": None}
    chosen = hotfolder("jobs", "--json", "--state", "failed", "--watch", "studio").json
    assert [job["source"] for job in chosen] == ["forbidden.jpg"]
    shown = hotfolder("explain", "in/doubtful.jpg").out
    assert re.search(r"submit unanswered +in doubt", shown)
    assert "resolve" in shown


def _check_all(
    hotfolder: CommandLine,
    studio: Studio,
    expected: dict[str, tuple[str, str]],
    *,
    explained: Iterable[str],
) -> Any:  # noqa: ANN401  (JSON)
    """Check all three commands and return what status told."""
    status = hotfolder("status", "--json").json
    check_status(status)
    jobs = hotfolder("jobs", "--json").json
    for job in jobs:
        check_job(job)
    assert {job["source"]: job["state"] for job in jobs} == {
        source: state for source, (_, state) in expected.items()
    }
    for source in explained:
        told = hotfolder("explain", studio.input / source, "--json").json
        check_shape(told, EXPLANATION)
        check_job(told["job"])
        assert (told["verdict"], told["job"]["state"]) == expected[source]
    return status


def test_explain_says_why_a_file_is_no_source(hotfolder: CommandLine, studio: Studio) -> None:
    """Temporary, hidden, sidecar, unmatched, link, folder, missing and foreign paths are told."""
    studio.configure(rules=['match = ["*.jpg"]\nprompt = "Make it gold"'])
    (studio.input / "link.jpg").symlink_to(studio.drop("notes.txt", "hello"))
    (studio.input / "loop").symlink_to("loop")
    for name in ("ann.jpg.part", ".ann.jpg", "ann.png", "@eaDir/ann.jpg"):
        studio.drop(name)
    cases = {
        "ann.jpg.part": ("ignored", "temporary name"),
        ".ann.jpg": ("ignored", "hidden"),
        "@eaDir/ann.jpg": ("ignored", "Synology"),
        "notes.txt": ("ignored", "sidecar"),
        "ann.png": ("ignored", "no rule"),
        "link.jpg": ("ignored", "a link"),
        "gone.jpg": ("unknown", "no such file"),
        "loop/ann.jpg": ("unknown", "no such file"),
        "../config.toml": ("unknown", "not inside any watched folder"),
    }
    assert hotfolder("once").code == 0
    for name, (verdict, reason) in cases.items():
        told = hotfolder("explain", f"{studio.input}/{name}", "--json").json
        assert told["verdict"] == verdict, told
        assert reason in told["reason"], told


def test_explain_says_what_a_file_is_waiting_for(hotfolder: CommandLine, studio: Studio) -> None:
    """A running daemon is asked: settling with the time left; a required sidecar; gone watch."""
    studio.configure(watch='settle = 30.0\nsidecar = "required"', watches=["other"])
    with hotfolder.daemon():
        studio.drop("ann.jpg")

        def verdict() -> Any:  # noqa: ANN401  (JSON)
            return hotfolder("explain", "in/ann.jpg", "--json").json

        wait_for(lambda: verdict()["verdict"] == "settling", studio.summary)
        assert re.search(r"\d s to go", verdict()["reason"])
    studio.configure(watch='sidecar = "required"')
    assert hotfolder("once").code == 1
    told = hotfolder("explain", "in/ann.jpg", "--json").json
    assert told["verdict"] == "waiting", told
    assert told["job"]["error"]["code"] == "sidecar_missing"


NASTY = (
    "red\x1b[31m\x07.jpg",
    "two\nlines\r.jpg",
    "\u202egpj.jpg",
    os.fsdecode(b"broken\xff\xfe.jpg"),
    "[bold]loud[/].jpg",
    "[/]closing.jpg",
    "[link=nowhere]x.jpg",
    "\x9b31mcsi.jpg",
)
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\udc80-\udcff]")


@pytest.mark.parametrize("terminal", [False, True])
def test_names_are_shown_escaped_and_are_valid_json(
    hotfolder: CommandLine, studio: Studio, *, terminal: bool
) -> None:
    """No control, bidi or broken character of a name reaches a person's screen, nor markup."""
    for number, name in enumerate(NASTY):
        studio.drop(name, number=number)
    studio.drop("failed\x1b[32m.jpg", "no picture")
    words = [["once", "--log-level", "debug"], ["status"], ["jobs"]]
    words += [["explain", f"{studio.input}/{name}"] for name in NASTY[::5]]
    said = ""
    for each in words:
        if terminal:
            _, written = hotfolder.on_terminal(*each, columns=200)
            said += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\r", "", written)
        else:
            ended = hotfolder(*each)
            said += ended.out + ended.err
        assert not RAW.search(said), RAW.findall(said)
    for shown in ("red\\x1b[31m\\x07.jpg", "two\\nlines\\r.jpg", "\\u202egpj.jpg", "broken\\xff"):
        assert shown in said
    for markup in ("[bold]loud[/].jpg", "[/]closing.jpg", "[link=nowhere]x.jpg"):
        assert markup in said
    jobs = hotfolder("jobs", "--json").json
    assert {job["source"] for job in jobs} == {*NASTY, "failed\x1b[32m.jpg"}


def test_output_that_the_encoding_cannot_take_is_escaped(
    hotfolder: CommandLine, studio: Studio
) -> None:
    """Under an ASCII-only standard output, names with accents are escaped instead of a crash."""
    studio.drop("é…日本.jpg")
    ascii_only = {**hotfolder.environment, "PYTHONIOENCODING": "ascii"}
    ended = hotfolder("once", environment=ascii_only)
    assert ended.code == 0, ended.said
    assert "\\xe9\\u2026\\u65e5\\u672c.jpg" in hotfolder("jobs", environment=ascii_only).out
    assert hotfolder("jobs").out.count("é…日本.jpg") == 2


def test_charges_as_table_json_and_csv(hotfolder: CommandLine, studio: Studio) -> None:
    """The same numbers for people, scripts and spreadsheets; an unwritable file is said."""
    assert "Nothing has been charged" in hotfolder("charges").out
    studio.drop_many(2)
    assert hotfolder("once").code == 0
    (line,) = hotfolder("charges", "--by", "watch", "--json").json
    expected = {"watch": "studio", "paid": 2, "free": 0, "charge": 0.28, "currency": "CNY"}
    assert line == expected
    assert "0.28 CNY" in hotfolder("charges").out
    hotfolder("charges", "--by", "model", "--csv", "out.csv")
    table = (studio.folder / "out.csv").read_text().splitlines()
    assert table[0] == "model,paid,free,charge,currency"
    assert table[1].endswith(",2,0,0.28,CNY")
    ended = hotfolder("charges", "--csv", "/nowhere/x.csv")
    assert ended.code == 2
    assert "cannot be written" in ended.err


def test_charges_that_cannot_be_read_are_named(hotfolder: CommandLine, studio: Studio) -> None:
    """They are in no sum, so the jobs are told, also beside what goes to a script."""
    studio.simulator.update_settings(coins=-12)
    studio.drop_many(2)
    assert hotfolder("once").code == 0
    said = "2 charges could not be read: job 1 (-12), job 2 (-12)."
    assert said in hotfolder("charges").err
    ended = hotfolder("charges", "--json")
    assert ended.json
    assert said in ended.err
