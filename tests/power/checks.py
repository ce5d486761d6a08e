"""What must hold of every image of the disk, and what its journal says once it is recovered."""

from __future__ import annotations

import hashlib
import re
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import tomli

from hotfolder.domain.errors import HotfolderError
from hotfolder.journal import recovery
from hotfolder.journal.connection import FILE_NAME
from hotfolder.journal.journal import Journal
from tests.power.disk import Image, lay_out

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.power.cuts import Cut
    from tests.power.scenario import Recording, Restart

OURS: Final = ".hotfolder-"
UNSENT: Final = frozenset({"accepted", "uploaded"})
MARK: Final = re.compile(r"out/\.hotfolder-[0-9a-f]+")
_JOBS: Final = """
SELECT material.content_hash, job.state, submit.task_id
FROM job JOIN material ON material.job = job.id LEFT JOIN submit ON submit.job = job.id
"""
_RESULTS: Final = """
SELECT job.state, result.spool_file, result.sha256, result.output_name, result.published_at
FROM result JOIN submit ON submit.id = result.submit JOIN job ON job.id = submit.job
WHERE result.sha256 IS NOT NULL
"""
_MARKS: Final = "SELECT mark FROM submit WHERE mark IS NOT NULL"
_MOVED: Final = "SELECT moved_to, content_hash FROM source WHERE moved_to IS NOT NULL"
QUERIES: Final = (_JOBS, _RESULTS, _MARKS, _MOVED)

_sha256 = cache(lambda content: hashlib.sha256(content).hexdigest())


def wrong(recording: Recording, cut: Cut, folder: Path) -> list[str]:
    """Return what is wrong with an image; its journal is recovered in an empty folder."""
    return [*_wrong_files(recording, cut.image), *_wrong_journal(recording, cut, folder)]


def wrong_after(restart: Restart) -> list[str]:
    """Return what is wrong once hotfolder was started after a cut, and has come to rest."""
    recording, left, states = restart.recording, restart.left, restart.states
    found = [*_wrong_files(replace(recording, apart=False), left), *restart.holds]
    paid = Counter(task.input_sha256 for task in recording.tasks)
    found += [f"{hashed} was paid {count} times" for hashed, count in paid.items() if count > 1]
    doubtful = {
        hashed for name, hashed in recording.originals.items() if states.get(name) == "in_doubt"
    }
    for name, hashed in recording.originals.items():
        state = states.get(name)
        if state != "done" and hashed not in doubtful and f"in/.{name}" not in left:
            found.append(f"{name} is {state}")
        if state == "done" and f"out/{name}" not in left:
            found.append(f"{name} has no output")
    return found


def _wrong_files(recording: Recording, image: Image) -> Iterator[str]:
    held: Counter[str] = Counter()
    for path, content in image.items():
        top, _, below = path.partition("/")
        if content is None or top not in {"in", "out"}:
            continue
        if path.rpartition("/")[2].startswith(OURS):
            if path.endswith("-id") and not _is_marker(content):
                yield f"{path} is half a marker"
            continue
        hashed = _sha256(content)
        held[hashed] += top == "in" or below.startswith("_originals/")
        if top == "out" and hashed not in recording.results:
            yield f"{path} is not whole"
    for hashed, count in Counter(recording.originals.values()).items():
        most = 2 * count if recording.apart else count  # the copy, before its original is removed
        if not count <= held[hashed] <= most:
            yield f"an original is there {held[hashed]} times, not {count}"


def _wrong_journal(recording: Recording, cut: Cut, folder: Path) -> Iterator[str]:
    sent = {
        task.task_id: task.input_sha256[0]
        for task in recording.tasks
        if task.accepted_at < cut.before
    }
    if not cut.image.get(f"state/{FILE_NAME}"):
        if sent:
            yield f"the journal is gone, {len(sent)} tasks are paid"
        return
    try:
        found = _recovered(cut.image, folder)
    except HotfolderError as error:
        yield f"the journal: {error}"
        return
    yield from _forgotten(found[_JOBS], sent)
    yield from _lost(found[_RESULTS], cut.image)
    yield from _unmarked({mark for (mark,) in found[_MARKS]}, cut.image, is_needed=bool(sent))
    for moved_to, hashed in found[_MOVED]:
        path = f"out/{moved_to.decode()}"
        if _sha256(cut.image.get(path) or b"") != hashed:
            yield f"{path} is not the original that was moved there"


def _recovered(image: Image, folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Start on an image's journal as the daemon does; return what it says then."""
    lay_out({path: each for path, each in image.items() if path.startswith("state/")}, folder)
    try:
        with Journal(folder / "state") as journal:
            journal.run_blocking(recovery.recover)
        with closing(sqlite3.connect(folder / "state" / FILE_NAME)) as opened:
            return {each: opened.execute(each).fetchall() for each in QUERIES}
    finally:
        shutil.rmtree(folder / "state")


def _forgotten(jobs: list[tuple[Any, ...]], sent: dict[str, str]) -> Iterator[str]:
    known = {task_id for *_, task_id in jobs if task_id is not None}
    doubtful = {hashed for hashed, state, *_ in jobs if state == "in_doubt"}
    for task_id, hashed in sent.items():
        if task_id not in known and hashed not in doubtful:
            yield f"task {task_id} is forgotten"
    begun = {hashed for hashed, state, *_ in jobs if state not in UNSENT}
    for hashed, state, *_ in jobs:
        if state in UNSENT and hashed in sent.values() and hashed not in begun:
            yield f"{hashed} would be paid again"


def _lost(results: list[tuple[Any, ...]], image: Image) -> Iterator[str]:
    for state, spool_file, hashed, name, published_at in results:
        path = f"state/spool/{spool_file}" if published_at is None else f"out/{name.decode()}"
        if published_at is None and state != "fetched":
            continue
        if _sha256(image.get(path) or b"") != hashed:
            yield f"{path} is not there whole, the journal says it is"


def _unmarked(known: set[str], image: Image, *, is_needed: bool) -> Iterator[str]:
    """Yield what is wrong with the mark in the output folder, which tells of an older journal."""
    stand = [each for path, each in image.items() if each is not None and MARK.fullmatch(path)]
    if is_needed and not stand:
        yield "no mark stands in the output folder"
    for each in stand:
        if tomli.loads(each.decode()).get("mark") not in known:
            yield "the journal does not know the mark in the output folder"


def _is_marker(content: bytes) -> bool:
    try:
        return {"folder", "journal"} <= tomli.loads(content.decode()).keys()
    except ValueError:
        return False
