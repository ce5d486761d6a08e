"""Output names: reserved in the journal, so that two edits never share one on any share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from hotfolder.domain import names
from hotfolder.domain.jobs import Job
from hotfolder.journal.session import Session

MOST_NUMBERS = 10_000


class Known(NamedTuple):
    """By which watch and key a set is known, and which of its jobs one is."""

    watch: int
    key: bytes
    slot: int


@dataclass(frozen=True, slots=True)
class Earlier:
    """The hashes of what may be replaced, and what stands beside it: the paths with hashes."""

    hashes: frozenset[str] = frozenset()
    beside: frozenset[tuple[str, str]] = frozenset()


def name_result(
    session: Session,
    job: Job,
    position: int,
    extension: str,
    after: str | None,
    number: int | None = None,
) -> str:
    """Choose, reserve and keep the output name of a result; returns it with its folder.

    `after` is the name that a file not ours already has: the next free one is taken. A rejected
    result goes to a folder of its own. `number` is the one in its name, None = its position.
    """
    result = next((each for each in job.results if each.position == position), None)
    if result is None:  # StopIteration would never reach the caller: a Future refuses it
        raise LookupError(f"job {job.id} has no result {position}")
    own = names.step_stem(job.output_stem, job.step + 1) if result.is_taken else job.output_stem
    stem = names.result_stem(own, number or position)
    folder = names.rejected_folder(job.output_folder) if result.is_rejected else job.output_folder
    passed = after is None
    for candidate in _numbered(stem):
        name = _join(folder, names.fit(candidate, extension))
        if not passed:
            passed = _without_extension(name) == _without_extension(after or "")
            continue
        if _reserve(session, job.output_root, folder, candidate, job.root):
            session.change("name_result", result=result.id, output_name=os.fsencode(name))
            return name
    raise LookupError("the numbers ended")


def replaceable(session: Session, job_id: int, output_name: str) -> Earlier:
    """Return what earlier jobs of the same set wrote under a name and beside it."""
    rows = session.rows("earlier_outputs", job=job_id, output_name=os.fsencode(output_name))
    written = [(row["sha256"], row["companion"], row["raw"]) for row in rows]
    beside = {(names.companion(output_name), row["companion"]) for row in rows if row["companion"]}
    beside |= {
        (names.untouched(output_name, row["raw_extension"] or "bin"), row["raw"])
        for row in rows
        if row["raw"]
    }
    return Earlier(frozenset(each for row in written for each in row if each), frozenset(beside))


def mark_published(session: Session, result_id: int) -> None:
    """Keep that a result stands under its final name."""
    session.change("mark_published", result=result_id)


def _numbered(stem: str) -> Iterator[str]:
    yield stem
    for number in range(2, MOST_NUMBERS):
        yield names.numbered(stem, number)


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def take_name(
    session: Session,
    job_id: int,
    output_root: str,
    folder: str,
    stem: str,
    source_name: str,
    *,
    replaces: bool,
) -> None:
    """Reserve the first free name; a newer edit of the same set and slot is numbered, no twin.

    One that `replaces` gets the names that an earlier job of the same set and slot has.
    """
    first = next(names.candidates(stem, ""))
    if replaces:
        _take_over(session, output_root, folder, first, job_id)
    is_newer = _owner_is_same_set(session, output_root, folder, first, job_id)
    extension = "" if is_newer or "." not in source_name else source_name.rpartition(".")[2]
    for candidate in names.candidates(stem, extension):
        if _reserve(session, output_root, folder, candidate, job_id):
            session.change("set_stem", job=job_id, output_stem=os.fsencode(candidate))
            return


def name_to_take(
    session: Session, output_root: str, folder: str, stem: str, source_name: str, known: Known
) -> tuple[str, int | None]:
    """Return the stem that a new job would want, and which job of its slot has it, if any."""
    extension = source_name.rpartition(".")[2] if "." in source_name else ""
    for candidate in names.candidates(stem, extension):
        key = names.stem_key(folder, candidate)
        owner = session.row("reserved_by", output_root=os.fsencode(output_root), name_key=key)
        if owner is None:
            return candidate, None
        if (owner["watch"], owner["key"], owner["slot"]) == known:
            return candidate, owner["job"]
    raise LookupError("the numbers ended")


def _take_over(session: Session, output_root: str, folder: str, stem: str, job_id: int) -> None:
    """Take the names of the job that has a stem, if it is an earlier one of its set and slot.

    Should that job still publish something, it gets other names.
    """
    root, key = os.fsencode(output_root), names.stem_key(folder, stem)
    owner = session.row("reserved_by", output_root=root, name_key=key)
    if owner is None or owner["job"] > job_id:
        return
    if _owner_is_same_set(session, output_root, folder, stem, job_id):
        session.change("take_over_names", earlier=owner["job"], job=job_id)


def _owner_is_same_set(
    session: Session, output_root: str, folder: str, stem: str, job_id: int
) -> bool:
    root, key = os.fsencode(output_root), names.stem_key(folder, stem)
    owner = session.row("reserved_by", output_root=root, name_key=key)
    (known,) = session.rows("known_by", job=job_id)
    same = ("watch", "key", "slot")
    return owner is not None and all(owner[each] == known[each] for each in same)


def _reserve(session: Session, output_root: str, folder: str, stem: str, job_id: int) -> bool:
    key = names.stem_key(folder, stem)
    root = os.fsencode(output_root)
    taken = session.row("reserve_name", output_root=root, name_key=key, job=job_id)
    if taken is not None:
        return True
    owner = session.row("reserved_by", output_root=root, name_key=key)
    return owner is not None and owner["job"] == job_id


def _without_extension(name: str) -> str:
    return name.rpartition(".")[0] or name
