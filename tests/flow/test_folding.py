"""Outputs on shares and disks that take names for the same which differ in case or composition."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.lookout import Lookout
from tests.folding_share import folded
from tests.mounting import failing_share, folding_disk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.studio import Studio

TWINS = [
    *("ANN.JPG", "ann.jpg", "Ann.png"),
    *("caf\u00e9.jpg", "cafe\u0301.jpg", "CAFE\u0301.jpg"),
    *("Stra\u00dfe.jpg", "STRASSE.jpg"),
    *("Day/bob.jpg", "day/bob.jpg", "DAY/BOB.jpg"),
]


@pytest.fixture(params=["share", "disk"])
def folding(studio: Studio, request: pytest.FixtureRequest) -> Iterator[Studio]:
    """Let the studio's output fold case: a FUSE file system, or ext4 where the kernel can."""
    with contextlib.ExitStack() as stack:
        if request.param == "share":
            stack.enter_context(failing_share(studio.output, "tests.folding_share"))
        else:
            stack.enter_context(folding_disk(studio.output))
        yield studio


async def test_twins_get_outputs_of_their_own(folding: Studio) -> None:
    """Each source has its own output, whole from the first moment on, also after a restart."""
    for number, name in enumerate(TWINS):
        folding.drop(name, number=number)
    mirrored = folding.output.with_name("out-mirrored")  # what the share keeps its files in
    with Lookout([mirrored if mirrored.exists() else folding.output]) as lookout:
        await folding.once()
    assert lookout.seen
    assert not lookout.partial
    outputs = folding.outputs()
    assert len({folded(name) for name in outputs}) == len(outputs) == len(TWINS)
    contents = {(folding.output / name).read_bytes() for name in outputs}
    assert len(contents) == len(TWINS), "none was replaced"
    assert folding.states() == {"done": len(TWINS)}
    assert len(folding.ledger().tasks) == len(TWINS)
    await folding.once()
    assert folding.outputs() == outputs


async def test_a_foreign_file_of_another_case_stays(folding: Studio) -> None:
    """What somebody else wrote is not replaced, however its name is written."""
    (folding.output / "ANN.JPG").write_bytes(b"somebody's")
    (folding.output / "cafe\u0301.jpg").write_bytes(b"somebody's, too")
    folding.drop("ann.jpg", number=1)
    folding.drop("caf\u00e9.jpg", number=2)
    await folding.once()
    assert folding.states() == {"done": 2}
    assert (folding.output / "ANN.JPG").read_bytes() == b"somebody's"
    assert (folding.output / "cafe\u0301.jpg").read_bytes() == b"somebody's, too"
    assert sorted(map(folded, folding.outputs())) == [
        *("ann (2).jpg", "ann.jpg", "caf\u00e9 (2).jpg", "caf\u00e9.jpg")
    ]
