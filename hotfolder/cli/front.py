"""Where the program begins: what needs little is answered before more is imported."""

from __future__ import annotations

import os
import sys
from typing import Final

from hotfolder import __version__

COMPLETES: Final = "_HOTFOLDER_COMPLETE"  # the variable by which a shell asks for completions


def main() -> None:
    """Run the command line and exit with its code."""
    match sys.argv[1:]:
        case ["--version"]:
            _say(f"hotfolder {__version__}")
        case ["--help"] | ["-h"]:
            _help()
        case words:
            _run(words)


def _run(words: list[str]) -> None:
    from hotfolder.cli import plain, process

    said = plain.parameters(words) if COMPLETES not in os.environ else None
    if said is not None:
        process.run(lambda: plain.run(words[0], said), only_looks=True)
    from hotfolder.cli import app

    app.main()


def _help() -> None:
    import shutil

    from hotfolder.cli.commands import help_text

    _say(help_text(shutil.get_terminal_size().columns))


def _say(text: str) -> None:
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
