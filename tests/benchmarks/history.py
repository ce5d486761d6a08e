"""Journals with a history, as long as one wishes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from hotfolder.domain.states import State
from hotfolder.journal.acceptance import accept, register_watch
from hotfolder.journal.connection import FILE_NAME
from hotfolder.journal.drafts import SettledSet
from hotfolder.journal.journal import Journal
from hotfolder.journal.session import Session
from hotfolder.journal.transitions import apply
from tests.builders import WAY_TO, draft, settled
from tests.studio import Studio

TOGETHER = 500
EVENTS_OF_A_JOB = 7


@cache
def _kept() -> tempfile.TemporaryDirectory[str]:
    """Return where journals are kept from round to round, until this process ends."""
    return tempfile.TemporaryDirectory(prefix="hotfolder-histories-")


def put_history(studio: Studio, *, done: int, running: int = 0) -> int:
    """Give a studio a journal with so many jobs; return its size in bytes."""
    kept = Path(_kept().name) / f"{done}-{running}"
    if not kept.exists():
        with _made(studio) as journal:
            _fill(journal, studio, State.DONE, 0, done)
            _fill(journal, studio, State.RUNNING, done, running)
        shutil.copytree(studio.state, kept)
        shutil.rmtree(studio.state)
    shutil.copytree(kept, studio.state)
    return (studio.state / FILE_NAME).stat().st_size


@contextmanager
def _made(studio: Studio) -> Iterator[Journal]:
    studio.state.mkdir()
    with Journal(studio.state) as journal:
        # Its folders are another watch's, so that no scan looks for all these sources.
        journal.run_blocking(register_watch, "before", str(studio.folder), str(studio.output))
        yield journal


def _fill(journal: Journal, studio: Studio, state: State, first: int, count: int) -> None:
    for begin in range(first, first + count, TOGETHER):
        numbers = range(begin, min(begin + TOGETHER, first + count))
        journal.run_blocking(_put, numbers, state, str(studio.output))


def _put(session: Session, numbers: range, state: State, output: str) -> None:
    for number in numbers:
        source = settled(f"d{number // 1000:04}/p{number}.jpg", content=str(number))
        wanted = [draft(stem=f"p{number}")]
        (job,) = accept(session, SettledSet.alone(source), wanted, output, per_rule=True)
        for event in WAY_TO[state]():
            apply(session, job.id, event)
