"""The commands that take care of the journal: backup, restore."""

from __future__ import annotations

import os
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer
from rich.text import Text

from hotfolder import config
from hotfolder.cli import render
from hotfolder.cli.configured import commands, other_user, own_state, valid_config
from hotfolder.cli.options import ConfigOption, LogLevelOption
from hotfolder.cli.plain_log import set_up_plain_log
from hotfolder.domain.clock import utc_now
from hotfolder.domain.errors import OperatorError
from hotfolder.journal import backup as copies
from hotfolder.outputs import disk

KILOBYTE = 1000


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The copy to write; a new file.")],
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
) -> None:
    """Copy the journal into one file, also while the daemon runs.

    The spool is not in it: a result that was paid and not yet published is fetched again from the
    service, which is free for 24 hours.

    Example: hotfolder backup /mnt/usb/studio.db
    """
    set_up_plain_log(log_level)
    wanted = valid_config(config_file)
    _require_file(wanted)
    with own_state(wanted):
        if not wanted.state_dir.exists():
            raise _nothing_yet()
    try:
        size = copies.take(wanted.state_dir, file)
    except FileExistsError as error:
        raise OperatorError(f"{file} is there already; it was left as it is") from error
    except FileNotFoundError as error:
        if file.absolute().parent.is_dir():
            raise _nothing_yet() from error
        raise OperatorError(f"there is no folder {file.absolute().parent}") from error
    except OSError as error:
        raise OperatorError(f"{file} cannot be written: {error.strerror}") from error
    out = render.console()
    out.print(
        Text.assemble(
            "wrote ", render.name(str(file)), f", {size / KILOBYTE:,.0f} kB, whole and checked"
        ),
        soft_wrap=True,
    )


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A copy that backup has written.")],
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
) -> None:
    """Put a copy of the journal back; the daemon must be stopped. Nothing is paid by it.

    The copy does not know what was paid after it was taken. So every watch is held until you say
    "hotfolder release WATCH"; edits that were running are asked for again, which is free. The
    journal that was there is kept beside it.

    Example: hotfolder restore /mnt/usb/studio.db
    """
    set_up_plain_log(log_level)
    wanted = valid_config(config_file)
    _require_file(wanted)
    _make_state(wanted)
    try:
        watches, aside = copies.put_back(wanted.state_dir, file, utc_now)
    except FileNotFoundError as error:
        raise OperatorError(f"there is no file {file}") from error
    except OSError as error:
        where = error.filename or file
        raise OperatorError(f"{where} cannot be used: {error.strerror}") from error
    out = render.console()
    out.print(Text.assemble("restored from ", render.name(str(file))), soft_wrap=True)
    if aside is not None:
        out.print(
            Text.assemble("the former journal is kept as ", render.name(str(aside))),
            soft_wrap=True,
        )
    out.print(
        "Nothing is submitted until you say so. Compare the outputs with the service's list of"
    )
    typed = commands(config_file).typed
    cancel = render.name(typed("cancel JOB"))
    line = Text.assemble("tasks, cancel the jobs whose edit is there already (", cancel, "), then:")
    out.print(line, soft_wrap=True)
    for each in watches:
        if wanted.watch_named(each) is not None:
            out.print(Text("  ") + render.name(typed(f"release {quote(each)}")), soft_wrap=True)


def _require_file(wanted: config.Config) -> None:
    if wanted.journal.url:
        raise OperatorError(
            f"the journal is in {wanted.journal.url}: back it up and put it back with PostgreSQL's "
            f"own pg_dump and pg_restore"
        )


def _nothing_yet() -> OperatorError:
    return OperatorError("there is no journal yet: nothing has run here")


def _make_state(wanted: config.Config) -> None:
    with own_state(wanted):
        disk.make_private(wanted.state_dir)
        if wanted.state_dir.stat().st_uid != os.geteuid():
            raise other_user(wanted)
