"""A daemon that lost its seat at a shared journal ends with the reason, and blames no picture."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from structlog.testing import capture_logs

from hotfolder.domain.errors import JournalTakenOver
from hotfolder.pipeline.steps.uploading import Uploading
from hotfolder.planning import moved_from
from tests.cluster import CLUSTER

if TYPE_CHECKING:
    from tests.studio import Studio


@pytest.mark.parametrize(
    ("owner", "name"), [(moved_from, "trace"), (Uploading, "_find")], ids=["looking", "a step"]
)
async def test_who_lost_its_seat_reports_no_crash(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, owner: object, name: str
) -> None:
    """Wherever it notices: nothing unexpected happened to the file that it was about."""
    url = CLUSTER.database()
    original = getattr(owner, name)

    def lose(*arguments: Any) -> Any:  # noqa: ANN401  of any function
        with psycopg.connect(url, autocommit=True) as opened:
            opened.execute("UPDATE hotfolder.seat SET until = '-infinity', beats = -2")
        return original(*arguments)

    monkeypatch.setattr(owner, name, lose)
    studio.configure(journal=url)
    studio.drop("ann.jpg")
    with capture_logs() as logs, pytest.raises(JournalTakenOver, match="did not answer"):
        await studio.service().run(asyncio.Event())
    assert not [each for each in logs if "crashed" in str(each["event"])]
