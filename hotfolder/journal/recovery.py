"""What happens at start before anything else.

A job found SUBMITTING was interrupted between the intent and the answer: it may have been
charged, so it is in doubt. It is never sent again from here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from hotfolder.domain import events as ev
from hotfolder.domain import names
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State
from hotfolder.journal import doubts, holds, leases
from hotfolder.journal.follow_ups import FOLLOWED_FOR
from hotfolder.journal.leases import Taken
from hotfolder.journal.session import Session, from_ms, to_ms
from hotfolder.journal.transitions import apply

DURATIONS_LOOKED_AT: Final = 500
DURATIONS_COUNTED: Final = 9
# What should have left the spool for longer than this is swept from it at the next start.
EMPTIED_WITHIN: Final = timedelta(days=7)
INTERRUPTED = "the program stopped between sending and the answer"


def recover(session: Session) -> list[Job]:
    """Put every interrupted submit in doubt and give every hold a trial; returns the doubtful."""
    doubtful = _doubt_interrupted(session)
    holds.try_now(session)
    return doubtful


def take_over(session: Session, wanted: Mapping[str, str]) -> tuple[Taken, list[Job]]:
    """Follow what nobody else does, as `leases.take`; returns the doubtful that come with it."""
    taken = leases.take(session, wanted)
    return taken, _doubt_interrupted(session) if taken.new else []


def _doubt_interrupted(session: Session) -> list[Job]:
    """Put in doubt what was being sent by whoever is gone; returns it."""
    event = ev.SubmitUnanswered(reason=INTERRUPTED)
    doubtful = [apply(session, row["id"], event) for row in session.rows("interrupted_jobs")]
    too_many = doubts.brake(session) if doubtful else None
    if too_many is not None:
        holds.hold(session, *too_many)
    return doubtful


def running_jobs(session: Session) -> frozenset[int]:
    """Return the jobs that have a task at the service."""
    return frozenset(row["id"] for row in session.rows("jobs_in_state", state=State.RUNNING.value))


def usual_durations_s(session: Session) -> dict[str, float]:
    """Return how long tasks of each model take, in seconds, as seen before this start.

    It is the median of the newest few, so that those which an outage or a stop of the program
    kept from being seen in time count for little.
    """
    seen: defaultdict[str, list[int]] = defaultdict(list)
    for row in session.rows("newest_durations", limit=DURATIONS_LOOKED_AT):
        seen[row["model"]].append(row["duration"])
    return {model: median(each[:DURATIONS_COUNTED]) / 1000 for model, each in seen.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubtful:
    """A submit that may be running at the service."""

    job: int
    model: str
    intent_at: datetime


def doubtful_submits(session: Session) -> list[Doubtful]:
    """Return the submits that nobody knows a task of."""
    return [
        Doubtful(job=row["job"], model=row["model"], intent_at=from_ms(row["intent_at"]))
        for row in session.rows("doubtful_submits")
    ]


def followed_files(session: Session) -> list[str]:
    """Return what the spool kept for those who might want a step of a chain made anew.

    Of jobs that ended so long ago that this is over, and not much longer ago.
    """
    before = session.now - FOLLOWED_FOR
    after = before - EMPTIED_WITHIN
    rows = session.rows("followed_files", after=to_ms(after), before=to_ms(before))
    return [row["spool_file"] for row in rows]


def spooled_files(session: Session) -> frozenset[str]:
    """Return what the spool must keep: results, each with its raw form, and kept metadata.

    And what came in place of results, as long as these are missing.
    """
    since = to_ms(session.now - FOLLOWED_FOR)
    fetched = [row["spool_file"] for row in session.rows("spool_files", followed_since=since)]
    coming = [
        names.result_file(row["submit"], row["position"]) for row in session.rows("raw_results")
    ]
    unusable = [
        names.unusable_file(names.result_file(row["submit"], row["position"]))
        for row in session.rows("unusable_results")
    ]
    keepsakes = [
        name(row["id"])
        for row in session.rows("jobs_with_keepsakes", followed_since=since)
        for name in (names.keepsake_file, names.ingredient_file)
    ]
    raw = [names.raw_file(each) for each in (*fetched, *coming)]
    beside = [names.companion_file(each) for each in fetched]
    return frozenset([*fetched, *raw, *beside, *unusable, *keepsakes])
