"""The command that tries whether notices reach anybody: notify."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from hotfolder.cli import render
from hotfolder.cli.configured import valid_config
from hotfolder.cli.ending import ExitCode
from hotfolder.cli.options import ConfigOption, LogLevelOption, set_up_log
from hotfolder.cli.plain_log import LogLevel
from hotfolder.cli.redacting import REDACTOR
from hotfolder.domain.errors import OperatorError
from hotfolder.notices import trial
from hotfolder.notices.sending import NotSentNotice


def notify(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="One receiver; all by default.")
    ] = None,
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    test: Annotated[bool, typer.Option("--test", help="Send a trial notice.")] = False,
) -> None:
    """Send a trial notice to the receivers of the config.

    Exit code 0: each was sent. 1: one was not, and why.

    Example: hotfolder notify --test
    """
    set_up_log(log_level, LogLevel.WARNING)
    wanted = valid_config(config_file)
    if not test:
        raise OperatorError("say --test: notices are sent by the daemon, and by nobody else")
    meant = [each for each in wanted.notify if name in (None, each.name)]
    if not meant:
        said = f"no receiver {name}" if name else "no [[notify]]"
        raise OperatorError(f"the config has {said}")
    failed = False
    for each in meant:
        try:
            trial.send(each, REDACTOR)
        except NotSentNotice as error:
            failed = True
            render.console(sys.stderr).print(render.name(f"{each.name}: not sent: {error}"))
        else:
            render.console().print(render.name(f"{each.name}: sent"))
    raise typer.Exit(ExitCode.ATTENTION if failed else ExitCode.DONE)
