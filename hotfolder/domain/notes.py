"""Notes: what a text file beside a missing output tells an assistant. Pure text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hotfolder.domain.failures import Failure

# More files than these are not named one by one.
MOST_NAMED: Final = 20

# The name of a note about many files of a folder, without its extension.
FOLDER_NOTE: Final = "_hotfolder"


class Kind(StrEnum):
    """Why an output is missing; the value is part of the note's name."""

    FAILED = "failed"
    INCOMPLETE = "incomplete"
    IN_DOUBT = "in-doubt"
    HELD = "held"
    WAITING = "waiting"


_FIRST_WORDS: Final = {
    Kind.FAILED: "was not edited.",
    Kind.INCOMPLETE: "was edited, but not everything that the edit made is here.",
    Kind.IN_DOUBT: "was sent to be edited, and nobody knows what became of it.",
    Kind.HELD: "is not edited for now.",
    Kind.WAITING: "waits.",
}
_OF_MANY: Final = {
    Kind.FAILED: "files were not edited.",
    Kind.INCOMPLETE: "files were edited, but not everything that the edits made is here.",
    Kind.IN_DOUBT: "files were sent to be edited, and nobody knows what became of them.",
    Kind.HELD: "files are not edited for now.",
    Kind.WAITING: "files wait.",
}

# Who finds a note has a file to deliver; what these kinds hint at only the owner can do, and no
# command at all.
_FOR_THE_OWNER: Final = "For whoever looks after hotfolder: "
_BEFORE_THE_HINT: Final = {
    Kind.IN_DOUBT: "It may have been paid already, so it is not sent again by itself. Dropping it "
    f"again would not help. {_FOR_THE_OWNER}",
    Kind.HELD: f"It keeps its place, and dropping it again would not help. {_FOR_THE_OWNER}",
}
_COMMAND: Final = "`hotfolder "


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What there is to say about a job of a source whose file name is `name`.

    `part` says which of several jobs of that it is: "step 2 of 3".
    """

    job: int
    name: str
    kind: Kind
    reason: Failure
    part: str = ""

    @property
    def called(self) -> str:
        """What the note is about, as people call it."""
        return f"{self.name}, {self.part}" if self.part else self.name

    @property
    def extension(self) -> str:
        """What comes after the source's own name: ann.jpg.failed.txt."""
        return f"{self.kind.value}.txt"

    @property
    def text(self) -> str:
        """The note itself. It changes with what it tells and with nothing else."""
        paragraphs = (
            f"{self.called}{',' if self.part else ''} {_FIRST_WORDS[self.kind]}",
            *self._reason,
            f"This note goes away by itself. hotfolder, job {self.job}",
        )
        return "\n\n".join(paragraphs) + "\n"

    @property
    def _reason(self) -> tuple[str, ...]:
        message, hint = self.reason.message, to_do(self)
        if self.kind in _BEFORE_THE_HINT:
            return message, hint
        return (f"{message} {hint}".strip(),)


def to_do(note: Note) -> str:
    """Return what is to be done about a note's picture."""
    if note.kind in _BEFORE_THE_HINT:
        return f"{_BEFORE_THE_HINT[note.kind]}{note.reason.hint or 'see status.'}"
    return _addressed(note.reason.hint)


def _addressed(hint: str) -> str:
    """Return a hint that says, before its first sentence with a command, whom that is for."""
    before, command, after = hint.partition(_COMMAND)
    if not command:
        return hint
    own, end, sentence = before.rpartition(". ")
    return f"{own}{end}{_FOR_THE_OWNER}{sentence}{command}{after}"


def of_many(note: Note, count: int) -> str:
    """Return what is said of so many pictures, of which this note's is one."""
    return f"{count} {_OF_MANY[note.kind]} {note.reason.message}"


@dataclass(frozen=True, slots=True)
class Group:
    """Files of a folder about which there is one thing to say: `count` in all, the first named.

    `words` say what it is, `then` what to do about it.
    """

    words: str
    count: int
    named: tuple[str, ...] = ()
    then: str = ""

    @property
    def text(self) -> str:
        """The paragraph about them."""
        lines = [self.words, *(f"  {each}" for each in self.named)]
        if self.named and self.count > len(self.named):
            lines.append(f"  and {self.count - len(self.named)} more")
        return "\n".join([*lines, self.then] if self.then else lines)


@dataclass(frozen=True, slots=True)
class FolderNote:
    """What there is to say about many files of a folder, in one note."""

    groups: tuple[Group, ...]

    @property
    def text(self) -> str:
        """The note itself. It changes with what it tells and with nothing else."""
        paragraphs = [each.text for each in self.groups]
        return "\n\n".join([*paragraphs, "This note goes away by itself. hotfolder"]) + "\n"
