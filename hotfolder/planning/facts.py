"""What is known of one source beyond its path, for rules and prompts to ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from hotfolder.kinds.formats import EXTENSIONS, Picture, UnfitFile
from hotfolder.kinds.kind import Kind
from hotfolder.kinds.media import Media
from hotfolder.kinds.rows import PROMPT, Row
from hotfolder.planning.looks import Found, Look, Looks, kind_of
from hotfolder.planning.sheets import Sheet
from hotfolder.planning.texts import Text

_SIDEWAYS = range(5, 9)


@dataclass(frozen=True)
class Facts:
    """One source, looked at by `look` when something is asked that its path does not tell.

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
    def found(self) -> Found | None:
        """What the file is; None for a broken one."""
        found = self.seen.found
        return None if isinstance(found, UnfitFile) else found

    @property
    def kind(self) -> Kind | None:
        """Its kind by its content; None for a broken one."""
        return None if self.found is None else kind_of(self.found)

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels as one looks at it, if they are known."""
        match self.found:
            case Picture(width=width, height=height, header=header):
                is_sideways = header.orientation in _SIDEWAYS
                return (height, width) if is_sideways else (width, height)
            case Media(traits=traits) if traits.width and traits.height:
                return traits.width, traits.height
        return None

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
        match self.found:
            case Picture(type=of_type):
                return EXTENSIONS[of_type]
            case Media(ending=ending):
                return (ending,)
        return ()

    @property
    def words(self) -> str | None:
        """What a text says; None where it is none, or a broken one."""
        return self.found.words if isinstance(self.found, Text) else None

    @property
    def day(self) -> str:
        """The date in the owner's time zone, as ISO 8601 writes it."""
        return self.accepted_at.astimezone().date().isoformat()

    @property
    def sheet(self) -> Sheet | None:
        """Its rows, if it has many texts."""
        return self.found if isinstance(self.found, Sheet) else None

    def of_row(self, row: Row) -> Facts:
        """Return the same of one of its rows: what that says is all that there is."""
        look = replace(self.seen, found=Text(row.fields.get(PROMPT, "")))
        return replace(self, look=lambda: look)

    @property
    def texts(self) -> Mapping[str, str]:
        """What its metadata says, by field."""
        return self.seen.texts
