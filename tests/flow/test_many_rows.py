"""What is told of a file that became many jobs: never all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotfolder.journal import reading
from hotfolder.views import explaining, wording
from hotfolder.watching import set_waits

if TYPE_CHECKING:
    from tests.studio import Studio

LINES = 'model = "xai/grok-imagine-image/text-to-image-official-stable"\nlines = true'


async def test_a_file_of_many_jobs_is_told_in_sum(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest of them, and how all stand; `status` says why it takes its time."""
    monkeypatch.setattr(set_waits, "LONG_WAIT_S", 0.0)
    monkeypatch.setattr(explaining, "MOST_TOLD", 5)
    monkeypatch.setattr(reading, "MANY_OPEN", 10)
    studio.configure(rules=[LINES])
    await studio.once()
    await studio.act("pause", watch=None)
    studio.drop("prompts.txt", "\n".join(f"fox number {each}" for each in range(12)))
    await studio.once()
    told = studio.explain("prompts.txt")
    assert (len(told["others"]), told["jobs"]) == (4, {"accepted": 12})
    assert told["job"]["slot"] == 12
    seen = studio.read(
        explaining.explain, studio.config, studio.input / "prompts.txt", settling=None, daemon=False
    )
    assert wording.beside(seen)[0] == "of its 12 jobs 12 accepted; these are the newest:"
    many = {"watch": "studio", "path": "prompts.txt", "open": 12, "jobs": 12}
    assert studio.status()["many"] == [many]
    await studio.act("resume", watch=None)
    await studio.once()
    assert studio.status()["many"] == []
