"""The longest names that a disk takes, where something is added to them on their way."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.studio import picture

if TYPE_CHECKING:
    from tests.studio import Studio

LONGEST_BYTES = 255
TWO_RESULTS = (
    'model = "qwen-image-2.0/image-edit"\nprompt = "Make it gold"\nparams = { imageNum = "2" }'
)
LONG = "n" * (LONGEST_BYTES - 4) + ".jpg"
WIDE = "é" * ((LONGEST_BYTES - 4) // 2) + ".jpg"


def lengths(studio: Studio) -> list[int]:
    """Return how long the names of all outputs are, in bytes."""
    return [len(os.fsencode(each.rpartition("/")[2])) for each in studio.outputs()]


@pytest.mark.parametrize("name", [LONG, WIDE])
async def test_a_taken_name_gets_its_number(studio: Studio, name: str) -> None:
    """A foreign file of the longest name stays, and so does the first version's edit."""
    (studio.output / name).write_bytes(b"foreign")
    studio.drop(name, number=1)
    await studio.once()
    studio.drop(name, number=2)
    await studio.once()
    assert studio.states() == {"done": 2}
    assert len(studio.outputs()) == 3
    assert (studio.output / name).read_bytes() == b"foreign"
    assert max(lengths(studio)) <= LONGEST_BYTES


@pytest.mark.parametrize("name", [LONG, WIDE])
async def test_long_originals_are_put_away(studio: Studio, name: str) -> None:
    """Each version under a name of its own, with its sidecar."""
    studio.configure(watch='originals = "move"')
    for number in (1, 2):
        studio.drop("_prompt.txt", "Make it gold")
        studio.drop(name, number=number)
        await studio.once()
        assert not (studio.input / name).exists()
    kept = [each for each in studio.outputs() if each.startswith("_originals/")]
    contents = {(studio.output / each).read_bytes() for each in kept}
    assert contents == {picture(1), picture(2)}


@pytest.mark.parametrize("name", [LONG, WIDE])
async def test_long_twins_and_further_results(studio: Studio, name: str) -> None:
    """Distinct outputs, whatever has to be cut off."""
    studio.configure(rules=[TWO_RESULTS])
    studio.drop(name, number=1)
    studio.drop(name.removesuffix("jpg") + "png", number=2)
    await studio.once()
    assert studio.states() == {"done": 2}
    assert len({each.casefold() for each in studio.outputs()}) == 4


@pytest.mark.parametrize("name", [LONG, WIDE])
async def test_a_note_about_a_long_name(studio: Studio, name: str) -> None:
    """Its name is cut, too; the source is not touched."""
    studio.configure(watch='notes = "failures"')
    studio.drop(name, "no picture")
    await studio.once()
    assert studio.states() == {"failed": 1}
    (note,) = studio.outputs()
    assert note.endswith(".txt")
