"""Which files stood there before a watch took them, by what it took when last looked at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hotfolder import config
from hotfolder.watching.backlog import Eligibility

if TYPE_CHECKING:
    from pathlib import Path

PAINT = 'model = "xai/grok-imagine-image/text-to-image-official-stable"'


def watch(folder: Path, rule: str) -> config.Watch:
    """Return a watch with one rule."""
    path = folder / "config.toml"
    path.write_text(
        f'state_dir = "{folder}"\n[[watch]]\nname = "w"\ninput = "{folder}/in"\n'
        f'output = "{folder}/out"\n[[watch.rule]]\n{rule}\n'
    )
    read = config.read(path, {})
    assert read.config is not None, read.problems
    return read.config.watch[0]


def of_before(now: Eligibility) -> Eligibility:
    """Return one as a program kept it that knew no sources but pictures."""
    stored = json.loads(now.encoded())
    del stored["texts"]
    return Eligibility.decoded(json.dumps(stored))


@pytest.mark.parametrize("name", ["a.mp4", "a.wav", "a.txt"])
def test_what_no_program_took_is_new_after_an_upgrade(tmp_path: Path, name: str) -> None:
    """Films, sounds and texts that stood there are nobody's sources by that; pictures are."""
    before = of_before(Eligibility.of(watch(tmp_path, 'match = ["*"]')))
    assert before.is_new_here(name)
    assert not before.is_new_here("a.jpg")
    assert before.takes("a.jpg")


def test_texts_are_new_where_no_rule_took_them(tmp_path: Path) -> None:
    """Whatever the globs of rules for pictures say; films may come by a change of rules."""
    of_pictures = Eligibility.of(watch(tmp_path, 'match = ["*"]'))
    assert of_pictures.is_new_here("a.txt")
    assert not of_pictures.is_new_here("a.mp4")
    of_texts = Eligibility.decoded(Eligibility.of(watch(tmp_path, PAINT)).encoded())
    assert not of_texts.is_new_here("a.txt")
    assert of_texts.takes("a.txt")
    assert not of_texts.takes("a.jpg")


def test_an_upgrade_alone_changes_no_names(tmp_path: Path) -> None:
    """Where a rule takes pictures, nothing becomes eligible: nothing is looked over, or let go."""
    now = Eligibility.of(watch(tmp_path, ""))
    assert of_before(now).names_as(now)
