"""Fixtures of the end-to-end tests: hotfolder as its users run it, in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
import termios
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hotfolder.simulator import Settings, in_thread
from tests.end_to_end.nursery import Nursery, bears
from tests.studio import KEY, Studio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LIMIT_S = 90.0
LOOK_S = 0.02


class Ended:
    """What a command left: its exit code and what it said."""

    def __init__(self, code: int, out: bytes, err: bytes) -> None:
        self.code = code
        self.out = out.decode(errors="surrogateescape")
        self.err = err.decode(errors="surrogateescape")

    @property
    def json(self) -> Any:  # noqa: ANN401  whatever JSON holds
        """Return what was printed, read as JSON."""
        return json.loads(self.out)

    @property
    def said(self) -> str:
        """Return everything that was printed, for a person who reads a failed test."""
        return f"exit {self.code}\n{self.out}\n{self.err}"


class Running:
    """A command that goes on, with its two streams in files."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path, err: Path) -> None:
        self.process = process
        self._out, self._err = out, err

    @property
    def err(self) -> str:
        """Return what it has said on standard error up to now."""
        return self._err.read_text(errors="surrogateescape")

    @property
    def out(self) -> str:
        """Return what it has said on standard output up to now."""
        return self._out.read_text(errors="surrogateescape")

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for a condition while the command runs, for a limited time."""
        wait_for(condition, lambda: f"{what}\n{self.out}\n{self.err}")

    def end(self, number: int = signal.SIGTERM) -> Ended:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        code = self.process.wait(LIMIT_S)
        return Ended(code, self._out.read_bytes(), self._err.read_bytes())


def wait_for(condition: Callable[[], object], what: Callable[[], str]) -> None:
    """Wait for a condition, for a limited time."""
    end_s = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end_s, f"in vain: {what()}"
        time.sleep(LOOK_S)


@dataclass
class Terminal:
    """A command that runs on a terminal, and all that was written there so far."""

    process: subprocess.Popen[bytes]
    leader: int
    written: list[bytes] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What was written."""
        return b"".join(self.written).decode(errors="surrogateescape")

    def type(self, words: str) -> None:
        """Type a line."""
        os.write(self.leader, f"{words}\n".encode())

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for a condition."""
        wait_for(condition, lambda: f"{what}: {self.text[-2000:]}")


class CommandLine:
    """A person at a terminal in the studio's folder: only the key in the environment.

    `python` runs the program; a command that soon ends is begun by the nursery where it can be.
    """

    def __init__(self, studio: Studio, nursery: Nursery) -> None:
        self.studio = studio
        self._nursery = nursery
        self.config = studio.folder / "config.toml"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(studio.folder / "home"),
            "LANG": "C.UTF-8",
            "RH_API_KEY": KEY,
        }
        self.python = sys.executable
        self._started = 0

    def __call__(
        self,
        *arguments: str | Path,
        environment: Mapping[str, str] | None = None,
        config: Path | None = None,
        user: int | None = None,
    ) -> Ended:
        """Run a command with the studio's config to its end."""
        words = self._words(arguments, config)
        given = self.environment if environment is None else environment
        if user is None and self._may_be_born(given):
            ended = self._born(words, given)
        else:
            ended = self._started_anew(words, given, user)
        assert "Traceback" not in ended.err, ended.err
        return ended

    def _may_be_born(self, environment: Mapping[str, str]) -> bool:
        return self.python == sys.executable and bears(environment)

    def _born(self, words: list[str], environment: Mapping[str, str]) -> Ended:
        """Run a command as a child of the nursery."""
        with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as err:
            files = Path(out.name), Path(err.name)
            code = self._nursery.run(words[3:], environment, self.studio.folder, *files, LIMIT_S)
            return Ended(code, out.read(), err.read())

    def _started_anew(
        self, words: list[str], environment: Mapping[str, str], user: int | None
    ) -> Ended:
        """Run a command as a program of its own."""
        done = subprocess.run(
            words,
            env=environment,
            cwd=self.studio.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
            user=user,
            group=user,
            extra_groups=[] if user is not None else None,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def to_nobody(self, *arguments: str | Path) -> tuple[int, str]:
        """Run a command whose reader is gone; returns its exit code and what it complained of."""
        reader, writer = os.pipe()
        os.close(reader)
        try:
            done = subprocess.run(
                self._words(arguments, None),
                env=self.environment,
                cwd=self.studio.folder,
                stdin=subprocess.DEVNULL,
                stdout=writer,
                stderr=subprocess.PIPE,
                timeout=LIMIT_S,
                check=False,
            )
        finally:
            os.close(writer)
        return done.returncode, done.stderr.decode(errors="surrogateescape")

    def _words(self, arguments: tuple[str | Path, ...], config: Path | None) -> list[str]:
        words = [self.python, "-m", "hotfolder", *map(str, arguments)]
        without = ("init", "demo", "simulator", "provenance", "--version", "--help")
        if arguments and arguments[0] not in without:
            words += ["-c", str(config or self.config)]
        return words

    @contextlib.contextmanager
    def running(
        self, *arguments: str | Path, environment: Mapping[str, str] | None = None
    ) -> Iterator[Running]:
        """Start a command that goes on; it is killed at the end of the block."""
        self._started += 1
        out = self.studio.folder / f"{self._started}.out"
        err = self.studio.folder / f"{self._started}.err"
        with out.open("wb") as out_file, err.open("wb") as err_file:
            process = subprocess.Popen(
                self._words(arguments, None),
                env=self.environment if environment is None else environment,
                cwd=self.studio.folder,
                stdin=subprocess.DEVNULL,
                stdout=out_file,
                stderr=err_file,
            )
        try:
            yield Running(process, out, err)
        finally:
            process.kill()
            process.wait()

    @contextlib.contextmanager
    def daemon(self) -> Iterator[Running]:
        """Run the daemon with a log of JSON; it follows the watches when the block begins."""
        with self.running("run", "--log-format", "json") as daemon:
            daemon.until(lambda: "watch.online" in daemon.err, "the daemon watches")
            yield daemon

    @contextlib.contextmanager
    def at_terminal(self, *arguments: str | Path, columns: int = 80) -> Iterator[Terminal]:
        """Run a command on a terminal; it has ended by itself after the block, or is killed."""
        leader, follower = pty.openpty()
        termios.tcsetwinsize(leader, (24, columns))
        # Whoever runs the tests in the background may have them ignore Ctrl-C.
        process = subprocess.Popen(
            ["env", "--default-signal=INT", *self._words(arguments, None)],
            env={**self.environment, "TERM": "xterm-256color"},
            cwd=self.studio.folder,
            stdin=follower,
            stdout=follower,
            stderr=follower,
        )
        os.close(follower)
        terminal = Terminal(process, leader)
        reader = threading.Thread(target=drain, args=(leader, terminal.written))
        reader.start()
        try:
            yield terminal
            process.wait(LIMIT_S)
        finally:
            process.kill()
            process.wait()
            reader.join(LIMIT_S)
            os.close(leader)

    def on_terminal(self, *arguments: str | Path, columns: int = 80) -> tuple[int, str]:
        """Run a command on a terminal; returns its exit code and all that was written there."""
        with self.at_terminal(*arguments, columns=columns) as terminal:
            pass
        return terminal.process.returncode, terminal.text


def drain(leader: int, written: list[bytes]) -> None:
    """Read a terminal until nobody writes to it any more (EIO on Linux)."""
    with contextlib.suppress(OSError):
        while chunk := os.read(leader, 65536):
            written.append(chunk)


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """Give a studio with empty folders and a service that works at once."""
    with in_thread(Settings(task_s=0.0)) as server:
        yield Studio(tmp_path, server)


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Give what begins commands without starting Python for each."""
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
def hotfolder(studio: Studio, nursery: Nursery) -> CommandLine:
    """Give the command line in the studio."""
    (studio.folder / "home").mkdir()
    return CommandLine(studio, nursery)
