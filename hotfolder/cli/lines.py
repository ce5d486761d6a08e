"""Lines for a person, of which parts may have a colour: for who needs no page to be laid out."""

from __future__ import annotations

import os
import sys
from typing import Final

from hotfolder.domain.spelling import shown

GREEN: Final = "32"
YELLOW: Final = "33"
BOLD_RED: Final = "1;31"
BOLD_YELLOW: Final = "1;33"

_COLOURLESS: Final = ("dumb", "unknown")


def say(*parts: str | tuple[str, str]) -> None:
    """Print a line; one of its parts is a text, or a text with the colour that a terminal shows.

    Whatever stands in a file's name can be printed then.
    """
    colours = _shows_colours()
    told = (each if isinstance(each, tuple) else (each, "") for each in parts)
    line = "".join(_coloured(shown(text), colour if colours else "") for text, colour in told)
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _coloured(text: str, colour: str) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if colour else text


def _shows_colours() -> bool:
    said = os.environ
    is_able = sys.stdout.isatty() and said.get("TERM", "").lower() not in _COLOURLESS
    return is_able and not said.get("NO_COLOR")
