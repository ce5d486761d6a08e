"""`retry`, `resolve`, `cancel`, `pause`, `resume`, through the socket and without a daemon."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hotfolder.simulator import Fault, Settings, in_thread
from tests.end_to_end.conftest import CommandLine, wait_for
from tests.end_to_end.machine import REPOSITORY, SYSTEM_PYTHON, system_python_fits
from tests.mounting import open_to_all
from tests.studio import RULE, Studio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.end_to_end.nursery import Nursery

NOBODY = 65534


def doubtful_and_failed(studio: Studio) -> None:
    """Drop two pictures whose answers get lost, and one that the service refuses."""
    studio.fault(Fault(call="submit", kind="drop_after", contains="doubtful", times=2))
    studio.fault(Fault(call="submit", kind="code", code="1501", contains="forbidden", times=1))
    for number, (name, prompt) in enumerate(
        {"a": "doubtful one", "b": "doubtful two", "c": "forbidden thing"}.items()
    ):
        studio.drop(f"{name}.jpg", number=number)
        studio.drop(f"{name}.txt", prompt)


def ids(studio: Studio) -> list[str]:
    """Return the numbers of the three jobs as one types them."""
    return [str(studio.job(f"{name}.jpg")["id"]) for name in "abc"]


def lost_task(studio: Studio, prompt: str) -> str:
    """Return what a person reads in the service's account pages."""
    return next(task.task_id for task in studio.ledger().tasks if task.prompt == prompt)


def test_what_went_wrong_is_settled_without_a_daemon(
    hotfolder: CommandLine, studio: Studio
) -> None:
    """Task id, abandon and retry are granted under the lock; the next run does the work."""
    doubtful_and_failed(studio)
    assert hotfolder("once").code == 1
    a, b, c = ids(studio)
    task = lost_task(studio, "doubtful one")
    said = [
        hotfolder("resolve", a, "--task-id", task),
        hotfolder("resolve", b, "--abandon"),
        hotfolder("retry", c),
    ]
    assert [ended.code for ended in said] == [0, 0, 0]
    assert [ended.out for ended in said] == [
        f"job {a}: is task {task}; it is followed from here\n",
        f"job {b}: given up; if it was charged, that is not known here\n",
        f"job {c}: is submitted again\n",
    ]
    assert studio.states() == {"running": 1, "cancelled": 1, "accepted": 1}
    assert hotfolder("once").code == 0
    assert studio.outputs() == ["a.jpg", "c.jpg"]
    assert len(studio.ledger().tasks) == 3
    assert "nothing to do" in hotfolder("retry", "--failed").out


def test_what_went_wrong_is_settled_while_the_daemon_runs(
    hotfolder: CommandLine, studio: Studio
) -> None:
    """The same wishes go through the socket, and the daemon acts on them at once."""
    doubtful_and_failed(studio)
    with hotfolder.daemon():
        wait_for(lambda: studio.states() == {"in_doubt": 2, "failed": 1}, studio.summary)
        a, b, _ = ids(studio)
        task = lost_task(studio, "doubtful one")
        assert hotfolder("resolve", a, "--task-id", task).code == 0
        assert hotfolder("resolve", b, "--resend").code == 0
        assert hotfolder("retry", "--failed").code == 0
        wait_for(lambda: studio.states() == {"done": 3}, studio.summary)
        ended = hotfolder("retry", a, "--pay-again")
        assert ended.code == 0, ended.said
        assert "paid anew as job" in ended.out
        wait_for(lambda: studio.states() == {"done": 4}, studio.summary)
    assert studio.outputs() == ["a (2).jpg", "a.jpg", "b.jpg", "c.jpg"]


@pytest.mark.parametrize("daemon", [False, True])
def test_stale_edits_are_made_anew_on_demand_only(
    hotfolder: CommandLine, studio: Studio, *, daemon: bool
) -> None:
    """`jobs` and `explain` show what changed; `retry --changed` makes it by today's prompt."""
    studio.drop("ann.jpg")
    assert hotfolder("once").code == 0
    studio.drop("ann.txt", "Make it gold")
    assert hotfolder("once").code == 0
    assert "done, stale" in hotfolder("jobs").out
    assert "--changed" in hotfolder("explain", "in/ann.jpg").out
    with hotfolder.daemon() if daemon else contextlib.nullcontext():
        ended = hotfolder("retry", "--changed")
        assert "is made anew by today's prompt as job 2" in ended.out, ended.said
        if not daemon:
            assert hotfolder("once").code == 0
        wait_for(lambda: studio.states() == {"done": 2}, studio.summary)
    assert [task.prompt for task in studio.ledger().tasks][1:] == ["Make it gold"]
    assert "nothing to do" in hotfolder("retry", "--changed").out


