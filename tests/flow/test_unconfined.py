"""Where the kernel cannot confine what opens pictures: it is said, or nothing is begun."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from hotfolder import views
from hotfolder.domain.errors import NotConfined
from hotfolder.journal.reader import Reader
from hotfolder.kinds.workshop.worker_process import WorkerProcess

if TYPE_CHECKING:
    from tests.studio import Studio

unlocked = partial(WorkerProcess, "tests.unlocked")


def status(studio: Studio) -> views.Status:
    """Return what `status` shows while a daemon has the journal."""
    with Reader(studio.state) as reader:
        return reader.read(views.status, studio.config)


async def test_status_says_that_pictures_are_opened_unconfined(studio: Studio) -> None:
    """Pictures are edited all the same, as the owner has not asked for more."""
    studio.edge(open_worker=unlocked)
    async with studio.running():
        studio.drop("ann.jpg")
        await studio.until_states(done=1)
        said = status(studio).daemon.unconfined
    assert said == "open files, open sockets, start programs, signal others"


async def test_status_says_nothing_where_they_are_confined(studio: Studio) -> None:
    """The usual case."""
    async with studio.running():
        studio.drop("ann.jpg")
        await studio.until_states(done=1)
        assert status(studio).daemon.unconfined is None


async def test_nothing_begins_unconfined_where_that_is_required(studio: Studio) -> None:
    """The error says what to do; no picture is looked at."""
    studio.edge(open_worker=unlocked)
    studio.configure(limits='confine = "required"')
    studio.drop("ann.jpg")
    with pytest.raises(NotConfined, match=r"limits.confine.*Linux 5.13"):
        await studio.once()
    assert not (studio.state / "journal.db").exists()
