"""The commands to try it with: demo, simulator."""

from __future__ import annotations

import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from hotfolder.cli import render
from hotfolder.cli.ending import ExitCode
from hotfolder.cli.options import LogLevelOption, set_up_log
from hotfolder.cli.plain_log import LogLevel
from hotfolder.domain.errors import OperatorError

if TYPE_CHECKING:
    from hotfolder.simulator import RunningServer


def demo(
    folder: Annotated[
        Path | None,
        typer.Option("--dir", metavar="DIR", help="Where; a new temporary folder by default."),
    ] = None,
    keep: Annotated[
        bool | None,
        typer.Option(
            "--keep/--no-keep",
            help="Stay running, with the live page, for pictures of your own; on a terminal this "
            "is the default.",
            show_default=False,
        ),
    ] = None,
    log_level: LogLevelOption = None,
) -> None:
    """Show the whole way on sample pictures, against the simulator. Needs no key.

    Names the outputs and a file with before and after side by side. On a terminal it ends with a
    link to the live page, which signs in and opens the gallery, and stays until Ctrl-C.

    Example: hotfolder demo --keep
    """
    from hotfolder.cli import demonstration

    set_up_log(log_level, LogLevel.WARNING)
    place = folder or Path(tempfile.mkdtemp(prefix="hotfolder-demo-"))
    stays = sys.stdout.isatty() if keep is None else keep
    try:
        ok = demonstration.show(place.absolute(), keep=stays)
    except OSError as error:
        where = error.filename or place
        raise OperatorError(f"{where} cannot be used: {error.strerror}") from error
    raise typer.Exit(ExitCode.DONE if ok else ExitCode.ATTENTION)


def simulator(
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="The port; 0 = any free one.")
    ] = 8765,
    task_s: Annotated[
        float, typer.Option("--task-seconds", min=0, metavar="S", help="How long an edit takes.")
    ] = 2.0,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="Tasks at once.")] = 50,
    hide_limit: Annotated[
        bool, typer.Option("--hide-limit", help="Do not tell the limit when asked.")
    ] = False,
    balance: Annotated[
        float, typer.Option(min=0, metavar="AMOUNT", help="What is in the wallet.")
    ] = 1000.0,
    ledger: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Append every charge to this file, as JSON lines."),
    ] = None,
    log_level: LogLevelOption = None,
) -> None:
    """Run the stand-in for the service by itself, on this machine only.

    Point a config at it with api.base_url, and set RH_API_KEY to any 32 characters. It charges
    nothing real and keeps nothing.

    Example: hotfolder simulator --port 8765 --task-seconds 5
    """
    from hotfolder.simulator import Settings, serve

    set_up_log(log_level, LogLevel.WARNING)
    settings = Settings(
        task_s=task_s,
        concurrent_limit=limit,
        hide_limit=hide_limit,
        balance=Decimal(str(balance)),
        ledger_path=ledger,
    )
    try:
        serve(settings, port, _say_where)
    except OSError as error:
        raise OperatorError(f"port {port} cannot be used: {error.strerror}") from error


def _say_where(server: RunningServer) -> None:
    out = render.console()
    out.print(Text(f"the simulator listens; api.base_url = {server.base_url}"), soft_wrap=True)
    out.print(Text(f"charges so far: {server.url}/_simulator/ledger"), soft_wrap=True)
    out.print("Ctrl-C ends it.")
