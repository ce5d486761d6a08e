"""The config that a command works by."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hotfolder import config, invocation
from hotfolder.cli.ending import complain
from hotfolder.domain.errors import JournalOlder, OperatorError
from hotfolder.journal import configs
from hotfolder.journal.lock import is_locked
from hotfolder.journal.reader import Reader
from hotfolder.runninghub.catalog import Catalog

if TYPE_CHECKING:
    from hotfolder import views


def read_config(given: Path | None) -> config.Reading:
    """Read the config that is meant. Raises ConfigError."""
    return config.read(config.find(given, os.environ, Path.cwd()), os.environ)


def start_words(daemon: views.DaemonView, given: Path | None) -> str:
    """Return the command that starts the daemon again, as the last one was started."""
    if daemon.unit is not None:
        return f"sudo systemctl start {daemon.unit}"
    path = config.find(given, os.environ, Path.cwd()).absolute()
    return f"{invocation.program()} run -c {shlex.quote(str(path))}"


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
