"""Pictures that are whole by their layout and damaged inside: nothing is paid for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.pictures import noise, saved

if TYPE_CHECKING:
    from tests.studio import Studio

OLD, NEW = (saved(noise((640, 480), seed), "JPEG") for seed in (1, 2))
MIXED = NEW[: len(NEW) // 2] + OLD[len(NEW) // 2 :]
RULES = {
    "sent as it is": "",
    "stripped": 'strip = ["gps"]',
    "converted": "max_megapixels = 0.1",
}


@pytest.mark.parametrize("more", RULES.values(), ids=RULES)
async def test_a_picture_overwritten_halfway_is_not_paid(studio: Studio, more: str) -> None:
    """A stalled copy left a new head and an old tail: told plainly, and edited once it is whole."""
    studio.configure(rules=[f'prompt = "Make it gold"\n{more}'])
    studio.drop("ann.jpg", MIXED)
    await studio.once()
    job = studio.job("ann.jpg")
    assert (job["state"], job["error"]["code"]) == ("failed", "damaged_picture")
    assert "Copy it here again" in studio.explain("ann.jpg")["reason"]
    assert not {"upload", "submit"} & studio.ledger().requests.keys()
    studio.drop("ann.jpg", NEW)
    await studio.once()
    assert studio.job("ann.jpg")["state"] == "done"
    assert len(studio.ledger().tasks) == 1


async def test_a_copy_that_goes_on_after_a_stall_is_paid_once(studio: Studio) -> None:
    """Overwritten in place by a slow hand, while hotfolder looks at it halfway."""
    studio.drop("ann.jpg", OLD)
    async with studio.running():
        await studio.until_states(done=1)
        with (studio.input / "ann.jpg").open("r+b") as copy:
            copy.write(NEW[: len(NEW) // 2])
            copy.flush()
        await studio.until_states(done=1, failed=1)
        with (studio.input / "ann.jpg").open("r+b") as copy:
            copy.write(NEW)
            copy.truncate()
        await studio.until_states(done=2, failed=1)
    assert len(studio.ledger().tasks) == 2
