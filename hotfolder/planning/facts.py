"""What is known of one picture beyond its path, for rules and prompts to ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from hotfolder.kinds.formats import EXTENSIONS, Picture, PictureError
from hotfolder.planning.looks import Look, Looks

_SIDEWAYS = range(5, 9)


@dataclass(frozen=True)
class Facts:
    """One picture, looked at by `look` when something is asked that its path does not tell.

    `accepted_at` is when it became a job, or would become one; `looks` tells of other files that
    have to do with it. What `look` raises leaves.
    """

    accepted_at: datetime
    looks: Looks
    look: Callable[[], Look]

    @cached_property
    def seen(self) -> Look:
        """The file, looked at once."""
        return self.look()

    @property
    def picture(self) -> Picture | None:
        """What the file is; None for a broken picture."""
        found = self.seen.found
        return None if isinstance(found, PictureError) else found

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels as one looks at it, if they are known."""
        if self.picture is None:
            return None
        size = self.picture.width, self.picture.height
        return size[::-1] if self.picture.header.orientation in _SIDEWAYS else size

    @property
    def orientation(self) -> str | None:
        """How it stands: landscape, portrait or square; None where its size is not known."""
        if self.size is None:
            return None
        width, height = self.size
        return "square" if width == height else "landscape" if width > height else "portrait"

    @property
    def extensions(self) -> tuple[str, ...]:
        """The file extensions of its type."""
        return EXTENSIONS[self.picture.type] if self.picture else ()

    @property
    def day(self) -> str:
        """The date in the owner's time zone, as ISO 8601 writes it."""
        return self.accepted_at.astimezone().date().isoformat()

    @property
    def texts(self) -> Mapping[str, str]:
        """What its metadata says, by field."""
        return self.seen.texts
