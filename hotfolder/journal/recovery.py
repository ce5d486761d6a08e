"""What happens at start before anything else.

A job found SUBMITTING was interrupted between the intent and the answer: it may have been
charged, so it is in doubt. It is never sent again from here.
"""

from __future__ import annotations

from collections.abc import Collection

from hotfolder.domain import events as ev
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State
from hotfolder.journal import holds
from hotfolder.journal.session import Session
from hotfolder.journal.transitions import apply

WATCH_REMOVED = Failure(
    "watch_removed",
    "The config no longer has this watch.",
    "Put the watch back into the config, or run cancel for its jobs.",
)

INTERRUPTED = "the program stopped between sending and the answer"


def recover(session: Session) -> list[Job]:
    """Put every interrupted submit in doubt and give every hold a trial; returns the doubtful."""
    interrupted = session.rows("jobs_in_state", state=State.SUBMITTING.value)
    event = ev.SubmitUnanswered(reason=INTERRUPTED)
    doubtful = [apply(session, row["id"], event) for row in interrupted]
    holds.try_now(session)
    return doubtful


def hold_removed(session: Session, watches: Collection[str]) -> None:
    """Hold what is not yet submitted of watches that the config no longer has."""
    for row in session.rows("watches"):
        scope = holds.watch_scope(row["name"])
        if row["name"] not in watches and session.rows("held_jobs", scope=scope):
            holds.hold(session, scope, WATCH_REMOVED, with_trials=False)
        elif row["name"] in watches and holds.code_of(session, scope) == WATCH_REMOVED.code:
            holds.lift(session, scope)


def running_jobs(session: Session) -> frozenset[int]:
    """Return the jobs that have a task at the service."""
    return frozenset(row["id"] for row in session.rows("jobs_in_state", state=State.RUNNING.value))


def held_scopes(session: Session) -> frozenset[str]:
    """Return the scopes that are held."""
    return frozenset(row["scope"] for row in session.rows("holds"))


def spooled_files(session: Session) -> frozenset[str]:
    """Return what the spool must keep."""
    return frozenset(row["spool_file"] for row in session.rows("spool_files"))
