"""The command that moves a journal from its file into a database that several machines share."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated, Literal

import typer
from rich.text import Text

from hotfolder.cli import render
from hotfolder.cli.configured import commands
from hotfolder.cli.options import ConfigOption, LogLevelOption
from hotfolder.cli.plain_log import set_up_plain_log
from hotfolder.domain.clock import utc_now
from hotfolder.domain.errors import OperatorError
from hotfolder.journal import copying


def journal(
    action: Annotated[  # noqa: ARG001  it says what the command does
        Literal["copy"], typer.Argument(metavar="copy", help="Copy it, with all that it knows.")
    ],
    source: Annotated[
        Path, typer.Argument(metavar="FROM", help="The state directory of the journal.")
    ],
    target: Annotated[
        str, typer.Argument(metavar="TO", help="The url of an empty database of PostgreSQL.")
    ],
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
) -> None:
    """Copy the journal of a state directory into a database that several machines share.

    The daemon must be stopped. Nothing is paid by it: every watch is held, in the file, too, until
    you say "hotfolder release WATCH" with the one that is used from then on.

    Example: hotfolder journal copy ~/.local/state/hotfolder postgresql://hotfolder@db.example/studio
    """
    set_up_plain_log(log_level)
    try:
        watches = copying.copy(source, target, utc_now)
    except FileNotFoundError as error:
        raise OperatorError(f"there is no journal in {source}") from error
    out = render.console()
    out.print("copied. Put this into the config of each machine that shares it:")
    out.print(Text(f'  [journal]\n  url = "{target}"'), soft_wrap=True)
    out.print("then, once that is the one in use, for each watch:")
    typed = commands(config_file).typed
    for each in watches:
        out.print(Text("  ") + render.name(typed(f"release {quote(each)}")), soft_wrap=True)
