"""What lies behind the page: all that it may ask of the daemon, and nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from hotfolder.config import Config
from hotfolder.domain.jobs import Job, Plan
from hotfolder.views.explanation import Explanation

T = TypeVar("T")


class NotShown(Exception):
    """Why a picture cannot be shown; the text is for people."""


class NoPicture(NotShown):
    """What is to be shown small is no picture; `ending` is its file's, without the dot."""

    def __init__(self, ending: str) -> None:
        super().__init__(f"A file of this kind has no small picture: {ending}.")
        self.ending = ending


class Read(Protocol):
    """Reads the journal by an operation of the views. Raises JournalError."""

    async def __call__(self, operation: Callable[..., T], *args: Any) -> T:  # noqa: ANN401  the operation's
        """Return what an operation finds on one snapshot."""


class Show(Protocol):
    """Gives pictures as they may be shown. Raises NotShown."""

    async def before(self, job: Job, side: int) -> bytes:
        """Return a small JPEG of a job's source, at most `side` pixels long."""

    async def after(self, job: Job, position: int, side: int) -> bytes:
        """Return a small JPEG of one of a job's results."""

    async def opened(self, job: Job, position: int) -> tuple[int, str]:
        """Return a descriptor of a result that the caller closes, and its proven media type."""


@dataclass(frozen=True, slots=True)
class PlannedEdit:
    """One edit that a dropped file would get, why the file is not sent as it is, and how often."""

    plan: Plan
    conversion: list[str]
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a dropped file would get: its edits and price (None = unknown), or why nothing.

    Or `goes_with` names the file beside it that tells what they get together.
    """

    number: str
    name: str
    watch: str
    edits: list[PlannedEdit]
    reason: str | None
    amount: Decimal | None
    currency: str | None
    goes_with: str | None = None


class Drop(Protocol):
    """Takes dropped files in. What cannot be is an OperatorError; `owner` is whose they are."""

    async def places(self) -> list[str]:
        """Return the watches that may be dropped into."""

    async def begin(self, owner: str, watch: str, name: str) -> str:
        """Begin to take a file in and return its number."""

    async def write(self, number: str, chunk: bytes) -> None:
        """Take a part of a file in."""

    async def end(self, number: str) -> None:
        """Say that a file came whole."""

    async def discard(self, number: str) -> None:
        """Forget a file."""

    async def plan(self, owner: str, numbers: list[str], prompt: str) -> list[Planned]:
        """Return what each file would get."""

    async def send(self, owner: str, numbers: list[str], prompt: str) -> list[str]:
        """Put files into their watches and return what to tell, a line each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What the page is built over.

    `config` gives the one in force; `zone` is the owner's, None = this machine's. `changes` gives a
    number that is another after every change of the journal. `grant` grants an operator's wish and
    raises OperatorError. `explain` says why a job's source is where it is, None where its folder
    does not answer.
    """

    config: Callable[[], Config]
    zone: tzinfo | None
    read: Read
    changes: Callable[[], Awaitable[int]]
    grant: Callable[[str, dict[str, Any]], Awaitable[list[str]]]
    explain: Callable[[Job], Awaitable[Explanation | None]]
    show: Show
    drop: Drop
