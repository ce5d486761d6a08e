"""Several machines over one journal: daemons with a state directory and a config each."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from hotfolder.domain.errors import HotfolderError
from hotfolder.journal import leases, reading
from hotfolder.journal.reader import Reader
from tests.studio import KEY, Studio, picture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LIMIT_S: Final = 600.0
LOOK_S: Final = 0.2

CONFIG: Final = """
state_dir = "{state}"
[api]
base_url = "{base_url}"
[web]
listen = ""
[journal]
url = "{url}"
[limits]
min_free_mb = 0
grace = 5.0
concurrency = {places}
"""
WATCH: Final = """
[[watch]]
name = "{name}"
input = "{folder}/{name}-in"
output = "{folder}/{name}-out"
settle = 0.1
scan_interval = 1.0
[[watch.rule]]
prompt = "A red hat"
"""


@dataclass
class Machine:
    """One of them; its log is appended to `log`."""

    folder: Path
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start its daemon."""
        config = self.folder / "config.toml"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hotfolder", "run", "-c", str(config)],
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
    """Some machines that see the same folders, a watch for each of them."""

    studio: Studio
    url: str
    places: int
    machines: list[Machine] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self.machines:
            each.kill()

    @property
    def watches(self) -> list[str]:
        """The names of the watches, one for each machine."""
        return [f"w{number}" for number in range(len(self.machines))]

    def build(self, count: int) -> None:
        """Start so many machines: each follows its own watch, and may take over any other."""
        for number in range(count):
            folder = self.studio.folder / f"machine-{number}"
            folder.mkdir()
            self.machines.append(Machine(folder, folder / "log"))
        for name in self.watches:
            for end in ("in", "out"):
                (self.studio.folder / f"{name}-{end}").mkdir()
        for machine, name in zip(self.machines, self.watches, strict=True):
            self.configure(machine, [name])
            machine.start()
        self.until(lambda: self.followers().keys() == set(self.watches), "each follows its own")
        for machine in self.machines:
            self.configure(machine, self.watches)
            machine.signal(signal.SIGHUP)

    def configure(self, machine: Machine, watches: list[str]) -> None:
        """Write a machine's config."""
        text = CONFIG.format(
            state=machine.folder / "state",
            base_url=self.studio.base_url,
            url=self.url,
            places=self.places,
        )
        text += "".join(WATCH.format(name=name, folder=self.studio.folder) for name in watches)
        (machine.folder / "config.toml").write_text(text)

    def drop(self, count: int) -> None:
        """Put so many pictures into the watches, in turn; no two are the same."""
        for number in range(count):
            name = self.watches[number % len(self.watches)]
            target = self.studio.folder / f"{name}-in" / f"p{number:04}.jpg"
            target.write_bytes(picture(number))

    def followers(self) -> dict[str, str]:
        """Return which seat each watch is followed from, of those that are followed."""
        with Reader(self.studio.folder, self.url) as reader:
            rows = reader.read(lambda session: session.rows("leases"))
        return {row["watch"]: row["place"] for row in rows if row["is_followed"]}

    def states(self) -> dict[str, int]:
        """Return how many jobs are in which state."""
        with Reader(self.studio.folder, self.url) as reader:
            counts = reader.read(reading.state_counts)
        return {state.value: count for state, count in counts.items() if count}

    def are_there(self, count: int) -> bool:
        """Return whether anybody is told that so many machines share the journal now."""
        with Reader(self.studio.folder, self.url) as reader:
            return sum(each.is_there for each in reader.read(leases.machines)) == count

    def outputs(self) -> list[Path]:
        """Return what was published."""
        return sorted(
            path for name in self.watches for path in self.studio.folder.glob(f"{name}-out/p*")
        )

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
