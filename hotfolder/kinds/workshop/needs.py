"""What a task with a picture needs: which libraries, how much memory, and how long it may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from hotfolder.kinds.formats import PictureType, sniff

HEAD_BYTES: Final = 64
LOOK_BYTES: Final = 32 * 1024 * 1024
LEAST_S: Final = 60.0
PIXELS_IN_A_SECOND: Final = 1_000_000
# What is needed for a pixel of what is opened, and for one of what is made of it: Pillow's four
# bytes, and some more while they are converted. Other libraries need more themselves.
PIXEL_BYTES: Final = 5
PIXEL_BYTES_OF: Final[Mapping[str, int]] = {
    PictureType.HEIC: 16,
    PictureType.AVIF: 10,
    PictureType.RAW: 24,
}
SMALL_PIXELS: Final = 4_000_000
# How long the small pictures are at most that people look at, the longest first; in pixels.
SIDES: Final = (1600, 320)

# A TIFF may turn out to be a camera's raw file, which another library opens.
_OPENED_BY_PILLOW: Final = frozenset(
    {PictureType.JPEG, PictureType.PNG, PictureType.WEBP, PictureType.GIF, PictureType.BMP}
)
_WITH_PICTURES: Final = frozenset(
    {"look", "describe", "keep", "prepare", "decode", "finish", "prove_and_finish", "thumbnail"}
)
_WITHOUT_LIBRARIES: Final = frozenset({"sidecar", "rows", "locks"})


def every_library(task: str, head: bytes) -> bool:
    """Return whether a task may take more than Pillow, by the first bytes of its first file."""
    if task in _WITH_PICTURES:
        return sniff(head) not in _OPENED_BY_PILLOW
    return task not in _WITHOUT_LIBRARIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How many pixels are at work at once: of the picture that is opened, and of what is made."""

    opened: int
    made: int
    pixel_bytes: int = PIXEL_BYTES

    @property
    def memory_bytes(self) -> int:
        """The memory that they take, with what looking takes."""
        return LOOK_BYTES + self.opened * self.pixel_bytes + self.made * PIXEL_BYTES

    @property
    def deadline_s(self) -> float:
        """How long work on them may take."""
        return LEAST_S + max(self.opened, self.made) / PIXELS_IN_A_SECOND


SMALL: Final = Extent(opened=SMALL_PIXELS, made=SMALL_PIXELS)


@dataclass(frozen=True, slots=True)
class Making:
    """How many pixels what is made of a picture has at least and at most; None = as the picture."""

    least_pixels: int = 0
    most_pixels: int | None = None

    @classmethod
    def of(cls, order: Mapping[str, int | None]) -> Self:
        """Return what `encoded` encoded."""
        return cls(**order)  # type: ignore[arg-type]

    def encoded(self) -> dict[str, int | None]:
        """Return it as JSON knows it."""
        return asdict(self)

    def extent(self, found: Mapping[str, Any]) -> Extent:
        """Return the extent of work on a picture that a `look` told of."""
        opened = found["width"] * found["height"]
        made = max(opened, self.least_pixels)
        return Extent(
            opened=opened,
            made=made if self.most_pixels is None else min(made, self.most_pixels),
            pixel_bytes=PIXEL_BYTES_OF.get(found["type"], PIXEL_BYTES),
        )
