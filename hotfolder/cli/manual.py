"""The command that shows the manual's pages: manual."""

from __future__ import annotations

import difflib
import sys
from typing import Annotated

import typer

from hotfolder.domain.errors import OperatorError
from hotfolder.handbook import pages, title_of

# A line longer than this is hard to read, however wide the terminal is.
LINE_COLUMNS = 100


def manual(
    page: Annotated[
        str | None, typer.Argument(metavar="[PAGE]", help="A page; without one, they are listed.")
    ] = None,
) -> None:
    """Show a page of the manual, or list the pages.

    Example: hotfolder manual money
    """
    texts = pages()
    if page is None:
        for name, text in texts.items():
            typer.echo(f"{name:<17}{title_of(text)}")
        typer.echo("\nhotfolder manual PAGE shows one of them.")
        return
    if page not in texts:
        alike = difflib.get_close_matches(page, texts, 1)
        meant = f": did you mean {alike[0]}?" if alike else ""
        raise OperatorError(
            f"the manual has no page {page!r}{meant}; see them all with: hotfolder manual"
        )
    _show(texts[page])


def _show(text: str) -> None:
    if not sys.stdout.isatty():
        typer.echo(text, nl=False)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console()
    console.width = min(console.width, LINE_COLUMNS)
    with console.pager(styles=True):
        console.print(Markdown(text))
