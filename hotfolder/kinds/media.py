"""Films and sounds as sources: what one is by its content, and why one cannot be sent.

    UnfitFile
     +- CutShort      begins like a film or sound, ends too early: may still be growing
     +- NotPlayable   damaged, or with nothing in it to see or to hear

Pure values: what they say is found by `played`, in confined workers only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hotfolder.domain import file_failures
from hotfolder.kinds.formats import UnfitFile
from hotfolder.kinds.kind import FORMATS, Kind, Traits

# What is played, as a pair of its kind and its ending.
MEDIA_TYPES: Final = {
    (each.kind, each.ending): each.media_type for each in FORMATS if each.container
}


class CutShort(UnfitFile):
    """The file is shorter than it states."""

    failure = file_failures.TRUNCATED
    growing = True


class NotPlayable(UnfitFile):
    """There is nothing to see or to hear in the file; the text says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.failure = file_failures.not_playable(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A film or a sound: its kind, its usual ending, its size, and what it tells of itself."""

    kind: Kind
    ending: str
    bytes: int
    traits: Traits

    @property
    def media_type(self) -> str:
        """The media type as registered with IANA, or as everybody says."""
        return MEDIA_TYPES[self.kind, self.ending]
