"""What a reading with fresh eyes found: how paid work and pictures could have been lost."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from hotfolder.account.pace import Pace
from hotfolder.domain.errors import JournalUnavailable
from hotfolder.journal.journal import Journal
from hotfolder.simulator import Fault
from tests.studio import RULE, picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.studio import Studio

FAR_FUTURE_S = 10_000_000_000


async def test_a_renamed_rule_pays_for_nothing_again(studio: Studio) -> None:
    """With rules = "first" a finished picture stays finished, whatever its rule is called."""
    path = studio.drop("ann.jpg")
    await studio.once()
    studio.configure(rules=['name = "autumn"\nprompt = "Make it an autumn day"'])
    os.utime(path, (1, 1))
    await studio.once()
    assert (len(studio.ledger().tasks), studio.outputs()) == (1, ["ann.jpg"])


async def test_the_death_of_a_part_keeps_the_answer_to_a_paid_call(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a part of the service dies, an answer that is still awaited reaches the journal."""
    studio.fault(Fault(call="submit", kind="slow", seconds=1.0))
    studio.drop("ann.jpg")
    stop = asyncio.Event()
    service = studio.service()
    daemon = asyncio.create_task(service.run(stop))
    await studio.until(lambda: studio.states() == {"submitting": 1}, "the paid call")

    async def die(*_: object) -> None:
        raise RuntimeError("this part is dead")

    monkeypatch.setattr("hotfolder.watching.watcher.Watcher._follow", die)
    studio.drop("bob.jpg", number=2)  # wakes the part that dies
    with pytest.raises(RuntimeError, match="dead"):
        await daemon
    assert studio.job("ann.jpg")["task_id"] == studio.ledger().tasks[0].task_id


@pytest.mark.parametrize("sidecar", [b"prompt", b"prompt = " + b"9" * 5000, b"\xff\xfe\x00"])
async def test_an_odd_name_or_sidecar_ends_no_daemon(studio: Studio, sidecar: bytes) -> None:
    """A picture with broken bytes in its name and a broken sidecar waits; the others go on."""
    name = os.fsdecode(b"m\xfcnchen.jpg")
    studio.drop(name, number=2)
    studio.drop(name + ".toml").write_bytes(sidecar)
    studio.drop("ok.jpg")
    await studio.once()
    assert studio.job("ok.jpg")["state"] == "done"
    assert studio.job(name)["error"]["code"] == "sidecar_broken"


async def test_a_time_beyond_all_measure_ends_no_daemon(studio: Studio) -> None:
    """A file of the far future is a picture like any other, and is paid once."""
    path = studio.drop("ann.jpg")
    os.utime(path, (FAR_FUTURE_S, FAR_FUTURE_S))
    await studio.once()
    await studio.once()
    assert (studio.states(), len(studio.ledger().tasks)) == ({"done": 1}, 1)


