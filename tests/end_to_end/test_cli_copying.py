"""`hotfolder journal copy` and `handover`, as their user types them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cluster import CLUSTER

if TYPE_CHECKING:
    from tests.end_to_end.conftest import CommandLine
    from tests.studio import Studio


@pytest.mark.usefixtures("studio")
def test_a_state_directory_without_a_journal_is_said(hotfolder: CommandLine) -> None:
    """Where it was looked for, and nothing else happens."""
    ended = hotfolder("journal", "copy", "nowhere", "postgresql://db.example/studio")
    assert ended.code == 2
    assert "there is no journal in nowhere" in ended.err


async def test_a_journal_is_taken_along(studio: Studio, hotfolder: CommandLine) -> None:
    """It is copied with its jobs; released there, the watch goes on, and pays for nothing again."""
    studio.drop("ann.jpg")
    await studio.once()
    url = CLUSTER.database()
    ended = hotfolder("journal", "copy", str(studio.state), url)
    assert ended.code == 0, ended.said
    assert f'url = "{url}"' in ended.out
    assert "release studio" in ended.out
    studio.state = studio.folder / "other-state"
    studio.configure(journal=url)
    ended = hotfolder("release", "studio")
    assert (ended.code, "nothing has run here" in ended.err) == (2, True)
    studio.state.mkdir(mode=0o700)
    assert hotfolder("release", "studio").code == 0
    studio.drop("bob.jpg", number=2)
    await studio.once()
    assert studio.states() == {"done": 2}
    assert len(studio.ledger().tasks) == 2
