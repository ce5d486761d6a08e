"""A process that has imported the program, and forks for each command: most of a command's life.

    python -m tests.end_to_end.nursery

reads orders, one JSON object a line: {"words", "environment", "folder", "out", "err"} begins a
command, whose process id is answered; {"poll": ID} is answered with its exit code, null while it
goes on. The command is the program's own `main`, in a process of its own from the fork on.
"""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import signal
import subprocess
import sys
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Self

from hotfolder.cli import commands

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LOOK_S: Final = 0.01
ENCODING: Final = "C.UTF-8"  # of its own streams, hence of all that it begins
# What the commands import only when they go certain ways.
LATE: Final = ("hotfolder.service", "hotfolder.simulator", "hotfolder.views.explaining", "rich")


def _begin(order: Mapping[str, Any]) -> int | None:
    """Fork; returns the child's number, and None in the child."""
    child = os.fork()
    if child:
        return child
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    files = (os.devnull, os.O_RDONLY), *((order[each], os.O_WRONLY) for each in ("out", "err"))
    for number, (path, flags) in enumerate(files):
        opened = os.open(path, flags | os.O_APPEND)
        os.dup2(opened, number)
        os.close(opened)
    return None


def _poll(pid: int) -> int | None:
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def main() -> None:
    """Serve orders until there are no more; a child goes on as the program, and ends as it does."""
    for entries in commands.ENTRIES.values():
        for each in entries.values():
            import_module(f"hotfolder.cli.{each.module}")
    for name in LATE:
        import_module(name)
    answers = os.fdopen(os.dup(1), "w")
    os.set_inheritable(answers.fileno(), False)
    while line := sys.stdin.readline():
        order = json.loads(line)
        if "poll" in order:
            said = _poll(order["poll"])
        else:
            said = _begin(order)
            if said is None:
                answers.close()
                sys.argv[1:] = order["words"]
                runpy.run_module("hotfolder", run_name="__main__", alter_sys=True)
                return
        answers.write(f"{json.dumps(said)}\n")
        answers.flush()


class Nursery:
    """The forking process, as tests use it."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.end_to_end.nursery"],
            stdin=pipe,
            stdout=pipe,
            text=True,
            env={**os.environ, "LANG": ENCODING, "LC_ALL": ""},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process, contextlib.suppress(BrokenPipeError):
            assert self._process.stdin is not None
            self._process.stdin.close()

    def _ask(self, order: Mapping[str, Any]) -> Any:  # noqa: ANN401  as JSON has it
        """Send an order and return what is answered."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(order)}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def run(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        out: Path,
        err: Path,
        limit_s: float,
    ) -> int:
        """Run a command, whose streams go to two files, and return its exit code.

        One that has not ended after `limit_s` is killed.
        """
        order = {
            "words": list(words),
            "environment": dict(environment),
            "folder": str(folder),
            "out": str(out),
            "err": str(err),
        }
        pid, end_s = int(self._ask(order)), time.monotonic() + limit_s
        while (code := self._ask({"poll": pid})) is None:
            if time.monotonic() > end_s:
                os.kill(pid, signal.SIGKILL)
            time.sleep(LOOK_S)
        return int(code)


def bears(environment: Mapping[str, str]) -> bool:
    """Whether a command with this environment is as one whose interpreter is started with it."""
    set_up_by = ("PYTHON", "LC_", "TZ", "LD_", "MALLOC_")
    is_own = environment.get("LANG") == ENCODING
    return is_own and not any(name.startswith(set_up_by) for name in environment)


if __name__ == "__main__":
    main()
