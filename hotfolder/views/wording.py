"""How jobs, failures and times are put into words for a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from hotfolder.domain.commands import about
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Job, Result
from hotfolder.domain.states import Decision, State, WaitsFor
from hotfolder.views.explanation import Explanation
from hotfolder.views.listing import JobView, outputs, rejected, waits

STALE = "stale: its prompt or rule changed since; `hotfolder retry JOB --changed` makes it anew"

_WORDS = {
    State.ACCEPTED: "accepted, to be uploaded",
    State.UPLOADED: "uploaded, waits for a free place at the service",
    State.SUBMITTING: "is just being sent",
    State.RUNNING: "the service is working on it",
    State.FINISHED: "edited, the result is being fetched",
    State.FETCHED: "edited, the result is being written to the output folder",
    State.DONE: "done",
    State.CANCELLED: "cancelled",
    State.FAILED: "failed",
    State.IN_DOUBT: "in doubt",
}


def state_words(job: Job) -> str:
    """Return how a job stands, in a sentence for a person."""
    words, decided = _WORDS[job.state], job.decided
    if job.waits_for is WaitsFor.REVIEW:
        words = "edited; waits for someone to approve or reject it: `hotfolder review`"
    elif decided is not None and (job.state is State.FETCHED or decided.is_rejected):
        words = _decided(job, decided)
    elif job.state is State.DONE and job.ended_at is not None:
        words = f"done on {local_time(job.ended_at)}: {_came_of(job)}"
    elif job.published and job.missing:
        words = f"delivered in part: {', '.join(outputs(job))}; the rest is asked for again"
    if job.stale:
        words = f"{words} ({STALE})"
    if job.failure is None:
        return words
    return f"{'waits' if waits(job) else words}: {sentences(job.failure)}"


def _came_of(job: Job) -> str:
    """Return what became of the results of a job that is done."""
    made = ", ".join(outputs(job))
    if any(each.is_taken for each in job.results):
        return f"{made}; it goes on from there" if made else "it goes on with what was made"
    return made or "no output"


def names_job(words: str, job: Job) -> str:
    """Return what is said of a job, with commands that name it."""
    return about(words, job=str(job.id), watch=job.watch)


def _decided(job: Job, decided: Result) -> str:
    """Return what a person decided, and what comes or came of it."""
    said = "approved" if decided.decision is Decision.APPROVED else "rejected"
    when = f" on {local_time(decided.decided_at)}" if decided.decided_at else ""
    words = f"{said} by {decided.decided_by}{when}"
    kept = rejected(job)
    if kept:
        words += f": {', '.join(kept)}"
    elif job.state is State.FETCHED and job.due_at is not None:
        words += f"; takes effect at {job.due_at.astimezone():%H:%M:%S}"
    return words + (", to be made anew" if decided.decision is Decision.REDO else "")


def view_words(view: JobView) -> str:
    """Return how a job stands, and what that has to do with the job it follows."""
    words, leader = state_words(view.job), view.leader
    if leader is None:
        return words
    same = f"job {leader.id} ({leader.watch}: {leader.source}), which makes the same edit"
    if view.job.reused:
        return f"{words}; the result is that of {same}, nothing was paid for it"
    if view.job.waits_for is not WaitsFor.LEADER:
        return words
    return f"waits for the result of {same}: {state_words(leader)}"


def beside(told: Explanation) -> list[str]:
    """Return how the other jobs of a source stand, where it became several at once."""
    if told.job is None or not told.job.job.part:
        return []
    newest = {each.job.slot: each.job for each in (*reversed(told.others), told.job)}
    del newest[told.job.job.slot]
    lines = [f"{job.part}, job {job.id}: {state_words(job)}" for _, job in sorted(newest.items())]
    in_all = sum(told.states.values())
    if in_all > 1 + len(told.others):
        counts = ", ".join(
            f"{count:,} {state.value.replace('_', ' ')}" for state, count in told.states.items()
        )
        lines.insert(0, f"of its {in_all:,} jobs {counts}; these are the newest:")
    return lines


def in_a_line(counts: Mapping[State, int]) -> str:
    """Return how many jobs are at which point, in a few words; those that ended are not told."""
    told = {
        "running": counts[State.SUBMITTING] + counts[State.RUNNING],
        "waiting": counts[State.ACCEPTED] + counts[State.UPLOADED],
        "being delivered": counts[State.FINISHED] + counts[State.FETCHED],
        "in doubt": counts[State.IN_DOUBT],
        "failed": counts[State.FAILED],
    }
    return ", ".join(f"{count} {what}" for what, count in told.items() if count) or "idle"


def sentences(failure: Failure) -> str:
    """Return what is wrong and what to do about it."""
    parts = (part.strip() for part in (failure.message, failure.hint))
    return " ".join(part if part[-1] in ".!?)" else f"{part}." for part in parts if part)


def local_time(when: datetime) -> str:
    """Return a time as the owner's clock shows it."""
    return f"{when.astimezone():%Y-%m-%d %H:%M:%S}"


def moment(when: datetime, now: datetime) -> str:
    """Return a time as the owner's clock shows it, without the day where that is today."""
    there, today = when.astimezone(), now.astimezone().date()
    return f"{there:%H:%M}" if there.date() == today else f"{there:%Y-%m-%d %H:%M}"
