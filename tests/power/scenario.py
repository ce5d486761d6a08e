"""Ten pictures go through hotfolder once, while every change of the disk is recorded."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tests.mounting import mounted_share
from tests.power.disk import Image, lay_out
from tests.power.recorder import Operation, operations
from tests.studio import Studio, picture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hotfolder.simulator import RunningServer, TaskEntry
    from tests.power.cuts import Cut

MOVING: Final = 'originals = "move"'
LATER: Final = "later"
_TWIN_OF, _TWIN = 3, 4  # two names for the same picture: paid once, published twice
PICTURES: Final = {
    f"{LATER + '/' if number > 5 else 'roll/' * (number % 2)}p{number}.jpg": picture(
        _TWIN_OF if number == _TWIN else number
    )
    for number in range(10)
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """What was recorded. Hashes are SHA-256 in hex.

    `originals` are the pictures as they were dropped, by their path in the input folder;
    `results` what stood in the output folder in the end.
    """

    operations: list[Operation]
    begun: float
    tasks: tuple[TaskEntry, ...]
    originals: dict[str, str]
    results: frozenset[str]
    apart: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Restart:
    """What came of a start after a cut: the files, the jobs' states by source, the holds.

    `recording` is of all that it changed, with the tasks that were known at the cut or came since.
    """

    recording: Recording
    left: Image
    states: dict[str, str]
    holds: list[str]


def sha256(content: bytes) -> str:
    """Return the SHA-256 of a content, in hex."""
    return hashlib.sha256(content).hexdigest()


@contextlib.contextmanager
def recorded(place: Path, record: Path, *, apart: bool = False) -> Iterator[Path]:
    """Mount a disk whose changes are recorded; gives the folder that holds what stands there."""
    mirrored = place.with_name(f"{place.name}-mirrored")
    mirrored.mkdir(exist_ok=True)
    told = [str(mirrored), str(place), str(record), *(["apart"] if apart else [])]
    with mounted_share(place, [sys.executable, "-m", "tests.power.recorder", *told]):
        yield mirrored


async def record(folder: Path, server: RunningServer, *, apart: bool) -> Recording:
    """Let hotfolder edit ten pictures, four of them in a second run.

    With `apart` input, output and state lie on disks of their own.
    """
    place, told = folder / "disk", folder / "record"
    place.mkdir()
    with recorded(place, told, apart=apart):
        studio = Studio(place, server)
        studio.configure(watch=MOVING)
        originals = {name: sha256(content) for name, content in PICTURES.items()}
        for name, content in PICTURES.items():
            studio.drop(f".{name}" if name.startswith(LATER) else name, content)
        studio.drop("p0.jpg.txt", "Make it gold")
        begun = time.time()
        await studio.once()
        (studio.input / f".{LATER}").rename(studio.input / LATER)
        sync(studio.input)
        await studio.once()
        assert studio.states() == {"done": len(PICTURES)}, studio.summary()
        results = frozenset(
            sha256((studio.output / each).read_bytes()) for each in studio.outputs()
        )
        tasks = studio.ledger().tasks
    return Recording(
        operations=operations(told),
        begun=begun,
        tasks=tasks,
        originals=originals,
        results=results,
        apart=apart,
    )


async def restarted(recording: Recording, cut: Cut, place: Path, server: RunningServer) -> Restart:
    """Start hotfolder on an image at its place and let it work until nothing goes on by itself."""
    told, mirrored = place.with_name("restart-record"), place.with_name(f"{place.name}-mirrored")
    shutil.rmtree(mirrored)
    lay_out(cut.image, mirrored)
    begun = time.time()
    with recorded(place, told, apart=recording.apart):
        studio = Studio(place, server)
        studio.configure(watch=MOVING)
        await studio.once()
        left = standing(place)
        states, holds = {each["source"]: each["state"] for each in studio.jobs()}, studio.holds()
        tasks = studio.ledger().tasks
    known = [each for each in tasks if each.accepted_at < cut.before or each.accepted_at > begun]
    again = replace(
        recording,
        operations=[*laid_out(cut.image), *operations(told)],
        begun=begun,
        tasks=tuple(known),
        results=recording.results | {sha256(each) for each in left.values() if each is not None},
    )
    return Restart(recording=again, left=left, states=states, holds=holds)


def standing(folder: Path) -> Image:
    """Return what stands in a folder."""
    return {
        path.relative_to(folder).as_posix(): None if path.is_dir() else path.read_bytes()
        for path in folder.rglob("*")
        if path.is_dir() or path.is_file()
    }


def laid_out(image: Image) -> Iterator[Operation]:
    """Yield operations that make an image, before all others."""
    for number, (path, content) in enumerate(image.items()):
        if content is None:
            yield Operation(name="mkdir", began=0.0, path=path)
        else:
            yield Operation(name="create", began=0.0, path=path, handle=-number - 1)
            yield Operation(name="write", began=0.0, handle=-number - 1, data=content)


def sync(folder: Path) -> None:
    """Make what a folder holds durable."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
