"""Notes: what a text file beside a missing output tells an assistant. Pure text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hotfolder.domain.failures import Failure


class Kind(StrEnum):
    """Why an output is missing; the value is part of the note's name."""

    FAILED = "failed"
    INCOMPLETE = "incomplete"
    IN_DOUBT = "in-doubt"
    HELD = "held"
    WAITING = "waiting"


_FIRST_WORDS = {
    Kind.FAILED: "was not edited.",
    Kind.INCOMPLETE: "was edited, but not everything that the edit made is here.",
    Kind.IN_DOUBT: "was sent to be edited, and nobody knows what became of it.",
    Kind.HELD: "is not edited for now.",
    Kind.WAITING: "waits.",
}


# Who finds a note has a picture to deliver; what these kinds hint at only the owner can do.
_BEFORE_THE_HINT = {
    Kind.IN_DOUBT: "It may have been paid already, so it is not sent again by itself. Dropping it "
    "again would not help. For whoever looks after hotfolder: ",
    Kind.HELD: "There is nothing to do here: it keeps its place and is edited by itself as soon as "
    "this is over. For whoever looks after hotfolder: ",
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
            *self._reason,
            f"This note goes away by itself. hotfolder, job {self.job}",
        )
        return "\n\n".join(paragraphs) + "\n"

    @property
    def _reason(self) -> tuple[str, ...]:
        message, hint = self.reason.message, self.reason.hint
        if self.kind in _BEFORE_THE_HINT:
            return message, f"{_BEFORE_THE_HINT[self.kind]}{hint or 'see status.'}"
        return (f"{message} {hint}".strip(),)
