"""What of a config they need who only look, and where that is known without judging the file.

A daemon keeps its config beside its journal. While the file still says the same, whoever looks
takes from there what the file was found to say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from hotfolder.config.config import Config


class Followed(Protocol):
    """A watch, for who only looks."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def input(self) -> Path:
        """Its input folder."""

    @property
    def output(self) -> Path:
        """Its output folder."""

    @property
    def sidecar(self) -> str:
        """Whether sidecars count in it: optional, required or none."""


class Record(Protocol):
    """Where the journal is: "" = a file in the state directory."""

    @property
    def url(self) -> str:
        """The address of its database."""


class Known(Protocol):
    """A config, for who only looks."""

    @property
    def state_dir(self) -> Path:
        """Where the state is."""

    @property
    def journal(self) -> Record:
        """Where the journal is."""

    @property
    def watch(self) -> Sequence[Followed]:
        """Its watches."""

    @property
    def unlimited(self) -> tuple[str, ...]:
        """The names of the watches of which nothing limits what a day may cost."""

    @property
    def fingerprint(self) -> str:
        """What tells the text that it was read from apart; "" = from none."""

    def whole(self) -> Config:
        """Return all of it. Raises ConfigError."""


@dataclass(frozen=True, slots=True)
class SeenWatch:
    """A watch as the daemon's config has it."""

    name: str
    input: Path
    output: Path
    sidecar: str


@dataclass(frozen=True, slots=True)
class InFile:
    """A journal that is a file in the state directory."""

    url: str = ""


@dataclass(frozen=True, slots=True)
class Glance:
    """A config whose file says what the daemon's says; `read` reads all of it."""

    state_dir: Path
    watch: tuple[SeenWatch, ...]
    unlimited: tuple[str, ...]
    fingerprint: str
    read: Callable[[], Config]
    journal: InFile = InFile()

    def whole(self) -> Config:
        """Return all of the config. Raises ConfigError."""
        return self.read()


def glance(written: str, state_dir: Path, fingerprint: str, read: Callable[[], Config]) -> Glance:
    """Return what is needed of a config that a daemon has `written`."""
    table = json.loads(written)
    limited = bool(table["limits"]["daily_charge"])
    return Glance(
        state_dir=state_dir,
        watch=tuple(
            SeenWatch(each["name"], Path(each["input"]), Path(each["output"]), each["sidecar"])
            for each in table["watch"]
        ),
        unlimited=tuple(
            each["name"] for each in table["watch"] if not limited and not each["charge_per_day"]
        ),
        fingerprint=fingerprint,
        read=read,
    )
