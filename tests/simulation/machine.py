"""The machine that the simulated daemon runs on: its clock, its folders' events, its workers."""

from __future__ import annotations

import json
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from hotfolder.kinds.formats import PictureError
from hotfolder.kinds.kind import NotProven
from hotfolder.kinds.workshop import tasks
from hotfolder.watching.listening import PROBE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hotfolder.simulator.tasks import Task
    from hotfolder.watching.inotify import Told
    from tests.simulation.loop import VirtualLoop

EPOCH: Final = datetime(2026, 5, 4, 9, tzinfo=UTC)
_MARK: Final = b"SIMULATED "


class VirtualClock:
    """The loop's time, and a wall clock that may be set."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.is_set = False
        self._loop = loop
        self._set_by = timedelta()

    def __call__(self) -> datetime:
        """Return what the wall clock shows."""
        return self.true() + self._set_by

    def true(self) -> datetime:
        """Return the time that nobody can set."""
        return EPOCH + timedelta(seconds=self._loop.time())

    def true_s(self) -> float:
        """Return the true time in seconds since 1970."""
        return self.true().timestamp()

    def elapsed_s(self) -> float:
        """Return the seconds since the machine started."""
        return 1000.0 + self._loop.time()

    def awake_s(self) -> float:
        """Return the seconds that the machine was awake."""
        return self.elapsed_s()

    def start(self) -> str:
        """Return the id of the machine's only start."""
        return "simulated"

    def set_by(self, seconds: float) -> None:
        """Set the wall clock forward, or back."""
        self.is_set = True
        self._set_by += timedelta(seconds=seconds)


class Ears:
    """Opens sources of hints, and passes on what the studio's people do."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._told: dict[str, Told] = {}

    def listen(self, root: Path, told: Told) -> _Ear:
        """Open a source of hints for a folder."""
        self._told[str(root)] = told
        return _Ear(self._loop, told)

    def hint(self, root: Path, relative: str) -> None:
        """Tell that something happened to a path."""
        told = self._told.get(str(root))
        if told is not None:
            told.add(relative)


class _Ear:
    def __init__(self, loop: VirtualLoop, told: Told) -> None:
        self._loop = loop
        self._told = told

    @property
    def alive(self) -> bool:
        """Whether it works; whoever asks may test it next."""
        self._loop.call_later(0.3, self._told.add, PROBE)
        return True

    def follow(self, folder: str) -> bool:
        """Follow a folder."""
        del folder
        self._loop.call_later(0.3, self._told.add, PROBE)
        return True

    def stop(self) -> None:
        """Follow nothing any more."""


class InlineWorker:
    """Does a worker's tasks in this process."""

    def ask(self, message: bytes, files: Sequence[int], deadline_s: float) -> dict[str, Any]:
        """Do a task with open files and return the answer."""
        del deadline_s
        order: Mapping[str, Any] = json.loads(message)
        if order["task"] == "locks":  # there is no process that could be confined
            return {"open": []}
        try:
            opened = [tasks.OpenFile.of(each) for each in files]
            told = json.dumps(tasks.TASKS[order["task"]](opened, order["order"]))
        except (PictureError, NotProven) as error:
            return {"error": type(error).__name__, "text": str(error), "errno": 0}
        answer: dict[str, Any] = json.loads(told)  # as it comes out of a real one's pipe
        return answer

    def end(self) -> None:
        """End now."""


class Results:
    """The service's results: the source with a note in it, so that each can be told from all."""

    def request(self, task: Task, index: int) -> Future[bytes]:
        """Return the file of a task's result."""
        made: Future[bytes] = Future()
        source = next((each.read() for each in task.order.materials), b"")
        made.set_result(edited(source, task.order.prompt, index))
        return made

    def close(self) -> None:
        """There is nothing to close."""


def edited(source: bytes, prompt: str, index: int) -> bytes:
    """Return the edit of a JPEG: a comment after its first marker says what was asked for."""
    said = _MARK + f"{index} {prompt}".encode()
    return source[:2] + b"\xff\xfe" + (len(said) + 2).to_bytes(2, "big") + said + source[2:]
