"""How large a film is to be, in pixels: as its submit says, else shaped like what was sent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Size: TypeAlias = tuple[int, int]

USUAL: Final[Size] = (1280, 720)
LARGEST: Final = 1080  # the shorter side of a film whose lines nobody asks for
_NAMED: Final[Mapping[str, int]] = {"2k": 1440, "4k": 2160}
_PIXELS: Final = re.compile(r"(\d+)[x*\u00d7](\d+)")
_LINES: Final = re.compile(r"(?:native)?(\d+)p", re.IGNORECASE)
_RATIO: Final = re.compile(r"(\d+):(\d+)")
_LARGENESS: Final = ("size", "resolution", "targetResolution")
_SHAPE: Final = ("aspectRatio", "ratio")
_EVEN: Final = 2


def shape(asked: Mapping[str, object], sent: Size | None) -> Size:
    """Return the size of a film by what is asked for and the first picture or film that is sent.

    Where the shorter side is not said, it is that of what is sent, else of the usual size.
    """
    sizes = list(_told(asked, _LARGENESS, _PIXELS))
    if sizes:
        return sizes[0]
    width, height = next(_told(asked, _SHAPE, _RATIO), None) or sent or USUAL
    shorter = _shorter(asked) or min(*(sent or USUAL), LARGEST)
    share = shorter / min(width, height)
    return _even(width * share), _even(height * share)


def _shorter(asked: Mapping[str, object]) -> int | None:
    for word in _words(asked, _LARGENESS):
        found = _LINES.fullmatch(word)
        if found or word.lower() in _NAMED:
            return int(found[1]) if found else _NAMED[word.lower()]
    return None


def _told(
    asked: Mapping[str, object], keys: tuple[str, ...], pattern: re.Pattern[str]
) -> Iterator[Size]:
    found = (pattern.fullmatch(word) for word in _words(asked, keys))
    return ((int(each[1]), int(each[2])) for each in found if each)


def _words(asked: Mapping[str, object], keys: tuple[str, ...]) -> Iterator[str]:
    return (str(asked[key]) for key in keys if key in asked)


def _even(side: float) -> int:
    return max(_EVEN, round(side / _EVEN) * _EVEN)
