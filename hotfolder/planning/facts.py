"""What is known of one picture beyond its path, for rules and prompts to ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from hotfolder.kinds.formats import EXTENSIONS, Picture, PictureType
from hotfolder.kinds.picture import fields

_SIDEWAYS = range(5, 9)


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at a file.

    `type` is None for a broken picture; `picture` and `content` (bytes or a map) are there only
    where they could be looked at.
    """

    type: PictureType | None
    picture: Picture | None = None
    content: Any = b""


@dataclass(frozen=True)
class Facts:
    """One picture, looked at by `look` when something is asked that its path does not tell.

    `accepted_at` is when it became a job, or would become one. What `look` raises leaves.
    """

    accepted_at: datetime
    look: Callable[[], Seen]

    @cached_property
    def seen(self) -> Seen:
        """The file, looked at once."""
        return self.look()

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels as one looks at it, if they are known."""
        picture = self.seen.picture
        if picture is None:
            return None
        size = picture.width, picture.height
        return size[::-1] if picture.header.orientation in _SIDEWAYS else size

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
        return EXTENSIONS[self.seen.type] if self.seen.type else ()

    @property
    def day(self) -> str:
        """The date in the owner's time zone, as ISO 8601 writes it."""
        return self.accepted_at.astimezone().date().isoformat()

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """What its metadata says, by field."""
        seen = self.seen
        return fields.read(seen.picture, seen.content) if seen.picture else {}
