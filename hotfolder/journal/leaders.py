"""One paid task for the same work: of the jobs with one work key one leads, the others follow.

A work key stands for a content, a model and a resolved payload. The leader is paid for; those
that follow wait for its result. A unique index sees to it that nobody leads beside another. A
leader that fails unpaid, is cancelled or gets another plan leads no longer: its followers are let
go, and the first of them to look leads then. One that was paid leads on, even where its result is
lost: only a person has it paid again, be it for the leader or for a follower that leads then.
"""

from __future__ import annotations

from hotfolder.domain.failures import LEADER_LOST, REUSED_LOST
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import BEFORE_INTENT, State
from hotfolder.journal import paid
from hotfolder.journal.session import Session

_HAS_A_RESULT = frozenset({State.FETCHED, State.DONE})
_LOST_WITH_LEADER = frozenset({LEADER_LOST, REUSED_LOST.code})
_GAVE_UP = frozenset({State.FAILED, State.CANCELLED})


def take_part(session: Session, job_id: int, work_key: str | None) -> int | None:
    """Let a job lead the work of a key, or follow; returns the leader, None where it is alone.

    Without a key a job neither leads nor follows. One that is to be made anew follows nobody, but
    leads where it led before: who waits for it is not paid for beside it.
    """
    part = session.row("part_of_job", job=job_id)
    if part is None:  # it was overtaken, which its step will find out
        return None
    found = session.row("leader_of", work_key=work_key) if work_key is not None else None
    leader = None if found is None or found["id"] == job_id else int(found["id"])
    wanted = None if part["anew"] and leader is not None else work_key
    if part["work_key"] != wanted:
        leave(session, job_id)
    if wanted is None:
        return None
    if (part["work_key"], part["leader"]) != (wanted, leader):
        session.change("set_part", job=job_id, work_key=wanted, leader=leader)
    return leader


def leave(session: Session, job_id: int) -> None:
    """Let a job neither lead nor follow, and those that follow it look for themselves."""
    session.change("set_part", job=job_id, work_key=None, leader=None)
    session.change("release_followers", leader=job_id)


def followers(session: Session, job_id: int) -> int:
    """Return how many jobs wait for the result of this one."""
    found = session.row("count_followers", leader=job_id)
    return int(found["count"]) if found else 0


def reconsider(session: Session) -> None:
    """Let all that wait for a leader look anew: a config may want their edits paid for each."""
    session.change("wake_all_followers")


def note_move(session: Session, job: Job) -> None:
    """Tell the followers what the new state of a job means for them."""
    code = job.failure.code if job.failure else None
    if job.state is State.FAILED and code in _LOST_WITH_LEADER:
        return
    is_paid = job.state in _GAVE_UP and _is_paid(session, job)
    if job.state in _GAVE_UP and not is_paid:
        leave(session, job.id)
    elif job.state in _HAS_A_RESULT or (is_paid and job.state is State.CANCELLED):
        session.change("wake_followers", leader=job.id)
    elif job.state in BEFORE_INTENT:
        session.change("wake_follower", job=job.id)


def _is_paid(session: Session, job: Job) -> bool:
    """Whether a job's work is paid, or may be and nobody has given it up."""
    may_be = job.state is State.FAILED and paid.may_be_paid(session, job.id)
    return may_be or paid.was_ever_paid(session, job.id)
