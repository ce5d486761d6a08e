"""The command line: one thin face over the service, the views and the operator's actions."""

from __future__ import annotations

from typing import Annotated

import typer

from hotfolder import __version__
from hotfolder.cli import completing, process
from hotfolder.cli.commands import ABOUT
from hotfolder.cli.group import Commands

app = typer.Typer(
    cls=Commands,
    name="hotfolder",
    help=ABOUT,
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
    process.run(_answer)


def _answer() -> None:
    completing.answer_shell()
    app()
