"""The real program killed again and again at random moments, while pictures keep coming."""

from __future__ import annotations

import asyncio
import hashlib
import random
import signal
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from hotfolder.journal import reading
from hotfolder.simulator import Settings, in_thread
from tests.end_to_end.daemon import Daemon
from tests.end_to_end.lookout import Lookout
from tests.studio import Studio, picture

if TYPE_CHECKING:
    from pathlib import Path

PICTURES_A_KILL = 2
LONGEST_LIFE_S = 0.6
SEED = 2026
WATCHES = ("one", "two", "three")


def place(studio: Studio, number: int) -> Path:
    """Return the input or mirrored output of a picture: four watches, two depths."""
    roots = (studio.input, *(studio.folder / f"{name}-in" for name in WATCHES))
    folder = roots[number % len(roots)]
    return folder / f"p{number:03}.jpg" if number % 3 else folder / "deep" / f"p{number:03}.jpg"


def output_of(source: Path) -> Path:
    """Return where the edit of a source must stand."""
    return source.parents[0 if source.parent.name != "deep" else 1].with_name(
        _root(source).name.removesuffix("in") + "out"
    ) / source.relative_to(_root(source))


def _root(source: Path) -> Path:
    return source.parents[1] if source.parent.name == "deep" else source.parent


async def settle_doubts(studio: Studio) -> int:
    """Settle all doubts as an operator who looks into the account; return how many there were."""
    tasks = {task.input_sha256[0]: task.task_id for task in studio.ledger().tasks}
    doubts = [job for job in studio.read(reading.jobs) if job.state == "in_doubt"]
    for job in doubts:
        task_id = tasks.get(job.original.content_hash)
        wish = {"task_id": task_id} if task_id else {"resend": True}
        await studio.send("resolve", job=job.id, **wish)
    return len(doubts)


@pytest.mark.parametrize("kills", [10, pytest.param(32, marks=pytest.mark.long)])
@pytest.mark.long
async def test_random_kills_lose_nothing_and_pay_once(tmp_path: Path, kills: int) -> None:
    """After many kills under load every picture is edited and paid exactly once."""
    chance = random.Random(SEED)  # noqa: S311  (no secrets)
    with in_thread(Settings(task_s=0.4, concurrent_limit=4)) as server:
        studio = Studio(tmp_path, server)
        studio.configure(watches=WATCHES)
        outputs = [studio.output, *(tmp_path / f"{name}-out" for name in WATCHES)]
        sources: list[Path] = []
        with Lookout(outputs) as lookout:
            for _ in range(kills):
                for _ in range(PICTURES_A_KILL):
                    source = place(studio, len(sources))
                    source.parent.mkdir(exist_ok=True)
                    source.write_bytes(picture(len(sources)))
                    sources.append(source)
                with Daemon(studio) as daemon:
                    await daemon.holds_the_journal()
                    await asyncio.sleep(chance.uniform(0, LONGEST_LIFE_S))
                    daemon.kill()
            done_before = studio.states().get("done", 0)
            with Daemon(studio) as daemon:
                await daemon.holds_the_journal()
                going = {"accepted", "uploaded", "submitting", "running", "finished", "fetched"}
                await studio.until(
                    lambda: (
                        sum(studio.states().values()) == len(sources)
                        and not going & studio.states().keys()
                    ),
                    "all pictures come to rest",
                )
                doubts = await settle_doubts(studio)
                await studio.until_states(done=len(sources))
                daemon.signal(signal.SIGTERM)
                assert daemon.end() == 0
    paid = Counter(task.input_sha256[0] for task in studio.ledger().tasks)
    wanted = {hashlib.sha256(source.read_bytes()).hexdigest() for source in sources}
    lost = [source for source in sources if not output_of(source).is_file()]
    twice = [sha256 for sha256, times in paid.items() if times > 1]
    print(  # noqa: T201  for -rP
        f"kills {kills}, pictures {len(sources)}, done at the last kill {done_before}, "
        f"doubts {doubts}, lost {len(lost)}, paid twice {len(twice)}, partial {lookout.partial}"
    )
    assert (lost, twice, lookout.partial) == ([], [], [])
    assert paid.keys() == wanted
    assert not [path for root in outputs for path in root.rglob("*.part")]
    assert sum(path.is_file() for root in outputs for path in root.rglob("[!.]*")) == len(sources)
