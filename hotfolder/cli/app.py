"""The command line: one thin face over the service, the views and the operator's actions."""

from __future__ import annotations

import gc
import io
import os
import sys
import threading
from typing import Annotated, NoReturn

import typer

from hotfolder import __version__
from hotfolder.cli import completing
from hotfolder.cli.commands import Commands
from hotfolder.cli.redacting import cover_tracebacks
from hotfolder.domain.errors import HotfolderError

app = typer.Typer(
    cls=Commands,
    name="hotfolder",
    help="Hot folders for paid picture edits: drop pictures into a folder, find them edited in "
    "another. No picture missed, no edit paid twice, nothing half-done visible, nothing lost.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # drawing boxes would take as long as all the rest
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hotfolder {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Say the version."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line and exit with its code."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")  # else it searches all packages for some
    gc.disable()  # until the command's code is loaded, of which nothing is garbage
    cover_tracebacks()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal's encoding lacks
            stream.reconfigure(errors="backslashreplace")
    completing.answer_shell()
    try:
        app()
    except SystemExit as ended:
        _leave(ended.code if isinstance(ended.code, int) else 0)
    except HotfolderError as error:
        from hotfolder.cli import ending

        ending.complain(error)
        _leave(ending.exit_code(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _leave(1)


def _leave(code: int) -> NoReturn:
    """Exit, without waiting for threads that hang on a share that is gone."""
    sys.stderr.flush()
    if any(
        not each.daemon for each in threading.enumerate() if each is not threading.main_thread()
    ):
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)
