"""Globs as in a `.gitignore`, matched in time linear in a path's length, whatever they are.

Paths come from whoever drops files, and so do ignore files: an engine that backtracks could be made
to try for hours.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pathspec

MOST_GLOBS: Final = 1000
LONGEST_GLOB: Final = 1000

# The engine takes valid text only: bytes of a name that are none stand in the private use area.
_UNDECODED: Final = {0xDC00 + byte: 0xF700 + byte for byte in range(0x80, 0x100)}


class Globs:
    """Globs, of which the last that matches a path decides.

    Raises ValueError for what is no glob, for one of more than LONGEST_GLOB characters, and for
    more than MOST_GLOBS of them.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        globs = [line for line in lines if line.strip() and not line.startswith("#")]
        if len(globs) > MOST_GLOBS:
            raise ValueError(f"{len(globs)} globs, more than {MOST_GLOBS}")
        if any(len(each) > LONGEST_GLOB for each in globs):
            raise ValueError(f"a glob of more than {LONGEST_GLOB} characters")
        self._spec = _compiled(globs) if globs else None

    def verdict(self, path: str) -> bool | None:
        """Return whether a path, a folder's with a slash at its end, is taken; None = not named."""
        if self._spec is None:
            return None
        valid = path if path.isascii() else path.translate(_UNDECODED)
        return self._spec.check_file(valid).include


def _compiled(globs: list[str]) -> pathspec.GitIgnoreSpec:
    import pathspec  # noqa: PLC0415  slow to load, and many commands meet no glob

    try:
        return pathspec.GitIgnoreSpec.from_lines(globs, backend="re2")
    except ValueError:
        raise
    except Exception as error:  # each engine that the library compiles by has errors of its own
        raise ValueError(f"no glob: {error}") from error
