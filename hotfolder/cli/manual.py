"""The command that shows the manual's pages: manual."""

from __future__ import annotations

import difflib
import sys
from importlib import resources
from typing import TYPE_CHECKING, Annotated

import typer

from hotfolder.domain.errors import OperatorError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

ENDING = ".md"
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


def pages() -> dict[str, str]:
    """Return the manual's pages, as Markdown, by name and in alphabetical order."""
    folder: Traversable = resources.files("hotfolder").joinpath("manual")
    found = sorted((each for each in folder.iterdir()), key=lambda each: each.name)
    return {
        each.name.removesuffix(ENDING): each.read_text("utf-8")
        for each in found
        if each.name.endswith(ENDING)
    }


def title_of(text: str) -> str:
    """Return a page's title: its first line."""
    return text.partition("\n")[0].lstrip("# ")


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
