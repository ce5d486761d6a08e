"""What is wrong with the folders: not there, silent, inside one another, on a share."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path

from hotfolder import config
from hotfolder.config import Problem, Reading, Watch
from hotfolder.domain.errors import OutputError
from hotfolder.outputs.trial import try_publishing
from hotfolder.preflight import overlaps, stated
from hotfolder.preflight.overlaps import Folder
from hotfolder.tree import mounts

ANSWERS_S = 5.0


def silent(reading: Reading) -> frozenset[Path]:
    """Return the watches' folders that do not answer: a dead share hangs whoever touches it."""
    return _silent(
        each.path for each in (*_folders(reading, "input"), *_folders(reading, "output"))
    )


def problems(
    reading: Reading, seen_online: Collection[str], dead: Collection[Path]
) -> Iterator[Problem]:
    """Yield what is wrong; the folders of watches that were `seen_online` may be away.

    `dead` are those that do not answer.
    """
    for folder in (*_folders(reading, "input"), *_folders(reading, "output")):
        if folder.path in dead and folder.watch not in seen_online:
            yield stated.problem(reading, folder.place, f"its share does not answer: {folder.path}")
    inputs = [each for each in _folders(reading, "input") if each.path not in dead]
    outputs = [each for each in _folders(reading, "output") if each.path not in dead]
    for folder in (*inputs, *outputs):
        if folder.identity is None and folder.watch not in seen_online:
            there = os.path.exists(folder.path)  # noqa: PTH110  never raises
            kind = "is not a folder" if there else "there is no such folder"
            mend = "" if there else "; make it, or mount what belongs there"
            yield stated.problem(reading, folder.place, f"{kind}: {folder.path}{mend}")
    yield from _nested(reading, inputs, outputs)
    state = _state_folder(reading)
    if state is None:
        return
    for folder in (*inputs, *outputs):
        if overlaps.is_inside(state.path, folder):
            yield stated.problem(reading, state.place, f"must not be inside {folder.path}")
    yield from _state_problems(reading, state)


def answering(watches: Iterable[Watch], dead: Collection[Path]) -> list[Watch]:
    """Return the watches of whose folders none is dead."""
    return [each for each in watches if each.input not in dead and each.output not in dead]


def access_problems(watches: Sequence[Watch]) -> list[str]:
    """Return which folders are there but cannot be used by this user, and missing references.

    A hidden trial file is written into the outputs and removed again.
    """
    read, write = os.R_OK | os.X_OK, os.W_OK | os.X_OK
    found = [
        f"{what} of watch {watch.name} cannot be {verb}: {folder}"
        for watch in watches
        for what, verb, folder, right in (
            ("the input", "read", watch.input, read),
            ("the output", "written", watch.output, write),
        )
        if folder.is_dir() and not os.access(folder, right)
    ]
    found += [
        f"the reference {path} of rule {rule.name} of watch {watch.name} is not there"
        for watch in watches
        for rule in watch.rule
        for path in rule.constant_files
        if not os.path.isfile(path)  # noqa: PTH113  never raises
    ]
    return list(dict.fromkeys([*found, *_unpublishable(watches)]))


def _unpublishable(watches: Iterable[Watch]) -> list[str]:
    """Return in which outputs no result could get its name, as a trial file shows."""
    refused: dict[Path, str] = {}

    def attempt(root: Path) -> None:
        try:
            try_publishing(root)
        except OutputError as error:
            refused[root] = f"{error}. {error.hint}"

    outputs = {each.output: each.name for each in watches if os.access(each.output, os.W_OK)}
    late = _silent(outputs, attempt)
    refused |= dict.fromkeys(late, "a trial file could not be written in time")
    return [
        f"no result can be published in the output of watch {name}: {refused[root]}"
        for root, name in outputs.items()
        if root in refused
    ]


def _folders(reading: Reading, name: str) -> Iterator[Folder]:
    for number, watch in enumerate(stated.watch_tables(reading)):
        path = stated.resolved(reading, watch.get(name))
        if path is not None:
            yield Folder(("watch", number, name), path, str(watch.get("name")))


def answers(path: Path) -> bool:
    """Return whether a folder can be looked at within ANSWERS_S seconds."""
    return not _silent([path])


def _silent(
    paths: Iterable[Path], look_at: Callable[[Path], object] = os.path.exists
) -> frozenset[Path]:
    """Look at all of them at once, each in a thread that may hang for ever."""
    looks = {
        path: threading.Thread(target=look_at, args=(path,), daemon=True)
        for path in dict.fromkeys(paths)
    }
    for look in looks.values():
        look.start()
    end_s = time.monotonic() + ANSWERS_S
    for look in looks.values():
        look.join(max(0.0, end_s - time.monotonic()))
    return frozenset(path for path, look in looks.items() if look.is_alive())


def _nested(reading: Reading, inputs: list[Folder], outputs: list[Folder]) -> Iterator[Problem]:
    for position, one in enumerate(inputs):
        for other in inputs[:position]:
            if one.identity is not None and one.identity == other.identity:
                message = f"is the input of {config.key_path(other.place[:2])}, too: {one.path}"
                yield stated.problem(reading, one.place, message)
            elif overlaps.is_inside(one.path, other) or overlaps.is_inside(other.path, one):
                message = f"inputs must not lie inside one another: {one.path}, {other.path}"
                yield stated.problem(reading, one.place, message)
            elif overlaps.share_files(one.path, other.path):
                message = f"inputs must not share folders by mounts: {one.path}, {other.path}"
                yield stated.problem(reading, one.place, message)
        for output in outputs:
            if overlaps.is_inside(output.path, one):
                message = f"the output lies inside the input {one.path}: edits would be edited"
                yield stated.problem(reading, output.place, message)
            elif overlaps.is_inside(one.path, output):
                message = (
                    f"the input lies inside the output {output.path}: edits could be written "
                    f"into it and be edited again"
                )
                yield stated.problem(reading, one.place, message)
            elif overlaps.share_files(output.path, one.path):
                message = (
                    f"the output and the input {one.path} share folders by way of a mount: "
                    f"edits would be edited"
                )
                yield stated.problem(reading, output.place, message)


def _state_folder(reading: Reading) -> Folder | None:
    path = stated.resolved(reading, reading.table.get("state_dir"))
    return Folder(("state_dir",), path, "") if path else None


def _state_problems(reading: Reading, state: Folder) -> Iterator[Problem]:
    there = state.path
    while not os.path.lexists(there) and there.parent != there:
        there = there.parent
    if not os.path.isdir(there):  # noqa: PTH112  never raises
        yield stated.problem(reading, state.place, f"is not a folder: {there}")
        return
    if not os.access(there, os.W_OK | os.X_OK):
        yield stated.problem(reading, state.place, f"this user may not write in {there}")
    mount = mounts.of(state.path)
    if mount.remote:
        yield stated.problem(
            reading,
            state.place,
            f"{state.path} is on a network share ({mount.kind}), where the journal cannot keep "
            f"its promises: choose a folder on a local disk",
        )
