"""A share that takes names for the same which differ only in case or in how they are composed.

    python -m tests.folding_share FOLDER MOUNT ORDERS

As Windows and macOS serve them: a name is found however it is written, and kept as it was first.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from pathlib import Path

from tests.failing_share import FailingShare, Mount


class FoldingShare(FailingShare):
    """Looks a path up as the folder has it, part by part."""

    def _real(self, operation: str, path: str) -> str:
        found = self._folder
        for part in filter(None, path.split("/")):
            found = os.path.join(found, self._stored(found, part))  # noqa: PTH118  bytes kept
        return super()._real(operation, found.removeprefix(self._folder) or "/")

    def _stored(self, folder: str, name: str) -> str:
        try:
            names = [each.name for each in Path(folder).iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return name
        return next((each for each in names if folded(each) == folded(name)), name)


def folded(name: str) -> str:
    """Return what all writings of a name have in common."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


if __name__ == "__main__":
    folder, mount, orders = map(Path, sys.argv[1:])
    Mount(
        FoldingShare(folder, orders), str(mount), foreground=True, nothreads=True,
        attr_timeout=0, entry_timeout=0, negative_timeout=0,
    )  # fmt: skip
