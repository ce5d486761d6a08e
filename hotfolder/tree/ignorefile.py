"""`.hotfolderignore`: gitignore rules of a folder and all below it, the nearest deciding last.

One that cannot be read or understood lets everything in its folder wait: what somebody wanted
ignored is not to be paid for.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from hotfolder.tree import files
from hotfolder.tree.globs import Globs
from hotfolder.tree.scan import Listing

NAME: Final = ".hotfolderignore"
LARGEST_BYTES: Final = 64 * 1024
# Errors of one file; others are the share's.
_ITS_OWN: Final = frozenset({errno.EACCES, errno.EPERM, errno.EIO})

_Rules = Globs | str | None  # a text: why they cannot be understood


def _untold(_place: str, _reason: str) -> None:
    pass


class IgnoreFiles:
    """The ignore files of one tree as they are during one walk or look; each is read once.

    `texts` are those that a walk came by, by folder; None for one that is broken. `tell` is called
    with the place of a broken one and what is wrong with it.
    """

    def __init__(self, root: Path, tell: Callable[[str, str], None] = _untold) -> None:
        self.texts: dict[str, str | None] = {}
        self._root = root
        self._tell = tell
        self._rules: dict[str, _Rules] = {}

    def note(self, listing: Listing, folder: str) -> None:
        """Take in from a walk whether a folder has an ignore file; others' are forgotten.

        Raises OSError and RootGone.
        """
        self._rules = {each: self._rules[each] for each in _above(folder) if each in self._rules}
        if NAME.encode() not in listing.names:
            self._rules[folder] = None
        else:
            self._of(folder)

    def why(self, relative: str, *, is_folder: bool = False) -> str | None:
        """Return why a path is ignored, or None. Raises OSError and RootGone."""
        return _why(self._of, relative, is_folder=is_folder)

    def _of(self, folder: str) -> _Rules:
        if folder not in self._rules:
            self._rules[folder] = self._read(folder)
        return self._rules[folder]

    def _read(self, folder: str) -> _Rules:
        place = _place(folder)
        try:
            content = files.read(self._root, place, limit=LARGEST_BYTES)
            text = content.data.decode("utf-8-sig")
            rules = Globs(text.splitlines())
        except (files.SourceGone, files.NotARegularFile):
            return None
        except (files.SourceTooLarge, files.SourceChanged, ValueError) as error:
            return self._broken(folder, f"{place} cannot be understood ({error})")
        except OSError as error:
            if error.errno not in _ITS_OWN:
                raise
            return self._broken(folder, f"{place} cannot be read ({error.strerror})")
        self.texts[folder] = text
        return rules

    def _broken(self, folder: str, reason: str) -> str:
        self._tell(_place(folder), reason)
        self.texts[folder] = None
        return f"{reason}: mend it, all in its folder waits"


class FormerFiles:
    """The ignore files that a tree once had, by folder."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._rules = {folder: _former(text) for folder, text in texts.items()}

    def ignored(self, relative: str) -> bool:
        """Return whether they ignored a file."""
        return bool(self._rules) and _why(self._rules.get, relative, is_folder=False) is not None


def _former(text: str) -> Globs:
    """Return the globs of a text that an older program may have understood, else all there are."""
    try:
        return Globs(text.splitlines())
    except ValueError:
        return Globs(["*"])


def _why(of: Callable[[str], _Rules], relative: str, *, is_folder: bool) -> str | None:
    parts = relative.split("/")
    for count in range(1, len(parts) + 1):
        part = "/".join(parts[:count])
        reason = _why_one(of, part, is_folder=is_folder or count < len(parts))
        if reason is not None:  # what lies in an ignored folder is ignored, as git does
            return reason
    return None


def _why_one(of: Callable[[str], _Rules], path: str, *, is_folder: bool) -> str | None:
    reason = None
    for folder in _above(path):
        rules = of(folder)
        if isinstance(rules, str):
            return rules
        if rules is not None:
            inside = path[len(folder) + 1 :] if folder else path
            verdict = rules.verdict(inside + "/" * is_folder)
            if verdict is not None:
                reason = f"ignored by {_place(folder)}" if verdict else None
    return reason


def _place(folder: str) -> str:
    return f"{folder}/{NAME}" if folder else NAME


def _above(path: str) -> Iterator[str]:
    """Yield the folders above a path, the root first."""
    yield ""
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)
