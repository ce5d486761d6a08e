"""The config that a command works by."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hotfolder import config, invocation
from hotfolder.cli.ending import complain
from hotfolder.domain.commands import Commands
from hotfolder.domain.errors import HotfolderError, JournalOlder, OperatorError
from hotfolder.journal import configs
from hotfolder.journal.lock import is_locked
from hotfolder.journal.reader import Reader

if TYPE_CHECKING:
    from hotfolder import views
    from hotfolder.runninghub.catalog import Catalog


def read_config(given: Path | None) -> config.Reading:
    """Read the config that is meant. Raises ConfigError."""
    return config.read(config.find(given, os.environ, Path.cwd()), os.environ)


def start_words(daemon: views.DaemonView, given: Path | None) -> str:
    """Return the command that starts the daemon again, as the last one was started."""
    if daemon.unit is not None:
        return f"sudo systemctl start {daemon.unit}"
    path = config.find(given, os.environ, Path.cwd()).absolute()
    return Commands(invocation.program(), shlex.quote(str(path))).typed("run")


def commands(given: Path | None) -> Commands:
    """Return how further commands are typed here, with the config where it must be named."""
    meant = config.find(given, os.environ, Path.cwd()).absolute()
    return _naming(meant, config.find(None, os.environ, Path.cwd()).absolute())


def commands_anywhere(given: Path | None) -> Commands:
    """Return how commands are typed from whatever folder, whatever the environment says."""
    meant = config.find(given, os.environ, Path.cwd()).absolute()
    user = {"XDG_CONFIG_HOME": os.environ.get("XDG_CONFIG_HOME", "")}
    return _naming(meant, config.find(None, user, Path("/")))


def _naming(meant: Path, usual: Path) -> Commands:
    named = "" if meant == usual else shlex.quote(str(meant))
    return Commands(program=invocation.program(), config=named)


def known_models(given: Path | None) -> Catalog:
    """Return the models of the config that is meant, or the shipped ones where there is none.

    Raises ConfigError where the config has problems.
    """
    from hotfolder.runninghub.catalog import Catalog

    meant = config.find(given, os.environ, Path.cwd())
    return valid_config(given).catalog if given or meant.exists() else Catalog()


def seen_config(given: Path | None) -> config.Known:
    """Return what they need of the config who only look.

    While its file says what it said when a daemon last read it, nothing of it is judged anew.
    Raises ConfigError as `valid_config` does.
    """
    return _as_a_daemon_read_it(given) or valid_config(given)


def _as_a_daemon_read_it(given: Path | None) -> config.Glance | None:
    """Return what the journal keeps of the config, None where the file may say something else."""
    path = config.find(given, os.environ, Path.cwd())
    try:
        said = config.stated(path, os.environ)
        state_dir = said.path(path.absolute().parent, "state_dir")
        if state_dir is None or said.names_database:
            return None
        with Reader(state_dir) as reader:
            found = reader.read(configs.find)
    except (OSError, HotfolderError):  # told of by whoever reads all of the config
        return None
    if found is None or found.fingerprint != said.fingerprint or found.needs_restart:
        return None
    return config.glance(found.config, state_dir, said.fingerprint, partial(valid_config, given))


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
def own_state(wanted: config.Known) -> Iterator[None]:
    """Turn "permission denied" on the state directory into a sentence. Raises OperatorError."""
    try:
        yield
    except PermissionError as error:
        raise other_user(wanted) from error


def require_watch(wanted: config.Known, name: str | None) -> None:
    """Raise OperatorError for a name that neither the config nor the journal knows."""
    known = {each.name for each in wanted.watch}
    if name is None or name in known:
        return
    from hotfolder.journal import reading

    with (
        suppress(FileNotFoundError),
        own_state(wanted),
        Reader(wanted.state_dir, wanted.journal.url) as reader,
    ):
        known |= {row.name for row in reader.read(reading.watches)}
    if name not in known:
        raise OperatorError(f"there is no watch {name}{config.meant(name, known)}")


def other_user(wanted: config.Known) -> OperatorError:
    """Return the error for a state directory of another user."""
    return OperatorError(
        f"{wanted.state_dir} belongs to another user: run this as that user, "
        f"for example with sudo -u"
    )