THEN = """[[watch.rule.then]]
model = "hypir-balance"
[[watch.rule.then]]
model = "hailuo-2.3/i2v-pro"
prompt = "she turns"
"""


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("1", "makes and pays 3 edits anew: about 3.77 CNY."),
        ("3", "makes and pays 1 edit anew: about 2.63 CNY."),
    ],
)
def test_paying_a_chain_again_says_the_sum_first(
    hotfolder: CommandLine, studio: Studio, step: str, said: str
) -> None:
    """Of the step that is named and all after it; each is told with its place."""
    studio.configure(rules=[f"{RULE}\n{THEN}"])
    studio.drop("ann.jpg")
    assert "step 2 of 3" in hotfolder("plan").out
    assert hotfolder("once").code == 0
    assert f"ann.jpg, step {step} of 3" in hotfolder("jobs").out
    ended = hotfolder("retry", step, "--pay-again")
    assert ended.code == 0, ended.said
    assert said in ended.out
    assert f"job {step} is done; it is made and paid anew as job 4" in ended.out


WRONG = [
    (["resolve", "A", "--resend", "--abandon"], "exactly one of"),
    (["resolve", "A", "--task-id", "123456"], "does not know a task"),
    (["resolve", "C", "--resend"], "is not in doubt, it has failed: retry"),
    (["retry", "A"], "is in doubt: look for it in the service's account pages, then use resolve"),
    (["retry", "9" * 30], "than or equal to"),
    (["retry", "--failed", "--pay-again"], "by number"),
    (["retry", "--failed", "--changed"], "either --failed or --changed"),
    (["retry", "C", "--changed"], "is failed, not done and stale"),
    (["cancel", "A"], "use resolve"),
    (["cancel", "ann"], "valid int"),
    (["cancel"], "--watch or --state"),
    (["cancel", "A", "--watch", "studio"], "--watch or --state"),
    (["cancel", "--state", "done"], "no such job"),
    (["resolve", "--watch", "studio", "--task-id", "1"], "name one job"),
]


@pytest.mark.parametrize("daemon", [False, True])
def test_wishes_that_cannot_be_granted_are_2_and_change_nothing(
    hotfolder: CommandLine, studio: Studio, *, daemon: bool
) -> None:
    """Wrong numbers, states and combinations: exit code 2 with a sentence, no job moved."""
    doubtful_and_failed(studio)
    assert hotfolder("once").code == 1
    a, _, c = ids(studio)
    before = studio.jobs()

    def check() -> None:
        for words, said in WRONG[1:6:3] if daemon else WRONG:
            named = [{"A": a, "C": c}.get(word, word) for word in words]
            ended = hotfolder(*named)
            assert ended.code == 2, (words, ended.said)
            unwrapped = " ".join(ended.err.replace("│", " ").split())
            assert said in unwrapped, (words, unwrapped)

    if daemon:
        with hotfolder.daemon():
            check()
    else:
        check()
    assert studio.jobs() == before
    assert len(studio.ledger().tasks) == 2


def test_many_jobs_are_settled_at_once(hotfolder: CommandLine, studio: Studio) -> None:
    """By watch or state; what would only fail again is left alone, and says what would help."""
    doubtful_and_failed(studio)
    studio.drop("text.jpg", "no picture")
    assert hotfolder("once").code == 1
    a, b, c = ids(studio)
    status = hotfolder("status").out
    assert status.count("it may have been accepted and charged") == 1
    assert f"{a}, {b} " in status
    said = hotfolder("retry", "--watch", "studio").out
    assert f"job {c}: is submitted again" in said
    assert "was left alone: text.jpg would only fail again. The file is not a picture" in said
    refused = hotfolder("retry", str(studio.job("text.jpg")["id"]))
    assert refused.code == 2
    assert "drop it again. That is noticed by itself." in " ".join(refused.err.split())
    assert "there is no watch other" in hotfolder("retry", "--watch", "other").err
    assert "resolve --state in_doubt" in hotfolder("retry", "--state", "in_doubt").err
    assert "is submitted again" not in hotfolder("retry", "--state", "failed").out
    assert hotfolder("cancel", "--watch", "studio").out.count("cancelled") == 1
    given_up = hotfolder("resolve", "--state", "in_doubt", "--abandon").out
    assert given_up.count("given up") == 2
    assert studio.states() == {"cancelled": 3, "failed": 1}


