"""A disk that may lose power: which states of it can be found after a cut.

The model, in plain words. It promises what POSIX and the journalling file systems promise, and no
more (ext4, xfs and btrfs each keep more of it, in ways of their own; OSDI '14, "All File Systems
Are Not Created Equal", tells how programs came to rely on that):

- What a file holds is on the disk once the file was synced after it was written or cut. Until then
  each write may be there or not, whatever became of those before and after it, and of one write any
  part that begins and ends at a sector's border (512 or 4096 bytes). What was not written reads
  as it was, or as zeros where the file has grown; never as what another file held before.
- What a folder holds is on the disk once the folder was synced after it was changed. Until then
  each change may be there or not: a new name, a removed name, a new folder, a rename. Each is there
  wholly or not at all: a rename never leaves both names or neither, also between two folders,
  of which syncing either is enough.
- Syncing a file says nothing about its names, syncing a folder nothing about what its files hold.
- Two changes of one name happen in their order, or the later one alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tests.power.recorder import Operation

ROOT = 0
Image: TypeAlias = "dict[str, bytes | None]"  # what stands at each path: None is a folder


def lay_out(image: Image, folder: Path) -> None:
    """Write an image into a folder."""
    for path, content in image.items():
        place = folder / path
        if content is None:
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes that were written at an offset of a file; None: it was cut to that length."""

    offset: int
    data: bytes | None

    def onto(self, content: bytearray) -> None:
        """Change what a file holds."""
        if self.data is None:
            del content[self.offset :]
        content.extend(bytes(max(0, self.offset - len(content))))
        if self.data is not None:
            content[self.offset : self.offset + len(self.data)] = self.data


@dataclass(frozen=True, slots=True)
class Change:
    """What names lead to from a moment on: (folder, name) -> node, None = nothing."""

    number: int
    names: dict[tuple[int, str], int | None]


@dataclass(slots=True)
class _Names:
    """What each name leads to, and the number of the change that said so."""

    known: dict[tuple[int, str], tuple[int, int | None]] = field(default_factory=dict)

    def copy(self) -> _Names:
        return _Names(dict(self.known))

    def take(self, change: Change) -> None:
        """Make a change, unless a later one of the same name was made."""
        for place, node in change.names.items():
            if self.known.get(place, (-1, None))[0] < change.number:
                self.known[place] = change.number, node

    def find(self, path: str) -> int:
        """Return the node at a path; raises KeyError."""
        node = ROOT
        for part in path.split("/") if path else ():
            found = self.known[node, part][1]
            if found is None:
                raise KeyError(path)
            node = found
        return node

    def tree(self) -> dict[int, dict[str, int]]:
        """Return the nodes in each folder by name."""
        found: dict[int, dict[str, int]] = {}
        for (folder, name), (_, node) in self.known.items():
            if node is not None:
                found.setdefault(folder, {})[name] = node
        return found


class Disk:
    """What is on the disk for certain, and the changes since that may be there or not."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.writes: dict[int, list[Write]] = {}
        self._now = _Names()  # as the programs see it
        self._names = _Names()
        self._content: dict[int, bytes] = {}
        self._folders = {ROOT}
        self._nodes = 0
        self._numbers = 0
        self._handles: dict[int, int] = {}

    def sync_all(self) -> None:
        """Have everything on the disk: the beginning."""
        for change in self.changes:
            self._names.take(change)
        self.changes = []
        for node in list(self.writes):
            self._sync_file(node)

    def take(self, operation: Operation) -> None:
        """Let an operation happen."""
        if operation.name in {"open", "create", "write", "truncate", "fsync"}:
            self._take_of_file(operation)
        else:
            self._take_of_folder(operation)

    def _take_of_file(self, operation: Operation) -> None:
        match operation.name:
            case "open":
                self._handles[operation.handle] = self._now.find(operation.path)
            case "create":
                self._handles[operation.handle] = self._new_node(operation.path)
            case "write":
                node = self._handles[operation.handle]
                self._write(node, Write(operation.offset, operation.data))
            case "truncate":
                self._write(self._now.find(operation.path), Write(operation.offset, None))
            case "fsync":
                self._sync_file(self._handles[operation.handle])

    def _take_of_folder(self, operation: Operation) -> None:
        path = operation.path
        match operation.name:
            case "mkdir":
                self._folders.add(self._new_node(path))
            case "fsyncdir":
                self._sync_folder(self._now.find(path))
            case "unlink" | "rmdir":
                self._change({self._place(path): None})
            case "link":
                self._change({self._place(operation.to): self._now.find(path)})
            case "rename":
                node = self._now.find(path)
                self._change({self._place(path): None, self._place(operation.to): node})

    def image(
        self, changes: Iterable[Change], written: Callable[[int, list[Write]], Iterable[Write]]
    ) -> Image:
        """Return the disk with some of the changes that may be there.

        `written` chooses of a file's unsynced writes, or of parts of them, those that are there.
        """
        names = self._names.copy()
        for change in changes:
            names.take(change)
        tree = names.tree()
        return dict(self._below(ROOT, "", tree, written))

    def _below(
        self,
        folder: int,
        path: str,
        tree: dict[int, dict[str, int]],
        written: Callable[[int, list[Write]], Iterable[Write]],
    ) -> Iterator[tuple[str, bytes | None]]:
        for name, node in tree.get(folder, {}).items():
            if node in self._folders:
                yield path + name, None
                yield from self._below(node, f"{path}{name}/", tree, written)
            else:
                yield path + name, self._holding(node, written(node, self.writes.get(node, [])))

    def _holding(self, node: int, writes: Iterable[Write]) -> bytes:
        chosen = list(writes)
        if not chosen:
            return self._content.get(node, b"")
        content = bytearray(self._content.get(node, b""))
        for each in chosen:
            each.onto(content)
        return bytes(content)

    def _place(self, path: str) -> tuple[int, str]:
        folder, _, name = path.rpartition("/")
        return self._now.find(folder), name

    def _new_node(self, path: str) -> int:
        self._nodes += 1
        self._change({self._place(path): self._nodes})
        return self._nodes

    def _change(self, names: dict[tuple[int, str], int | None]) -> None:
        self._numbers += 1
        change = Change(self._numbers, names)
        self.changes.append(change)
        self._now.take(change)

    def _write(self, node: int, write: Write) -> None:
        self.writes.setdefault(node, []).append(write)

    def _sync_file(self, node: int) -> None:
        self._content[node] = self._holding(node, self.writes.pop(node, []))

    def _sync_folder(self, folder: int) -> None:
        synced = [each for each in self.changes if folder in {place for place, _ in each.names}]
        for each in synced:
            self._names.take(each)
        self.changes = [each for each in self.changes if each not in synced]
