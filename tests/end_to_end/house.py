"""Several daemons over one journal, with a state directory and a config each."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from hotfolder.domain.errors import HotfolderError
from hotfolder.journal import leases, reading
from hotfolder.journal.reader import Reader
from tests.studio import KEY, Studio, picture

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from hotfolder.domain.jobs import Job
    from tests.end_to_end.network import Host

COMPLAINTS: Final = ("step.crashed", "submit.answer_lost")
LONGEST_COMPLAINT: Final = 300
# A traceback's calls, and its last line: what was raised.
TRACEBACK: Final = re.compile(r"^Traceback .*\n((?:[ \t|].*\n|\n)*)(\S.*)$", re.MULTILINE)
CALL: Final = re.compile(r"line \d+, in (\w+)")
LIMIT_S: Final = 600.0
LOOK_S: Final = 0.2

CONFIG: Final = """
state_dir = "{state}"
[api]
base_url = "{base_url}"
{callbacks}
[web]
listen = ""
[journal]
url = "{url}"
[limits]
min_free_mb = 0
grace = 5.0
concurrency = {places}
{limits}
"""
CALLBACKS: Final = """
webhook_url = "http://{at}/hook"
webhook_listen = "{at}"
"""
FIRST_PORT: Final = 9100
WATCH: Final = """
[[watch]]
name = "{name}"
input = "{folder}/{name}-in"
output = "{folder}/{name}-out"
settle = 0.1
scan_interval = {scan_s}
[[watch.rule]]
prompt = "A red hat"
"""


@dataclass
class Machine:
    """A daemon; its log is appended to `log`. `within` is a command that runs it elsewhere.

    `heard_at` is the address and port at which the service tells it of ends, "" = it asks.
    """

    folder: Path
    within: tuple[str, ...] = ()
    heard_at: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """Its log."""
        return self.folder / "log"

    @property
    def place(self) -> str:
        """The id of its state directory."""
        return (self.folder / "state" / "journal.place").read_text("ascii").strip()

    @property
    def over(self) -> bool:
        """Whether its daemon ended."""
        return self.process is None or self.process.poll() is not None

    def start(self) -> Self:
        """Start its daemon."""
        config = self.folder / "config.toml"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.within, sys.executable, "-m", "hotfolder", "run", "-c", str(config)],
                env={**os.environ, "RH_API_KEY": KEY},
                stdout=log,
                stderr=log,
            )
        return self

    def signal(self, number: signal.Signals) -> None:
        """Send its daemon a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def end(self) -> int:
        """Wait until its daemon ends, and return the exit code."""
        assert self.process is not None
        return self.process.wait(LIMIT_S)

    def kill(self) -> None:
        """Kill it as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@dataclass
class House:
    """Some daemons that see the same share, a watch for each of them.

    `base_url` is where they reach the service, `url` the journal; `read_url` is where this process
    reaches it. `limits` are further lines of that table, `scan_s` is the time between two scans.
    """

    studio: Studio
    url: str
    places: int
    base_url: str = ""
    read_url: str = ""
    limits: str = ""
    scan_s: float = 1.0
    machines: list[Machine] = field(default_factory=list)
    _reader: Reader | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self.machines:
            each.kill()
        self._close()

    @property
    def share(self) -> Path:
        """The folder with the inputs and outputs of all watches."""
        return self.studio.folder / "share"

    @property
    def watches(self) -> list[str]:
        """The names of the watches, one for each daemon."""
        return [f"w{number}" for number in range(len(self.machines))]

    def build(self, count: int, hosts: Sequence[Host] = ()) -> None:
        """Start so many daemons: each follows its own watch, and may take over any other.

        `hosts` are the machines that they run on, in turn, and where they are told of ends.
        """
        for number in range(count):
            folder = self.studio.folder / f"machine-{number}"
            folder.mkdir()
            machine = Machine(folder)
            if hosts:
                host = hosts[number % len(hosts)]
                machine = Machine(folder, host.within, f"{host.address}:{FIRST_PORT + number}")
            self.machines.append(machine)
        for name in self.watches:
            for end in ("in", "out"):
                (self.share / f"{name}-{end}").mkdir(parents=True)
        for machine, name in zip(self.machines, self.watches, strict=True):
            self.configure(machine, [name])
            machine.start()
        self.until(lambda: self.followers().keys() == set(self.watches), "each follows its own")
        self.reconfigure()

    def reconfigure(self, limits: str | None = None) -> None:
        """Let every daemon follow any watch, and have it read its config again."""
        self.limits = self.limits if limits is None else limits
        for machine in self.machines:
            self.configure(machine, self.watches)
            if not machine.over:
                machine.signal(signal.SIGHUP)

    def configure(self, machine: Machine, watches: list[str]) -> None:
        """Write a daemon's config."""
        text = CONFIG.format(
            state=machine.folder / "state",
            base_url=self.base_url or self.studio.base_url,
            callbacks=CALLBACKS.format(at=machine.heard_at) if machine.heard_at else "",
            url=self.url,
            places=self.places,
            limits=self.limits,
        )
        text += "".join(
            WATCH.format(name=name, folder=self.share, scan_s=self.scan_s) for name in watches
        )
        (machine.folder / "config.toml").write_text(text)

    def drop(self, count: int, first: int = 0) -> None:
        """Put so many pictures into the watches, in turn; no two numbers look the same."""
        for number in range(first, first + count):
            self.source(number).write_bytes(picture(number))

    def source(self, number: int) -> Path:
        """Return where the picture of a number is put."""
        name = self.watches[number % len(self.watches)]
        return self.share / f"{name}-in" / f"p{number:05}.jpg"

    def output(self, number: int) -> Path:
        """Return where its edit is to be."""
        source = self.source(number)
        return source.parent.with_name(source.parent.name.replace("-in", "-out")) / source.name

    # -- looking

    def followers(self) -> dict[str, str]:
        """Return which seat each watch is followed from, of those that are followed."""
        rows = self.read(lambda session: session.rows("leases"))
        return {row["watch"]: row["place"] for row in rows if row["is_followed"]}

    def states(self) -> dict[str, int]:
        """Return how many jobs are in which state."""
        counts = self.read(reading.state_counts)
        return {state.value: count for state, count in counts.items() if count}

    def jobs(self) -> list[Job]:
        """Return all jobs."""
        return list(self.read(reading.jobs))

    def are_there(self, count: int) -> bool:
        """Return whether anybody is told that so many daemons share the journal now."""
        return bool(sum(each.is_there for each in self.read(leases.machines)) == count)

    def outputs(self) -> list[Path]:
        """Return what was published."""
        return sorted(path for name in self.watches for path in self.share.glob(f"{name}-out/p*"))

    def read(self, operation: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401  of any operation
        """Read the journal, by one connection for as long as it holds."""
        if self._reader is None:
            self._reader = Reader(self.studio.folder, self.read_url or self.url)
        try:
            return self._reader.read(operation, *arguments)
        except HotfolderError:
            self._close()
            raise

    def taken_over(self, watch: str, from_place: str) -> float:
        """Wait until another machine follows a watch; return the seconds that it took."""
        began_s = time.monotonic()
        self.until(
            lambda: self.followers().get(watch, from_place) != from_place, f"{watch} is taken over"
        )
        return time.monotonic() - began_s

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for a condition; a database that is away is asked again."""
        deadline_s = time.monotonic() + LIMIT_S
        while True:
            try:
                if condition():
                    return
            except (HotfolderError, OSError) as error:
                said = str(error)
            else:
                said = ""
            assert time.monotonic() < deadline_s, f"{what} {said}\n{self.told()}"
            time.sleep(LOOK_S)

    def told(self) -> str:
        """Return the ends of the logs."""
        return "\n".join(each.log.read_text()[-1500:] for each in self.machines)

    def complaints(self) -> Counter[str]:
        """Return what no log should ever tell, and how often."""
        text = "\n".join(each.log.read_text(errors="replace") for each in self.machines)
        errors = Counter(
            f"{' > '.join(CALL.findall(calls))}: {raised[:LONGEST_COMPLAINT]}"
            for calls, raised in TRACEBACK.findall(text)
        )
        return +(errors + Counter({word: text.count(word) for word in COMPLAINTS}))

    def _close(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
