"""Results and jobs as the page shows them: a part at a time, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State
from hotfolder.journal import browsing, reading
from hotfolder.journal.browsing import Asked, Place, ResultRow, SubmitRow
from hotfolder.journal.reading import HistoryLine
from hotfolder.journal.rows import existing_job
from hotfolder.journal.session import Session
from hotfolder.kinds.kind import Kind, format_of
from hotfolder.views.listing import JobView, job_view
from hotfolder.views.wording import names_job, view_words

__all__ = ["Asked", "Card", "Part", "Place", "WholeJob", "job", "jobs", "results", "whole"]

SHOWN: Final = 48
# What may be chosen in place of the results, and the states that it means.
STATES: Final[Mapping[str, tuple[State, ...]]] = {
    "waiting": (State.ACCEPTED, State.UPLOADED),
    "under way": (State.SUBMITTING, State.RUNNING, State.FINISHED, State.FETCHED),
    "failed": (State.FAILED,),
    "in doubt": (State.IN_DOUBT,),
    "cancelled": (State.CANCELLED,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A job in a list, with the result that is shown of it, if there is one."""

    job: Job
    result: ResultRow | None = None

    @property
    def at(self) -> datetime:
        """When the result was published, or else the job ended or was accepted."""
        return self.result.published_at if self.result else self.job.ended_at or self.accepted_at

    @property
    def accepted_at(self) -> datetime:
        """When the job was accepted."""
        return self.job.accepted_at

    @property
    def media(self) -> Kind | None:
        """What the page shows the result as, None = by its name alone."""
        return media_of(self.result.extension) if self.result else Kind.PICTURE


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a list, and where the next one begins."""

    cards: list[Card]
    after: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeJob:
    """Everything about one job; `words` is how it stands, in a sentence."""

    view: JobView
    words: str
    history: list[HistoryLine]
    submits: list[SubmitRow]
    results: list[ResultRow]
    charge: Decimal | None


def media_of(extension: str) -> Kind | None:
    """Return what the page shows files of an extension as, None = by their names alone."""
    found = format_of(extension)
    return found.kind if found is not None and found.shown else None


def results(session: Session, asked: Asked, wanted: int = SHOWN) -> Part:
    """Return published results, newest first."""
    rows, after = browsing.results(session, asked, wanted)
    return Part(cards=[Card(job=job, result=row) for row, job in rows], after=after)


def jobs(session: Session, chosen: str, asked: Asked, wanted: int = SHOWN) -> Part:
    """Return jobs of a choice of STATES, newest first."""
    parts = [browsing.jobs(session, state, asked, wanted) for state in STATES[chosen]]
    found = sorted((job for part, _ in parts for job in part), key=lambda job: -job.id)[:wanted]
    more = any(place for _, place in parts) or sum(len(part) for part, _ in parts) > wanted
    after = Place(at_ms=0, id=found[-1].id) if more and found else None
    return Part(cards=[Card(job=job) for job in found], after=after)


def whole(session: Session, number: int) -> WholeJob | None:
    """Return everything about a job, None where there is none of this number."""
    found = job(session, number)
    if found is None:
        return None
    view = job_view(session, found, None)
    shown = [browsing.result(session, each.id) for each in found.published]
    return WholeJob(
        view=view,
        words=names_job(view_words(view), found),
        history=reading.history(session, number),
        submits=browsing.submits(session, number),
        results=[row for each in shown if each for row in each[:1]],
        charge=view.charge,
    )


def job(session: Session, number: int) -> Job | None:
    """Return a job, None where there is none of this number."""
    try:
        return existing_job(session, number)
    except LookupError:
        return None


def result(session: Session, number: int) -> tuple[ResultRow, Job] | None:
    """Return a published result with its job, or None."""
    return browsing.result(session, number)
