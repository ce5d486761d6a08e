"""The worker owns nothing: what an intruder in a decoder is refused."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import pytest

from hotfolder.kinds.workshop import answers
from hotfolder.kinds.workshop.errors import WorkerDied, WorkerSlow
from hotfolder.kinds.workshop.worker_process import WorkerProcess
from tests.materials.test_workshop import workshop

MEGABYTE = 1024 * 1024
# What a child has open besides its files: three of nothing, and where it answers.
ANSWERING = 4


class Intruder(WorkerProcess):
    """What orders an intruder about, in the place of a decoder."""

    def __init__(self) -> None:
        super().__init__("tests.intruder")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def do(self, task: str, *, cpu_s: float = 20.0, spare: bool = False, **order: object) -> Any:  # noqa: ANN401  whatever it answers
        """Have it try something."""
        return self.do_with(task, [], cpu_s=cpu_s, spare=spare, order=order)

    def do_with(
        self, task: str, files: list[int], *, libraries: bool = False, **more: object
    ) -> Any:  # noqa: ANN401  whatever it answers
        """Have it do something with open files, with every library where that is wanted."""
        limits = {"memory_bytes": 64 * MEGABYTE, "deadline_s": 60.0, "cpu_s": 20.0}
        message = {"task": task, "order": {}, "spare": False, "making": None, **limits, **more}
        content = json.dumps({**message, "every_library": libraries}).encode()
        return self.ask(content, files, 60.0)

    def limits(self) -> dict[str, str]:
        """Wait for a task that is limited; return its limits by their names, and its niceness."""
        place = Path(f"/proc/{self.program.pid}")
        end_s = time.monotonic() + 20.0
        while time.monotonic() < end_s:
            for child in (place / f"task/{place.name}/children").read_text().split():
                lines = Path(f"/proc/{child}/limits").read_text().splitlines()[1:]
                found = {line[:25].strip(): line[26:46].strip() for line in lines}
                if found["Max processes"] == "0":  # the last to be set
                    said = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2]
                    return {**found, "niceness": said.split()[16]}
            time.sleep(0.01)
        raise AssertionError("nothing was limited")


def test_whoever_takes_over_a_worker_owns_nothing(tmp_path: Path) -> None:
    """No file, no process, no socket, no program: each attempt is refused, and nothing changed."""
    secret, control = tmp_path / "journal.db", str(tmp_path / "control")
    secret.write_text("the key")
    with socket.socket(socket.AF_UNIX) as listener, Intruder() as intruder:
        listener.bind(control)
        listener.listen()
        answer = intruder.do("intrude", daemon=os.getpid(), secret=str(secret), control=control)
    assert set(answer["told"].values()) == {"PermissionError"}, answer["told"]
    assert secret.read_text() == "the key"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["control", "journal.db"]


def test_nothing_is_left_of_the_last_picture() -> None:
    """Each task has a process of its own, which never saw another customer's."""
    with Intruder() as intruder:
        answers = [intruder.do("remember", customer=each) for each in ("ann", "ben")]
    assert [each["left"] for each in answers] == [[], []]
    assert len({each["process"] for each in answers}) == 2


def test_no_process_has_a_file_of_another_task(tmp_path: Path) -> None:
    """Nor an end of a socket, whichever of the two forked it, and whichever was asked first."""
    (tmp_path / "ann.jpg").touch()
    with Intruder() as intruder, (tmp_path / "ann.jpg").open() as file:
        for _ in range(2):
            for libraries in (True, False):
                for files in ([file.fileno()], []):
                    had = intruder.do_with("descriptors", files, libraries=libraries)
                    assert had["open"] == ANSWERING + len(files)


@pytest.mark.parametrize("libraries", [False, True])
def test_what_kills_a_child_ends_its_worker(libraries: bool) -> None:  # noqa: FBT001
    """And is told as what it was, whichever process forked it."""
    with Intruder() as intruder, pytest.raises(WorkerSlow):
        intruder.do_with("burn", [], cpu_s=0.1, libraries=libraries)


def test_a_worker_that_says_too_much_is_ended() -> None:
    """An answer beyond the largest message is no answer."""
    with Intruder() as intruder, pytest.raises(WorkerDied):
        intruder.do("chatter", length=200_000)


def test_an_intruder_takes_no_more_than_its_task_may() -> None:
    """Neither time, nor memory, nor files, nor threads: all that was allowed, and it is ended."""
    with Intruder() as intruder, ThreadPoolExecutor(1) as aside:
        burning = aside.submit(intruder.do, "burn", cpu_s=0.5)
        limits = intruder.limits()
        with pytest.raises(WorkerSlow):
            burning.result()
    assert limits["Max cpu time"] == "1"
    assert int(limits["Max file size"]) == 64 * MEGABYTE
    assert int(limits["Max address space"]) < 1024 * MEGABYTE
    assert limits["Max processes"] == "0"
    assert limits["Max open files"] == "32"
    assert limits["Max core file size"] == "0"


def test_spare_work_lets_all_other_work_go_first() -> None:
    """The processor is its own only where nobody else wants it, and its worker's again after it."""
    own, niceness = os.nice(0), []
    for spare in (False, True, False):
        with Intruder() as intruder, ThreadPoolExecutor(1) as aside:
            burning = aside.submit(intruder.do, "burn", cpu_s=0.1, spare=spare)
            niceness.append(intruder.limits()["niceness"])
            with pytest.raises(WorkerSlow):
                burning.result()
    assert niceness == [str(min(19, own + more)) for more in (5, 24, 5)]


