"""The manual's page of one rule for each kind of work: each is run as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from tests.catalogue import MEDIA, SOUND, TEXT
from tests.studio import picture

if TYPE_CHECKING:
    from tests.studio import Studio

PAGE: Final = Path(__file__).parent.parent.parent / "hotfolder" / "manual" / "materials.md"
SHOWN: Final = re.compile(
    r"^## ([^\n]+)\n\n```toml\n(.*?)```\n\n(.*?)\n(?=\n## |\Z)", re.MULTILINE | re.DOTALL
)
NAMED: Final = re.compile(r"((?:`[^`]+`(?:,\s| and )?)+) becomes? ((?:`[^`]+`(?:,\s| and )?)+)")
TABLE: Final = re.compile(r"^```csv\n(.*?)^```", re.MULTILINE | re.DOTALL)
ROOT: Final = "/srv/studio/"
SIDE: Final = 640


class Shown(NamedTuple):
    """A section of the page."""

    title: str
    config: str
    dropped: list[str]
    came: list[str]
    table: str


def _sections() -> list[Shown]:
    found = []
    for title, text, words in SHOWN.findall(PAGE.read_text("utf-8")):
        named = NAMED.search(words)
        assert named, f"{title}: says not what becomes of what"
        dropped, came = (re.findall(r"`([^`]+)`", each) for each in named.groups())
        found.append(Shown(title, text, dropped, came, "".join(TABLE.findall(words))))
    return found


SECTIONS: Final = _sections()


def content(name: str, number: int) -> bytes:
    """Return a small real file for a name."""
    match name.rpartition(".")[2]:
        case "mp4":
            return (MEDIA / "walk.mp4").read_bytes()
        case "mp3":
            return SOUND
        case "wav":
            return (MEDIA / "sound.wav").read_bytes()
        case "txt":
            return TEXT.encode()
    return picture(number, side=SIDE)


def test_the_page_has_its_sections() -> None:
    """So that none is passed over for being written otherwise."""
    assert len(SECTIONS) == PAGE.read_text("utf-8").count("```toml")


@pytest.mark.parametrize("shown", SECTIONS, ids=[each.title for each in SECTIONS])
async def test_what_the_manual_shows_becomes_of_it(studio: Studio, shown: Shown) -> None:
    """The files that are named are dropped, and what is named comes out, paid once each."""
    text = shown.config
    for number, path in enumerate(sorted(set(re.findall(rf'"{ROOT}([^"]+)"', text)))):
        there = studio.folder / path
        there.parent.mkdir(exist_ok=True, parents=True)
        if "." in path:
            there.write_bytes(content(path, 100 + number))
        else:
            there.mkdir(exist_ok=True)
    (input_folder,) = re.findall(rf'input = "{ROOT}([^"]+)"', text)
    (output_folder,) = re.findall(rf'output = "{ROOT}([^"]+)"', text)
    head = studio.folder.joinpath("config.toml").read_text().partition("[[watch]]")[0]
    studio.reconfigure(head + text.replace(ROOT, f"{studio.folder}/"))
    for number, name in enumerate(shown.dropped):
        path = studio.folder / input_folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        is_table = name.endswith(".csv")
        path.write_bytes(shown.table.encode() if is_table else content(name, number + 1))
    await studio.once()
    out = studio.folder / output_folder
    came = sorted(str(each.relative_to(out)) for each in out.rglob("[!.]*") if each.is_file())
    assert came == sorted(shown.came), studio.told()
    assert len(studio.ledger().tasks) == len(shown.came)
