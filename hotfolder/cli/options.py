"""What every command takes, and how its errors become exit codes."""

from __future__ import annotations

import enum
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from hotfolder import config, logs, views
from hotfolder.domain.errors import (
    HotfolderError,
    JournalDamaged,
    JournalError,
    JournalLocked,
    JournalOlder,
    JournalUnavailable,
    OperatorError,
)
from hotfolder.journal import configs
from hotfolder.journal.journal import is_locked
from hotfolder.journal.reader import Reader
from hotfolder.runninghub.catalog import Catalog


class ExitCode(enum.IntEnum):
    """What a command's end means to a script."""

    DONE = 0
    ATTENTION = 1
    WRONG = 2
    LOCKED = 3
    REFUSED = 4
    DAMAGED = 5


class LogLevel(enum.StrEnum):
    """How much the log says."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "-c",
        "--config",
        metavar="FILE",
        help="The config file. Default: $HOTFOLDER_CONFIG, ./hotfolder.toml, "
        "~/.config/hotfolder/config.toml, /etc/hotfolder/config.toml.",
        show_default=False,
    ),
]
LogLevelOption = Annotated[
    LogLevel | None,
    typer.Option("--log-level", help="How much the log says (on standard error).", metavar="LEVEL"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


def set_up_log(level: LogLevel | None, default: LogLevel) -> None:
    """Begin the log at the level asked for, else at a command's own."""
    logs.configure((level or default).value, shown=views.shown)


def read_config(given: Path | None) -> config.Reading:
    """Read the config that is meant. Raises ConfigError."""
    return config.read(config.find(given, os.environ, Path.cwd()), os.environ)


def known_models(given: Path | None) -> Catalog:
    """Return the models of the config that is meant, or the shipped ones where there is none.

    Raises ConfigError where the config has problems.
    """
    meant = config.find(given, os.environ, Path.cwd())
    return valid_config(given).catalog if given or meant.exists() else Catalog()


def valid_config(given: Path | None) -> config.Config:
    """Return the config where its text has no problems, else the one that the daemon runs by.

    Raises ConfigError where there are problems and no daemon runs.
    """
    try:
        return _read_whole(given)
    except config.ConfigError as error:
        in_force = _in_force(error.path)
        if in_force is None:
            raise
        complain(error)
        return in_force


def _read_whole(given: Path | None) -> config.Config:
    reading = read_config(given)
    if reading.config is None or reading.problems:
        raise config.ConfigError(reading.path, reading.problems)
    return reading.config


def _in_force(path: Path) -> config.Config | None:
    state_dir = config.state_dir(path, os.environ)
    if state_dir is None:
        return None
    try:
        if not is_locked(state_dir):
            return None
        with Reader(state_dir) as reader:
            found = reader.read(configs.find)
    except (OSError, JournalOlder):
        return None
    return config.restored(found.config) if found else None


@contextmanager
def own_state(wanted: config.Config) -> Iterator[None]:
    """Turn "permission denied" on the state directory into a sentence. Raises OperatorError."""
    try:
        yield
    except PermissionError as error:
        raise other_user(wanted) from error


def other_user(wanted: config.Config) -> OperatorError:
    """Return the error for a state directory of another user."""
    return OperatorError(
        f"{wanted.state_dir} belongs to another user: run this as that user, "
        f"for example with sudo -u"
    )


def exit_code(error: HotfolderError) -> ExitCode:
    """Return the exit code that an error means."""
    match error:
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
    sys.stderr.write("hotfolder: " + "".join(f"{views.shown(line)}\n" for line in lines))
