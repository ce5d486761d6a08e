"""How errors end a command: what is printed, and the exit code."""

from __future__ import annotations

import enum
import sys

from hotfolder import config
from hotfolder.cli.redacting import REDACTOR
from hotfolder.domain.errors import (
    HotfolderError,
    JournalDamaged,
    JournalElsewhere,
    JournalError,
    JournalLocked,
    JournalUnavailable,
)
from hotfolder.domain.spelling import shown


class ExitCode(enum.IntEnum):
    """What a command's end means to a script."""

    DONE = 0
    ATTENTION = 1
    WRONG = 2
    LOCKED = 3
    REFUSED = 4
    DAMAGED = 5


def exit_code(error: HotfolderError) -> ExitCode:
    """Return the exit code that an error means."""
    match error:
        case JournalElsewhere():
            return ExitCode.ATTENTION
        case JournalLocked():
            return ExitCode.LOCKED
        case JournalDamaged():
            return ExitCode.DAMAGED
        case JournalUnavailable():
            return ExitCode.ATTENTION
        case JournalError():
            return ExitCode.WRONG
    return ExitCode.WRONG


def complain(error: HotfolderError) -> None:
    """Print an error for a person; only the list of a config's problems has several lines."""
    if isinstance(error, config.ConfigError):
        lines = [f"{error.path}:", *(f"  {problem}" for problem in error.problems)]
    else:
        lines = [str(error)]
    lines = [REDACTOR.text(line) for line in lines]
    sys.stderr.write("hotfolder: " + "".join(f"{shown(line)}\n" for line in lines))
