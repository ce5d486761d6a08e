"""Playing one seed: a storm over a studio, then calm, and what came of it."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from hotfolder.journal import reading
from tests.simulation.judge import Broken, Judge
from tests.simulation.loop import VirtualLoop
from tests.simulation.people import People
from tests.simulation.world import Plan, World

if TYPE_CHECKING:
    from collections.abc import Coroutine

MEMORY: Final = Path("/dev/shm")  # noqa: S108  where there is room that no disk slows down
LOOK_S: Final = 10.0
CALM_AFTER_S: Final = 420.0
FETCHED_WITHIN_S: Final = 2 * 3600.0  # by a job that has just begun to wait for an hour
SCANNED_WITHIN_S: Final = 400.0  # where an event was lost
LONGEST_CALM_S: Final = 6 * 3600.0

Line = tuple[int, str, str, float]


@dataclass(slots=True)
class Played:
    """What came of a seed: how it ended ("" = well), and what happened, line by line."""

    seed: int
    pictures: int
    broken: str = ""
    faults: int = 0
    kills: int = 0
    virtual_s: float = 0.0
    states: dict[str, int] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)


def plan_of(seed: int, pictures: int) -> Plan:
    """Return the world of a seed."""
    chance = Random(f"{seed}/plan")  # noqa: S311  (no secrets)
    return Plan(
        seed=seed,
        pictures=pictures,
        callbacks=chance.random() < 0.4,
        detect=chance.choice(("events", "scan")),
        task_s=chance.choice((1.0, 8.0, 40.0)),
        places=chance.choice((2, 5, 20)),
        daily_charge=chance.choice((1000.0, 1000.0, pictures * 0.1)),
        review=chance.random() < 0.25,
    )


def play(seed: int, pictures: int) -> Played:
    """Play a seed with so many pictures."""
    played = Played(seed, pictures)
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        loop = VirtualLoop()
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(_play(played, Path(folder), loop))
        except Broken as broken:
            played.broken = str(broken)
    return played


async def _play(played: Played, folder: Path, loop: VirtualLoop) -> None:
    world = World(plan_of(played.seed, played.pictures), folder, loop)
    people = People(world)
    judge = Judge(world, people)
    try:
        await _through(world, people, judge, played.pictures)
    finally:
        played.kills = world.kills
        played.virtual_s = loop.time()
        played.faults = sum(int(str(each["fired"])) for each in people.fired())
        played.done = dict(people.done)
        played.states = dict(Counter(str(job.state) for job in world.jobs()))
        played.lines = _lines(world)


async def _through(world: World, people: People, judge: Judge, pictures: int) -> None:
    chance = Random(f"{world.plan.seed}/play")  # noqa: S311
    share = chance.choice((0.05, 0.15, 0.35))
    calling = asyncio.create_task(world.callbacks())
    people.storm(share)
    world.start()
    storm_s = 20.0 + 4.0 * pictures
    beside = [asyncio.create_task(each) for each in _troubles(world, people, chance, storm_s)]
    dropping = asyncio.create_task(people.drop_all(pictures, storm_s / 2))
    for _ in range(round(storm_s / LOOK_S)):
        await asyncio.sleep(LOOK_S)
        _look(world, judge, [dropping, *beside])
    for each in beside:
        each.cancel()
    await dropping
    people.calm()
    world.kill_in, world.kill_at = None, ""
    if not world.runs:
        world.start()
    await world.act("resume")
    approving = asyncio.create_task(people.approve_half(20.0))
    begun_s = world.loop.time()
    while world.loop.time() < begun_s + LONGEST_CALM_S:
        if world.loop.time() > begun_s + CALM_AFTER_S:
            judge.prompt()
        if world.loop.time() > begun_s + FETCHED_WITHIN_S:
            judge.fetched()
        if await _rests(world, judge) and world.loop.time() > begun_s + SCANNED_WITHIN_S:
            break
        _look(world, judge, [calling, approving])
    approving.cancel()
    await world.stop()
    judge.judge()
    calling.cancel()


def _troubles(
    world: World, people: People, chance: Random, storm_s: float
) -> list[Coroutine[None, None, None]]:
    troubles: list[Coroutine[None, None, None]] = [people.operate(25.0)]
    if world.plan.review:
        troubles.append(people.review(5.0))
    if chance.random() < 0.5:
        troubles.append(people.set_clocks(40.0))
    if chance.random() < 0.3:
        troubles.append(people.meddle(chance.uniform(5.0, storm_s / 2)))
    elif chance.random() < 0.8:
        troubles.append(people.kill(chance.randint(1, 8)))
    return troubles


async def _rests(world: World, judge: Judge) -> bool:
    """Whether all is at rest, and still so after a while."""
    for _ in range(3):
        if not judge.rests():
            await asyncio.sleep(LOOK_S)
            return False
        await asyncio.sleep(10.0)
        with suppress(asyncio.CancelledError):
            assert world.runs
    return True


def _look(world: World, judge: Judge, working: list[asyncio.Task[None]]) -> None:
    for each in working:
        if each.done() and not each.cancelled():
            each.result()
    if world.runs and world.parts is not None:  # else its journal has not followed the clock yet
        judge.punctual()
    judge.look()


def _lines(world: World) -> list[Line]:
    return [
        (job.id, line.name, str(line.to_state), line.at.timestamp())
        for job in world.jobs()
        for line in world.studio.read(reading.history, job.id)
    ]
