"""The manual's pages, which ship with the program: their texts by name."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

ENDING: Final = ".md"


def pages() -> dict[str, str]:
    """Return the manual's pages, as Markdown, by name and in alphabetical order."""
    folder: Traversable = resources.files("hotfolder").joinpath("manual")
    found = sorted((each for each in folder.iterdir()), key=lambda each: each.name)
    return {
        each.name.removesuffix(ENDING): each.read_text("utf-8")
        for each in found
        if each.name.endswith(ENDING)
    }


def pictures() -> dict[str, bytes]:
    """Return the pictures that the pages show, by their names."""
    folder: Traversable = resources.files("hotfolder").joinpath("manual")
    return {each.name: each.read_bytes() for each in folder.iterdir() if each.name.endswith(".jpg")}


def title_of(text: str) -> str:
    """Return a page's title: its first line."""
    return text.partition("\n")[0].lstrip("# ")