def test_a_job_is_cancelled_before_it_is_paid(hotfolder: CommandLine, studio: Studio) -> None:
    """What waits is cancelled for nothing, daemon or not, and is not edited afterwards."""
    studio.configure(rules=['name = "bare"'])
    studio.drop("a.jpg", number=1)
    studio.drop("b.jpg", number=2)
    assert hotfolder("once").code == 1
    ended = hotfolder("cancel", "1")
    assert ended.out == "job 1: cancelled; nothing was paid\n"
    with hotfolder.daemon():
        assert hotfolder("cancel", "2").code == 0
        studio.drop("_prompt.txt", "Make it gold")
        studio.drop("c.jpg", number=3)
        wait_for(lambda: studio.states() == {"cancelled": 2, "done": 1}, studio.summary)
    assert studio.outputs() == ["c.jpg"]


def test_without_a_key_only_what_asks_the_service_is_refused(
    hotfolder: CommandLine, studio: Studio
) -> None:
    """Looking and giving up need no key; following a task does, and says so."""
    doubtful_and_failed(studio)
    assert hotfolder("once").code == 1
    a, _, _ = ids(studio)
    keyless = {name: each for name, each in hotfolder.environment.items() if name != "RH_API_KEY"}
    assert hotfolder("status", environment=keyless).code == 0
    ended = hotfolder("resolve", a, "--task-id", "1", environment=keyless)
    assert ended.code == 2
    assert "there is no API key" in ended.err
    assert hotfolder("resolve", a, "--abandon", environment=keyless).code == 0


@pytest.fixture
def open_line(nursery: Nursery) -> Iterator[CommandLine]:
    """Give the command line in a studio that other users can reach, and who may start it, too."""
    if os.geteuid() != 0:
        pytest.skip("acting as another user needs root")
    folder = Path(tempfile.mkdtemp(prefix="hotfolder-test-"))
    folder.chmod(0o755)
    with contextlib.ExitStack() as stack, in_thread(Settings(task_s=0.0)) as server:
        stack.callback(shutil.rmtree, folder)
        line = CommandLine(Studio(folder, server), nursery)
        if not _may_be_started(line):
            _start_by_system(line, stack)
            assert _may_be_started(line)
        yield line


def _may_be_started(line: CommandLine) -> bool:
    command = [line.python, "-c", "import hotfolder.cli.app"]
    try:
        done = subprocess.run(command, user=NOBODY, env=line.environment, check=False)
    except PermissionError:
        return False
    return done.returncode == 0


def _start_by_system(line: CommandLine, stack: contextlib.ExitStack) -> None:
    """Let the system's Python run the same code, from where everybody may read it."""
    if not system_python_fits():
        pytest.skip("another user may not start this Python, and the system's is another one")
    code = (REPOSITORY, Path(sysconfig.get_path("purelib")))
    places = [stack.enter_context(open_to_all(each)) for each in code]
    line.python = str(SYSTEM_PYTHON)
    line.environment["PYTHONPATH"] = ":".join(map(str, places))


def test_another_user_is_refused(open_line: CommandLine) -> None:
    """Who does not own the state directory may neither read nor write it, and is told why."""
    hotfolder, studio = open_line, open_line.studio
    doubtful_and_failed(studio)
    assert hotfolder("once").code == 1
    a, _, _ = ids(studio)
    before = studio.jobs()

    def refused() -> None:
        for words in (["resolve", a, "--abandon"], ["status"], ["explain", "in/a.jpg"]):
            ended = hotfolder(*words, user=NOBODY)
            assert ended.code == 2, (words, ended.said)
            assert "belongs to another user" in ended.err

    refused()
    ended = hotfolder("run", user=NOBODY)
    assert ended.code == 2
    assert "this user may not write" in ended.err
    studio.state.chmod(0o755)
    assert "another user" in hotfolder("resolve", a, "--abandon", user=NOBODY).err
    with hotfolder.daemon():  # which closes to others what was open to them
        refused()
    assert studio.jobs() == before


