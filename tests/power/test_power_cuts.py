"""A power cut at any moment, whatever the disk made of what was not synced, costs nothing twice."""

from __future__ import annotations

from collections import Counter
from itertools import chain, count, islice
from random import Random
from typing import TYPE_CHECKING

import pytest

from hotfolder.simulator import Settings, in_thread
from tests.mounting import mount, unmount
from tests.power import checks, scenario
from tests.power.cuts import Cut, images

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from hotfolder.simulator import RunningServer
    from tests.power.scenario import Recording

DISKS = pytest.mark.parametrize("apart", [False, True], ids=["one-disk", "three-disks"])
SAMPLE = 0.1  # of more than 5,000 images after every operation; `long` has them all
AGAIN = 100  # images of a cut during the start after a cut


@pytest.fixture
def server() -> Iterator[RunningServer]:
    """Give a service that works at once."""
    with in_thread(Settings(task_s=0.0)) as running:
        yield running


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """Give a folder for journals whose syncs cost nothing."""
    folder = tmp_path / "memory"
    folder.mkdir()
    mount("-t", "tmpfs", "none", str(folder))
    yield folder
    unmount(folder)


def seeded(seed: int) -> Random:
    """Return chance that is the same for the same seed."""
    return Random(seed)  # noqa: S311  no secret


def cut(recording: Recording, number: int) -> Iterator[Cut]:
    """Yield so many images: of every kind after every operation, over and over."""
    recorded, begun = recording.operations, recording.begun
    rounds = (images(recorded, begun, seeded(seed)) for seed in count())
    return islice(chain.from_iterable(rounds), number)


def require_right(recording: Recording, found: Cut, wrong: list[str]) -> None:
    """Fail with all that is needed to understand what a cut broke."""
    said = [
        f"{each.name} {each.path or each.handle} {each.to} {each.offset}+{len(each.data)}"
        for each in recording.operations[max(0, found.after - 5) : found.after + 1]
    ]
    assert not wrong, f"{found.kind} after {found.after}: {wrong}; before: {said}"


def sample(recording: Recording) -> Iterator[Cut]:
    """Yield some of the images of every kind after every operation, from all over the run."""
    chance = seeded(5)
    every = images(recording.operations, recording.begun, seeded(0))
    return (each for each in every if chance.random() < SAMPLE)


def drawn(cuts: Iterable[Cut], number: int, chance: Random) -> list[Cut]:
    """Return so many of the images, each as likely as any other; no more of them are kept."""
    kept: list[Cut] = []
    for seen, each in enumerate(cuts):
        if seen < number:
            kept.append(each)
        elif (at := chance.randrange(seen + 1)) < number:
            kept[at] = each
    return kept


def try_all(recording: Recording, cuts: Iterable[Cut], folder: Path) -> Counter[str]:
    """Check images; return how many of each kind there were."""
    tried: Counter[str] = Counter()
    for each in cuts:
        require_right(recording, each, checks.wrong(recording, each, folder))
        tried[each.kind] += 1
    return tried


async def restart_all(
    folder: Path, server: RunningServer, memory: Path, number: int, *, apart: bool
) -> Counter[str]:
    """Start after so many of the cuts, and check cuts during these starts, too."""
    recording = await scenario.record(folder, server, apart=apart)
    every = images(recording.operations, recording.begun, seeded(1))
    tried: Counter[str] = Counter()
    for each in drawn(every, number, seeded(2)):
        restart = await scenario.restarted(recording, each, folder / "disk", server)
        require_right(recording, each, checks.wrong_after(restart))
        again = restart.recording
        whole = images(again.operations, again.begun, seeded(3))
        for later in drawn(whole, AGAIN, seeded(4)):
            require_right(again, later, checks.wrong(again, later, memory))
            tried[later.kind] += 1
    return tried


@DISKS
async def test_no_cut_costs_a_picture_or_a_payment(
    tmp_path: Path, memory: Path, server: RunningServer, *, apart: bool
) -> None:
    """Paid tasks are known or in doubt, final names are whole, every original is there whole."""
    recording = await scenario.record(tmp_path, server, apart=apart)
    tried = try_all(recording, sample(recording), memory)
    assert len(tried) == 3, tried


@DISKS
async def test_a_start_after_a_cut_ends_well(
    tmp_path: Path, memory: Path, server: RunningServer, *, apart: bool
) -> None:
    """Every picture is edited or in doubt, none is paid twice; a second cut changes nothing."""
    await restart_all(tmp_path, server, memory, 2, apart=apart)


@pytest.mark.long
@DISKS
async def test_no_cut_of_many_costs_a_picture_or_a_payment(
    tmp_path: Path,
    memory: Path,
    server: RunningServer,
    capsys: pytest.CaptureFixture[str],
    *,
    apart: bool,
) -> None:
    """The same for many more images, and of another run."""
    recording = await scenario.record(tmp_path, server, apart=apart)
    tried = try_all(recording, cut(recording, 25_000), memory)
    with capsys.disabled():
        print(f"\n{dict(tried)} images of {len(recording.operations)} operations")  # noqa: T201


@pytest.mark.long
@DISKS
async def test_fifty_starts_after_cuts_end_well(
    tmp_path: Path,
    memory: Path,
    server: RunningServer,
    capsys: pytest.CaptureFixture[str],
    *,
    apart: bool,
) -> None:
    """The same for fifty starts on one disk and fifty on three."""
    tried = await restart_all(tmp_path, server, memory, 50, apart=apart)
    with capsys.disabled():
        print(f"\n{dict(tried)} images of cuts during 50 starts after cuts")  # noqa: T201