async def test_a_live_worker_tells_what_it_can_do_that_none_must() -> None:
    """Nothing where the kernel's locks hold."""
    with workshop() as shop:
        assert await shop.unconfined() == ()


def test_what_an_unconfined_process_could_do_is_named() -> None:
    """The same attempts in a process without locks: none is refused."""
    told = subprocess.run([sys.executable, "-c", UNLOCKED], check=True, capture_output=True)
    found = json.loads(told.stdout)["open"]
    assert found == ["open files", "open sockets", "start programs", "signal others"]


UNLOCKED = """
import json
from hotfolder.kinds.workshop import tasks
print(json.dumps(tasks.TASKS["locks"]([], {})))
"""


LOCKS = """
import socket
from hotfolder.kinds.workshop import confinement
held = confinement.confine(newest_landlock={newest})
def refused(attempt):
    try:
        attempt()
    except PermissionError:
        return True
    return False
print(held.landlock, held.filtered, refused(lambda: open("/etc/passwd")), refused(socket.socket))
"""


@pytest.mark.parametrize("newest", [0, 2])
def test_an_older_kernels_locks_hold_too(newest: int) -> None:
    """Landlock of Debian 12, or none at all: the filter of calls alone refuses the same."""
    told = subprocess.run(
        [sys.executable, "-c", LOCKS.format(newest=newest)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout.split() == [str(newest), "True", "True", "True"]


LOOK = {"type": "jpg", "width": 3, "height": 4, "bytes": 99}
HEADER = {"orientation": 1, "cmyk": False, "grey": False, "deep": False, "several": False}
DESCRIBED = {
    "type": "jpg",
    "width": 3,
    "height": 4,
    "header": HEADER,
    "reach": 0,
    "essence": "0" * 64,
    "texts": {"exif.Make": "Leica"},
}
SAID = {"broken": None, "prompt": "Make it gold", "texts": {"xmp.Rating": "4"}}
FORGED = [
    ("look", b"[" * 100_000),
    ("look", b"[]"),
    ("look", b'{"type": "jpg"}'),
    ("look", json.dumps({**LOOK, "path": "/etc/passwd"}).encode()),
    ("look", json.dumps({**LOOK, "width": 10**9}).encode()),
    ("look", json.dumps({**LOOK, "width": True}).encode()),
    ("look", json.dumps({**LOOK, "type": "../../exe"}).encode()),
    ("look", json.dumps({**LOOK, "bytes": float("inf")}).encode()),
    ("describe", json.dumps({**DESCRIBED, "essence": "../x"}).encode()),
    ("describe", json.dumps({**DESCRIBED, "reach": -1}).encode()),
    ("describe", json.dumps({**DESCRIBED, "header": {**HEADER, "orientation": 9}}).encode()),
    ("describe", json.dumps({**DESCRIBED, "header": {**HEADER, "deep": 1}}).encode()),
    ("describe", json.dumps({**DESCRIBED, "header": {"orientation": 1}}).encode()),
    ("describe", json.dumps({**DESCRIBED, "texts": {"exif.Nothing": "x"}}).encode()),
    ("describe", json.dumps({**DESCRIBED, "texts": {"exif.Make": "a\x1b[2Jb"}}).encode()),
    ("describe", json.dumps({**DESCRIBED, "texts": {"exif.Make": "x" * 2001}}).encode()),
    ("describe", json.dumps({**DESCRIBED, "texts": [["exif.Make", "x"]]}).encode()),
    ("sidecar", json.dumps({**SAID, "prompt": "x" * 12_001}).encode()),
    ("sidecar", json.dumps({**SAID, "broken": 1}).encode()),
    ("keep", b'{"kept": "x"}'),
    ("prepare", json.dumps({**LOOK, "notes": []}).encode()),
    ("finish", json.dumps({"type": "jpg", "notes": ["x" * 100_000]}).encode()),
    ("finish", json.dumps({"type": "jpg", "notes": [[]]}).encode()),
    ("prove", b'{"proven": ["text", "exe"]}'),
    ("prove", b'{"proven": ["picture", "json"]}'),
    ("prove", b'{"proven": ["sound", ["mp3"]]}'),
    ("prove", b'{"proven": "mp3"}'),
    ("prove", b'{"error": "DiskRefused", "text": "x", "errno": "28"}'),
    ("prove", b'{"error": "BrokenPicture", "text": {"a": 1}, "errno": 0}'),
]


@pytest.mark.parametrize(("task", "content"), FORGED, ids=map(str, range(len(FORGED))))
def test_a_forged_answer_counts_for_nothing(task: str, content: bytes) -> None:
    """Types, sizes and ranges of every answer are as those of a stranger's: wrong ones are none."""
    with pytest.raises(answers.BadAnswer):
        answers.checked(task, answers.parsed(content))


def test_an_honest_answer_counts() -> None:
    """What the forged ones begin with is taken as it is."""
    for task, honest in (("look", LOOK), ("describe", DESCRIBED), ("sidecar", SAID)):
        assert answers.checked(task, dict(honest)) == honest


def test_what_a_worker_says_of_an_error_is_one_plain_line() -> None:
    """No control characters, no novels: it ends up in notes, notices and terminals."""
    said = {"error": "BrokenPicture", "text": "\x1b[2J\nno\u202e" + "x" * 9999, "errno": 0}
    told = answers.checked("look", said)["text"]
    assert told.isprintable()
    assert len(told) <= answers.LONGEST_ERROR
