"""Threads for blocking calls: in order, no more than so many, and nobody waits for hung ones."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from hotfolder.threads import DaemonThreads
from hotfolder.tree.threads import PatientThread, ShareThreads

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

LIMIT_S = 30.0
HANGS = """
import threading
from hotfolder.threads import DaemonThreads
began = threading.Event()
threads = DaemonThreads(1, "share")
threads.submit(lambda: (began.set(), threading.Event().wait()))
began.wait()
threads.shutdown(wait=False)
"""


def test_one_thread_makes_calls_in_order() -> None:
    """What is asked for first is done first, and each caller gets its own answer."""
    threads, done = DaemonThreads(1, "share"), list[int]()
    answers = [threads.submit(done.append, each) for each in range(50)]
    threads.submit(int, "7").result(LIMIT_S)
    assert done == list(range(50))
    assert {each.result(LIMIT_S) for each in answers} == {None}
    threads.shutdown()


def test_no_more_calls_at_once_than_threads() -> None:
    """Two threads make two calls at once; the third waits for one of them."""
    threads, gate = DaemonThreads(2, "share"), threading.Event()
    met = threading.Barrier(3)

    def hangs() -> None:
        met.wait(LIMIT_S)
        gate.wait(LIMIT_S)

    first, second = threads.submit(hangs), threads.submit(hangs)
    third = threads.submit(str)
    met.wait(LIMIT_S)
    assert not third.running()
    assert not third.done()
    gate.set()
    for each in (first, second, third):
        each.result(LIMIT_S)
    threads.shutdown()


def test_an_error_is_the_callers() -> None:
    """It reaches who asked, and the thread goes on."""
    threads = DaemonThreads(1, "share")
    failing = threads.submit(int, "seven")
    assert threads.submit(int, "7").result(LIMIT_S) == 7
    with pytest.raises(ValueError, match="seven"):
        failing.result(LIMIT_S)
    threads.shutdown()


def test_what_has_not_begun_at_the_end_is_cancelled_if_so_wished() -> None:
    """Else it is still done; nothing new is taken."""
    for cancels in (True, False):
        threads, gate = DaemonThreads(1, "share"), threading.Barrier(2)
        threads.submit(gate.wait, LIMIT_S)
        first = threads.submit(gate.wait, LIMIT_S)
        gate.wait(LIMIT_S)
        while not first.running():
            pass
        second = threads.submit(int, "7")
        threads.shutdown(wait=False, cancel_futures=cancels)
        gate.wait(LIMIT_S)
        first.result(LIMIT_S)
        assert second.cancelled() if cancels else second.result(LIMIT_S) == 7
        with pytest.raises(RuntimeError, match="share"):
            threads.submit(str)


def test_a_call_that_hangs_lets_the_program_end() -> None:
    """A share that never answers again keeps no process."""
    subprocess.run([sys.executable, "-c", HANGS], check=True, timeout=LIMIT_S)


async def by_an_intake(thread: DaemonThreads, call: Callable[[], object]) -> None:
    """Make a call as the intake does."""

    async def hangs() -> None:
        raise AssertionError

    await PatientThread("share", hangs, lambda _count, _name: thread).run(call)


async def by_a_step(thread: DaemonThreads, call: Callable[[], object]) -> None:
    """Make a call as a step does that looks again later."""
    await asyncio.wait({ShareThreads(lambda _count, _name: thread).begin("watch", call)})


@pytest.mark.parametrize("make", [by_an_intake, by_a_step])
async def test_a_call_that_fails_after_its_caller_left_is_quiet(
    make: Callable[[DaemonThreads, Callable[[], object]], Coroutine[None, None, None]],
) -> None:
    """A stop leaves calls behind; what becomes of them is nobody's, and no trouble in the log."""
    told: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    thread, began, gate = DaemonThreads(1, "share"), threading.Event(), threading.Event()

    def fails() -> None:
        began.set()
        assert gate.wait(LIMIT_S)
        raise OSError

    caller = asyncio.create_task(make(thread, fails))
    await asyncio.to_thread(began.wait, LIMIT_S)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    gate.set()
    await asyncio.wrap_future(thread.submit(str))  # the one thread has done the call by then
    thread.shutdown()
    del caller
    gc.collect()
    assert told == []
