"""The model of a disk that loses power: what it may show afterwards, and what it may not."""

from __future__ import annotations

from itertools import product
from random import Random
from typing import TYPE_CHECKING

from tests.power.cuts import images
from tests.power.recorder import Operation

if TYPE_CHECKING:
    from collections.abc import Sequence

SEEDS = range(60)


def op(name: str, path: str = "", *, to: str = "", data: bytes = b"", offset: int = 0) -> Operation:
    """Return an operation; all files share one handle."""
    handle = 1 if name in {"create", "open", "write", "fsync"} else 0
    return Operation(
        name=name, began=1.0, path=path, to=to, handle=handle, offset=offset, data=data
    )


def left(operations: Sequence[Operation]) -> set[tuple[tuple[str, bytes | None], ...]]:
    """Return everything that a disk may hold after a cut at the end."""
    return {
        tuple(sorted(cut.image.items()))
        for seed in SEEDS
        for cut in images(operations, 0.0, Random(seed))  # noqa: S311  no secret
        if cut.after == len(operations) - 1
    }


def test_what_is_synced_is_there() -> None:
    """A file that was synced, whose folder was synced after it had its name, is there whole."""
    done = [op("create", "a"), op("write", data=b"12"), op("fsync"), op("fsyncdir")]
    assert left(done) == {(("a", b"12"),)}


def test_a_name_needs_its_folder_synced() -> None:
    """Syncing the file alone leaves open whether it is found."""
    done = [op("create", "a"), op("write", data=b"12"), op("fsync")]
    assert left(done) == {(), (("a", b"12"),)}


def test_a_rename_before_its_content_shows_half_of_it() -> None:
    """Without a sync of the file, its final name may hold nothing or any of its sectors."""
    data = b"a" * 512 + b"b" * 512
    done = [op("create", "a.part"), op("write", data=data), op("rename", "a.part", to="a")]
    found = left([*done, op("fsyncdir")])
    assert {(("a", b""),), (("a", data[:512]),), (("a", data),)} <= found
    assert (("a", bytes(512) + data[512:]),) in found
    assert all(len(each) == 1 for each in found)


def test_a_rename_is_there_or_not() -> None:
    """Between two folders, too: never both names, never neither."""
    made = [op("mkdir", "in"), op("mkdir", "out"), op("create", "in/a"), op("fsyncdir")]
    begun = [*made, op("fsyncdir", "in"), op("rename", "in/a", to="out/a")]
    assert {sum(content is not None for _, content in each) for each in left(begun)} == {1}
    names = left([*begun, op("fsyncdir", "in")])
    assert names == {(("in", None), ("out", None), ("out/a", b""))}


def test_changes_come_in_any_order() -> None:
    """Of two that were not synced, any may be there without the other."""
    found = left([op("mkdir", "a"), op("mkdir", "b")])
    every = [[("a", None)], [("b", None)]]
    chosen = product((True, False), repeat=2)
    assert found == {
        tuple(each for use, part in zip(one, every, strict=True) if use for each in part)
        for one in chosen
    }


def test_what_is_cut_is_cut_or_not() -> None:
    """Cutting a file is not on the disk before the file is synced."""
    made = [op("create", "a"), op("write", data=b"12"), op("fsync"), op("fsyncdir")]
    done = [*made, op("truncate", "a", offset=1)]
    assert left(done) == {(("a", b"12"),), (("a", b"1"),)}
