"""The memory that work on pictures shares: who gets it, and who gives way."""

from __future__ import annotations

import asyncio

import pytest

from hotfolder.kinds.workshop.room import NoRoom, Room

SOON_S = 0.01


async def test_the_memory_of_all_together_is_bounded() -> None:
    """Tasks wait for room in the order of asking; one above the whole budget works alone."""
    room, at_work, most = Room(100), 0, 0

    async def one(memory_bytes: int) -> None:
        nonlocal at_work, most
        async with room.taken(memory_bytes):
            at_work += memory_bytes
            most = max(most, at_work)
            await asyncio.sleep(0)
            at_work -= memory_bytes

    await asyncio.gather(*(one(each) for each in (40, 40, 40, 60, 10, 90, 40)))
    assert most <= 100
    await asyncio.gather(*(one(each) for each in (5, 500, 5)))
    assert most == 500


async def test_spare_work_begins_when_nothing_else_is_worked_on() -> None:
    """Not before, and never between two that wait for each other's room."""
    room, begun = Room(100), []

    async def edit(name: str) -> None:
        async with room.taken(80):
            begun.append(name)
            await asyncio.sleep(0)

    async def look() -> None:
        async with room.spare(80, 60.0):
            begun.append("spare")

    async with room.taken(80):
        looking = asyncio.create_task(look())
        await asyncio.sleep(0)
        edits = [asyncio.create_task(edit(name)) for name in ("one", "two")]
        await asyncio.sleep(0)
    await asyncio.gather(looking, *edits)
    assert begun == ["one", "two", "spare"]


async def test_without_a_pause_it_takes_what_is_left() -> None:
    """After a while it works beside the others where there is room, and else says that none is."""
    room = Room(100)
    async with room.taken(60):
        async with room.spare(40, SOON_S) as spare:
            assert not spare.gave_way
        with pytest.raises(NoRoom):
            async with room.spare(50, SOON_S):
                pass
        waiting = asyncio.create_task(_take(room, 60))
        await asyncio.sleep(0)
        with pytest.raises(NoRoom):  # what waits for room goes first
            async with room.spare(10, SOON_S):
                pass
    await waiting


async def test_it_gives_way_to_what_does_not_fit_beside_it() -> None:
    """It is ended at once, whether it began already or not, and only then."""
    room, ended = Room(100), []
    async with room.spare(50, SOON_S) as spare:
        assert spare.begin(lambda: ended.append("spare"))
        await _take(room, 50)
        assert (spare.gave_way, ended) == (False, [])
        large = asyncio.create_task(_take(room, 51))
        await asyncio.sleep(0)
        assert (spare.gave_way, ended) == (True, ["spare"])
        assert not spare.over()
    await large
    async with room.spare(50, SOON_S) as spare:
        large = asyncio.create_task(_take(room, 51))
        await asyncio.sleep(0)
        assert not spare.begin(lambda: ended.append("too late"))
    await large
    assert ended == ["spare"]


async def _take(room: Room, memory_bytes: int) -> None:
    async with room.taken(memory_bytes):
        pass
