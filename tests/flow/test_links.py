"""Result links that lead to nothing: asked for anew, told, and never taken for a lost result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotfolder.journal import reading
from hotfolder.simulator import Fault
from tests.mounting import mount, unmount
from tests.studio import free_port

if TYPE_CHECKING:
    from tests.studio import Studio

A_DAY_S = 25 * 3600.0  # longer than links live
NO_LINKS = [
    "http://127.0.0.1/\0",
    "results/1.png",
    "//127.0.0.1/1.png",
    "file:///etc/passwd",
    "http://nowhere.invalid/1.png",
    f"http://{64 * 'a'}/1.png",
    "http://127.0.0.1:99999/1.png",
    "http://10.0.0.1/1.png",
    "http://169.254.169.254/latest/meta-data",
    "http://[::]/1.png",
    "http://127.0.0.1:{closed}/1.png",
]


@pytest.mark.parametrize("link", NO_LINKS, ids=range(len(NO_LINKS)))
async def test_a_link_that_leads_nowhere_is_asked_for_anew(studio: Studio, link: str) -> None:
    """A first answer with a useless link costs a few tries and one more query, and no money."""
    link = link.replace("{closed}", str(free_port()))
    studio.fault(Fault(call="query", kind="odd_link", link=link, times=1))
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"done": 1}, studio.summary()
    assert studio.history("ann.jpg").count("LinksUnusable") == 1
    assert studio.ledger().requests["query"] == 2
    assert len(studio.ledger().tasks) == 1


async def test_a_host_that_is_away_for_days_loses_nothing(studio: Studio) -> None:
    """Without an address for the store a job waits and says why; once there is one, it is done."""
    studio.fault(Fault(call="query", kind="odd_link"))
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until(lambda: "LinksUnusable" in studio.history("ann.jpg"), "asked anew")
        studio.wait(A_DAY_S)
        await studio.until(lambda: studio.job("ann.jpg")["error"], "it is told")
        assert "no connection" in studio.explain("ann.jpg")["reason"]
        assert studio.told() == ["delayed"]
        studio.simulator.clear_faults()
        await studio.until_states(done=1)
    assert len(studio.ledger().tasks) == 1


async def test_a_result_without_end_leaves_the_disk_room(studio: Studio) -> None:
    """It takes half of what is free at most, so that journal and spool can go on."""
    studio.state.mkdir()
    mount("-t", "tmpfs", "-o", "size=40m", "tmpfs", str(studio.state))
    try:
        studio.fault(Fault(call="download", kind="endless", times=1))
        studio.drop("ann.jpg")
        await studio.once()
        assert studio.states() == {"done": 1}, studio.summary()
        lines = studio.read(reading.history, studio.job("ann.jpg")["id"])
        assert sum("larger than" in str(line.detail) for line in lines) == 1
    finally:
        unmount(studio.state)