async def test_a_disk_that_refuses_for_a_while_loses_no_task(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the journal's disk refuses, answers are kept and committed when it takes them."""
    refusals = [1, 2, 3]
    commit = Journal._transact  # noqa: SLF001  the disk is this deep

    def refuse(self: Journal, *turn: Any) -> object:  # noqa: ANN401  passed on
        if studio.ledger().tasks and refusals:
            refusals.pop()
            raise JournalUnavailable("no space left")
        return commit(self, *turn)

    monkeypatch.setattr(Journal, "_transact", refuse)
    studio.drop("ann.jpg")
    await studio.once()
    assert not refusals
    assert (studio.states(), len(studio.ledger().tasks)) == ({"done": 1}, 1)


async def test_a_hanging_output_stops_nobody_else(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one watch's output hangs, the other's pictures are edited."""
    from hotfolder.outputs import target  # noqa: PLC0415  patched here only

    check, release = target.check_root, asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang(root: object) -> int:
        if root == studio.output:
            asyncio.run_coroutine_threadsafe(release.wait(), loop).result()
        return check(root)  # type: ignore[arg-type]

    monkeypatch.setattr("hotfolder.pipeline.steps.intending.target.check_root", hang)
    monkeypatch.setattr("hotfolder.pipeline.steps.intending.CHECK_TIMEOUT_S", 0.3)
    studio.configure(watches=["b"])
    studio.drop_many(8)
    (studio.folder / "b-in" / "bob.jpg").write_bytes(picture(99))
    async with studio.running():
        await studio.until(lambda: studio.states().get("done") == 1, "the other watch's edit")
        await studio.until(lambda: studio.holds() == ["watch:studio"], "the hold")
        release.set()
    assert len(studio.ledger().tasks) == 1


async def test_jobs_of_a_removed_watch_wait(studio: Studio) -> None:
    """What the config no longer has is neither paid nor failed, and goes on when it is back."""
    studio.configure(watches=["b"])
    (studio.folder / "b-in" / "bob.jpg").write_bytes(picture(2))
    studio.fault(Fault(call="submit", kind="drop_before"))
    await studio.once()
    job = studio.job("bob.jpg")["id"]
    studio.configure()
    await studio.act("resolve", job=job, resend=True)
    studio.simulator.clear_faults()
    await studio.once()
    assert studio.job("bob.jpg")["state"] == "uploaded"
    assert studio.holds() == ["watch:b"]
    studio.configure(watches=["b"])
    await studio.once()
    assert (studio.states(), len(studio.ledger().tasks)) == ({"done": 1}, 1)


async def test_a_skipped_picture_can_be_wanted_again(studio: Studio) -> None:
    """A sidecar's skip withdraws a waiting job; without the sidecar the picture is edited."""
    studio.configure(rules=[""])
    studio.drop("ann.jpg")
    await studio.once()
    sidecar = studio.drop("ann.toml", "skip = true")
    await studio.once()
    assert studio.job("ann.jpg")["error"]["code"] == "skipped"
    sidecar.unlink()
    studio.configure(rules=[RULE])
    await studio.once()
    assert (studio.job("ann.jpg")["state"], len(studio.ledger().tasks)) == ("done", 1)


async def test_a_refused_wish_does_nothing(studio: Studio) -> None:
    """Several jobs are retried or none: a wish that is refused has paid for nothing."""
    studio.drop_many(2)
    await studio.once()
    with pytest.raises(Exception, match="no job 99"):
        await studio.act("retry", jobs=[1, 99], pay_again=True)
    assert studio.states() == {"done": 2}
    assert len(await studio.act("retry", jobs=[1, 1], pay_again=True)) == 1
    await studio.once()
    assert len(studio.ledger().tasks) == 3


async def test_a_result_that_cannot_be_opened_is_not_called_lost(studio: Studio) -> None:
    """A result of another kind keeps its task and is fetched again for nothing."""
    studio.drop("ann.jpg")
    studio.fault(Fault(call="download", kind="wrong_type"))
    async with studio.running():
        await _patiently(studio, lambda: studio.states() == {"failed": 1})
    assert studio.job("ann.jpg")["error"]["code"] == "result_unusable"
    studio.simulator.clear_faults()
    await studio.act("retry", jobs=[1])
    await studio.once()
    assert (studio.states(), len(studio.ledger().tasks)) == ({"done": 1}, 1)


async def test_a_job_that_is_tried_for_long_says_so(studio: Studio) -> None:
    """Nobody waits in silence: after some failed attempts a job tells why it is late."""
    studio.drop("ann.jpg")
    studio.fault(Fault(call="upload", kind="error_before", status=500))
    async with studio.running():
        await studio.until(studio.jobs, "the job")
        await _patiently(studio, lambda: studio.job("ann.jpg")["error"])
        assert "was tried" in studio.explain("ann.jpg")["reason"]
        studio.simulator.clear_faults()
        await _patiently(studio, lambda: studio.states() == {"done": 1})
    assert studio.job("ann.jpg")["error"] is None


async def test_a_hold_outlives_no_clock_that_jumps_back(studio: Studio) -> None:
    """A trial dated far in the future comes from before a jump, and is due now."""
    studio.wait(timedelta(days=1500).total_seconds())
    studio.simulator.update_settings(key_kind="consumer")
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.holds() == ["account"]
    studio.simulator.update_settings(key_kind="enterprise")
    studio.clock.set_by(-timedelta(days=1500).total_seconds())
    async with studio.running():
        await studio.until_states(done=1)


def test_another_limit_is_taken_in_while_running() -> None:
    """A reload widens or narrows the window; the same limit again forgets nothing learned."""
    pace = Pace(limit=50)
    pace.started(1)
    pace.started(2)
    pace.full(2, 0.0, 5.0)
    assert pace.window == 1
    pace.limit_to(50)
    assert pace.window == 1
    pace.limit_to(3)
    assert pace.room(0.0) == 2
    pace.limit_to(0)
    pace.started(3)
    pace.accepted(3)
    assert pace.window == 4


async def _patiently(studio: Studio, condition: Callable[[], object]) -> None:
    """Wait for a condition while the clock runs ahead, so that backoffs pass."""
    for _ in range(60):
        if condition():
            return
        studio.wait(400)
        await studio.send("settling", watch="studio", path="any")  # wakes the runner
        await asyncio.sleep(0.1)
    raise AssertionError(f"in vain: {studio.summary()}")


def workers() -> list[int]:
    """Return the processes in which this one opens pictures."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (process / "cmdline").read_bytes()
            parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
            if b"hotfolder.kinds.workshop.worker" in command and parent == str(os.getpid()):
                found.append(int(process.name))
    return found


async def no_worker_lives() -> None:
    """Crash whatever opens pictures, without end."""
    while True:
        for each in workers():
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGSEGV)
        await asyncio.sleep(0.005)


async def test_a_paid_result_that_cannot_be_proved_is_delivered(studio: Studio) -> None:
    """Where every worker dies of it, its first bytes decide in the end."""
    studio.simulator.update_settings(task_s=2.0)
    async with studio.running():
        studio.drop("ann.jpg")
        await studio.until_states(running=1)
        killing = asyncio.create_task(no_worker_lives())
        try:
            await studio.until_states(done=1)
        finally:
            killing.cancel()
    assert studio.states() == {"done": 1}
    assert opened_size(studio.output / "ann.jpg") > (0, 0)
    assert len(studio.ledger().tasks) == 1


def opened_size(path: Path) -> tuple[int, int]:
    """Return the size of a picture that is whole."""
    with Image.open(path) as picture:
        picture.load()
        return picture.size
