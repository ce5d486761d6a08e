"""Notes: what a text file beside a missing output tells an assistant. Pure text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hotfolder.domain.failures import Failure


class Kind(StrEnum):
    """Why there is no output; the value is part of the note's name."""

    FAILED = "failed"
    IN_DOUBT = "in-doubt"
    HELD = "held"
    WAITING = "waiting"


_FIRST_WORDS = {
    Kind.FAILED: "was not edited.",
    Kind.IN_DOUBT: "was sent to be edited, and nobody knows what became of it.",
    Kind.HELD: "is not edited for now.",
    Kind.WAITING: "waits.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What there is to say about a job of a source whose file name is `name`."""

    job: int
    name: str
    kind: Kind
    reason: Failure

    @property
    def extension(self) -> str:
        """What comes after the source's own name: ann.jpg.failed.txt."""
        return f"{self.kind.value}.txt"

    @property
    def text(self) -> str:
        """The note itself. It changes with what it tells and with nothing else."""
        paragraphs = (
            f"{self.name} {_FIRST_WORDS[self.kind]}",
            f"{self.reason.message} {self.reason.hint}".strip(),
            f"This note goes away by itself. hotfolder, job {self.job}",
        )
        return "\n\n".join(paragraphs) + "\n"
