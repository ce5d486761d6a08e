"""Images of a disk after power cuts, by the kind of what was lost."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.power.disk import Disk, Image, Write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from random import Random

    from tests.power.recorder import Operation

SECTORS_BYTES: Final = (512, 4096)
SHARES: Final = (0.1, 0.5, 0.9)


class Kind(enum.StrEnum):
    """What became of the changes that were not synced at the cut."""

    LOST = "lost"  # none is there
    TORN = "torn"  # all are there, but of some writes only a part
    REORDERED = "reordered"  # some are there, whichever, and of some writes only a part


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """The power fails after so many operations, at the latest `before` (seconds since 1970)."""

    after: int
    before: float
    kind: Kind
    image: Image


def images(operations: Sequence[Operation], begun: float, random: Random) -> Iterator[Cut]:
    """Yield an image of each kind for every cut after a time at which all was on the disk.

    What a cut leaves for certain is yielded once, and where nothing is at stake nothing else.
    """
    disk, following = Disk(), [*(each.began for each in operations[1:]), float("inf")]
    known: Image | None = None
    for number, (operation, before) in enumerate(zip(operations, following, strict=True)):
        disk.take(operation)
        if operation.began < begun:
            if before >= begun:
                disk.sync_all()
            continue
        for kind, image in _kinds(disk, random):
            if kind is not Kind.LOST or image != known:
                yield Cut(after=number, before=before, kind=kind, image=image)
            known = image if kind is Kind.LOST else known


def _kinds(disk: Disk, random: Random) -> Iterator[tuple[Kind, Image]]:
    yield Kind.LOST, disk.image((), lambda _node, _writes: ())
    if disk.writes:
        yield Kind.TORN, disk.image(disk.changes, _some(random, 1.0))
    if disk.writes or disk.changes:
        share = random.choice(SHARES)
        changes = [each for each in disk.changes if random.random() < share]
        yield Kind.REORDERED, disk.image(changes, _some(random, share))


def _some(random: Random, share: float) -> Callable[[int, list[Write]], Iterable[Write]]:
    """Return what chooses a share of a file's writes, every second of them torn."""

    def choose(_node: int, writes: list[Write]) -> Iterator[Write]:
        for write in writes:
            if random.random() < share:
                yield from _torn(write, random) if random.random() < 0.5 else (write,)

    return choose


def _torn(write: Write, random: Random) -> Iterator[Write]:
    """Yield the sectors of a write that reached the disk: its beginning, or any of them."""
    pieces = list(_sectors(write, random.choice(SECTORS_BYTES)))
    if random.random() < 0.5:
        yield from pieces[: random.randrange(len(pieces) + 1)]
    else:
        yield from (each for each in pieces if random.random() < 0.5)


def _sectors(write: Write, size: int) -> Iterator[Write]:
    if write.data is None:
        yield write
        return
    at, end = write.offset, write.offset + len(write.data)
    while at < end:
        border = min(end, at - at % size + size)
        yield Write(at, write.data[at - write.offset : border - write.offset])
        at = border
