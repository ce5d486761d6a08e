"""How the commands of this installation are called, so that hints work as they are written."""

from __future__ import annotations

import shlex
import shutil
import sys
from functools import cache
from pathlib import Path
from typing import Final

NAME: Final = "hotfolder"


@cache
def program() -> str:
    """Return what a person types to call this very program, for a shell."""
    beside = Path(sys.executable).with_name(NAME)
    if not beside.exists():
        return f"{shlex.quote(sys.executable)} -m {NAME}"
    found = shutil.which(NAME)
    is_on_path = found is not None and Path(found).resolve() == beside.resolve()
    return NAME if is_on_path else shlex.quote(str(beside))