def test_check_tells_which_folders_this_user_cannot_use(open_line: CommandLine) -> None:
    """An output that may not be written is found by check before any picture is paid: 2."""
    hotfolder, studio = open_line, open_line.studio
    studio.state.mkdir()
    os.chown(studio.state, NOBODY, NOBODY)
    ended = hotfolder("check", user=NOBODY)
    assert ended.code == 2, ended.said
    assert f"the output of watch studio cannot be written: {studio.output}" in ended.out
    studio.output.chmod(0o777)
    assert hotfolder("check", user=NOBODY).code == 0


def test_edits_are_listed_and_decided_by_number(hotfolder: CommandLine, studio: Studio) -> None:
    """`review` says what waits and what was decided; all that is named is decided, or nothing."""
    studio.configure(watch="review = true")
    studio.drop_many(2)
    assert hotfolder("once").code == 1  # they wait for a person
    first, second = (str(job["id"]) for job in studio.jobs())
    waiting = json.loads(hotfolder("review", "--json").out)
    assert [(each["source"], each["redo_price"], each["decision"]) for each in waiting] == [
        ("p000.jpg", 0.14, None),
        ("p001.jpg", 0.14, None),
    ]
    assert all(Path(file).exists() for each in waiting for file in each["files"])
    for wrong in (
        ["--approve"],
        [first, "--approve", "--reject"],
        ["--all", "--redo"],
        [first, "99", "--approve"],
        [first, "--undo"],
    ):
        assert hotfolder("review", *wrong).code == 2, wrong
    assert studio.status()["review"]["waiting"] == 2
    assert "approved, and published in 10 seconds" in hotfolder("review", first, "--approve").out
    assert "made and paid anew for about 0.14 CNY" in hotfolder("review", second, "--redo").out
    assert studio.status()["review"]["waiting"] == 0
    decided = json.loads(hotfolder("review", "--json").out)
    assert [each["decision"] for each in decided] == ["approved", "redo"]
    assert all(each["by"] and each["takes_effect_at"] for each in decided)
    assert hotfolder("review", "--all", "--undo").code == 0
    assert studio.status()["review"]["waiting"] == 2
    assert len(studio.ledger().tasks) == 2


def test_pausing_holds_a_watch_until_resume(hotfolder: CommandLine, studio: Studio) -> None:
    """Without a daemon, too: a paused picture waits with exit code 1, and says what to do."""
    studio.drop("ann.jpg")
    assert hotfolder("once").code == 0
    assert hotfolder("pause", "studio").out == "watch studio is paused\n"
    assert hotfolder("pause", "studio").out == "watch studio is paused already\n"
    studio.drop("bob.jpg", number=2)
    ended = hotfolder("once")
    assert ended.code == 1
    assert " resume studio" in " ".join(ended.out.split())
    studio.configure(watches=["attic"])
    assert hotfolder("check").code == 0
    hotfolder("once")
    assert hotfolder("pause", "attic").code == 0
    told = " ".join(hotfolder("status").out.split())
    assert "watch:studio, watch:attic" in told
    assert told.count("Submitting was stopped by hand.") == 1
    assert " resume WATCH" in told
    studio.configure()
    assert hotfolder("pause", "nowhere").code == 2
    assert hotfolder("resume", "studio").out == "watch studio goes on\n"
    assert hotfolder("once").code == 0
    assert studio.states() == {"done": 2}


def test_a_full_folder_is_held_until_released(hotfolder: CommandLine, studio: Studio) -> None:
    """`once` ends at once and says so, `release` lets go, `once --release` holds nothing."""
    studio.configure(limits="backlog = 3")
    studio.drop_many(5)
    ended = hotfolder("once")
    assert ended.code == 1
    assert "backlog:studio" in ended.out
    assert hotfolder("release", "nobody").code == 2
    released = hotfolder("release", "studio")
    assert (released.code, released.out) == (0, "watch studio: 5 files are let go\n")
    assert hotfolder("once").code == 0
    assert studio.states() == {"done": 5}


def test_once_takes_a_full_folder_when_told_to(hotfolder: CommandLine, studio: Studio) -> None:
    """`once --release` is for a script that knows what it does."""
    studio.configure(limits="backlog = 3")
    studio.drop_many(5)
    assert hotfolder("once", "--release").code == 0
    assert studio.states() == {"done": 5}
    assert hotfolder("release", "studio", "--skip").out == (
        "watch studio: no files are left out: none is held\n"
    )
