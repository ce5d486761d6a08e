"""Which notices are due: facts, and what was told before -> notices, and what is told then.

Pure. What was told is remembered for each receiver, so that nothing is told twice and a receiver
that could not be reached is told later.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from hotfolder.domain.failures import PAUSED, WATCH_REMOVED, Failure
from hotfolder.domain.jobs import Job
from hotfolder.domain.spelling import quoted
from hotfolder.journal import holds
from hotfolder.notices.occasions import Facts

COLLECT: Final = timedelta(minutes=1)
BETWEEN: Final = timedelta(minutes=10)
LONGEST_NAME: Final = 200
LONGEST_REASON: Final = 600
MOST_NAMED: Final = 20
BUDGET_CODES: Final = frozenset({"budget_spent"})
MADE_BY_PEOPLE: Final = frozenset({PAUSED.code, WATCH_REMOVED.code})


class Topic(StrEnum):
    """What a notice is about; a receiver may want only some."""

    HOLD = "hold"
    BUDGET = "budget"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    OFFLINE = "offline"
    REVIEW = "review"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something to be told: a line that says it all, and the rest."""

    topic: Topic
    title: str
    text: str


class Told(BaseModel):
    """What a receiver knows already; kept in the journal as JSON."""

    model_config = ConfigDict(frozen=True)

    newest: int | None = None
    holds: frozenset[str] = frozenset()
    offline: frozenset[str] = frozenset()
    unfollowed: dict[str, datetime] = {}
    in_doubt: frozenset[int] = frozenset()
    waiting_since: datetime | None = None
    last_at: datetime | None = None
    review_since: datetime | None = None
    review_told: bool = False
    summary_of: str = ""


def derive(facts: Facts, told: Told, offline_after: timedelta) -> tuple[list[Notice], Told]:
    """Return the notices that are due, and what is told once they have been sent."""
    held = {
        f"{each.scope} {each.failure.code}": each
        for each in facts.holds
        if each.failure.code not in MADE_BY_PEOPLE
    }
    away = {
        f"{row.name} {row.since}": row
        for row in facts.offline
        if row.since is not None and facts.now - row.since >= offline_after
    }
    left_since = {each: told.unfollowed.get(each, facts.now) for each in facts.unfollowed}
    left = {
        f"{watch} followed by nobody since {since}": watch
        for watch, since in left_since.items()
        if facts.now - since >= offline_after
    }
    doubtful = {job.id: job for job in facts.in_doubt}
    new_holds = [held[key] for key in sorted(held.keys() - told.holds)]
    notices = [_held(each.scope, each.failure) for each in new_holds]
    notices += [
        _offline(away[key].name, away[key].reason) for key in sorted(away.keys() - told.offline)
    ]
    notices += [
        _unfollowed(left[key], facts.unfollowed[left[key]])
        for key in sorted(left.keys() - told.offline)
    ]
    waiting, review = _to_review(facts, told)
    notices += waiting
    known = {
        "holds": frozenset(held),
        "offline": frozenset((*away, *left)),
        "unfollowed": left_since,
        "newest": facts.newest,
    }
    fresh = told.model_copy(update={**known, **review})
    new_doubts = [doubtful[key] for key in sorted(doubtful.keys() - told.in_doubt)]
    if not (facts.failed or new_doubts):
        still = frozenset(doubtful) & told.in_doubt
        return notices, fresh.model_copy(update={"in_doubt": still, "waiting_since": None})
    if not _collected(facts.now, told):
        since = told.waiting_since or facts.now
        return notices, fresh.model_copy(update={"newest": told.newest, "waiting_since": since})
    if facts.failed:
        notices.append(_failed(facts.failed))
    if new_doubts:
        notices.append(_in_doubt(new_doubts))
    later = {"in_doubt": frozenset(doubtful), "waiting_since": None, "last_at": facts.now}
    return notices, fresh.model_copy(update=later)


def joined(notices: list[Notice]) -> Notice:
    """Return one notice that says what several say."""
    first, *others = notices
    if not others:
        return first
    text = "\n\n".join(f"{each.title}\n{each.text}" for each in notices)
    return Notice(topic=first.topic, title=f"{first.title} (and {len(others)} more)", text=text)


def _collected(now: datetime, told: Told) -> bool:
    """Whether what failed may be told: a while after the first, and not too often."""
    if told.waiting_since is None or now - told.waiting_since < COLLECT:
        return False
    return told.last_at is None or now - told.last_at >= BETWEEN


def _to_review(facts: Facts, told: Told) -> tuple[list[Notice], dict[str, Any]]:
    """Return what is due of results that wait for a decision, and what is told then.

    Once, a while after the first of them, and not again before all of them are decided: whoever
    reviews all day is not called all day.
    """
    if not facts.to_review:
        return [], {"review_since": None, "review_told": False}
    since = told.review_since or facts.now
    is_due = not told.review_told and facts.now - since >= COLLECT
    notice = Notice(
        topic=Topic.REVIEW,
        title=_counted(facts.to_review, "result", "to be approved or rejected"),
        text="Nothing of them is published before. They are on the page's Review; "
        "hotfolder review lists them, too.",
    )
    kept = {"review_since": since, "review_told": told.review_told or is_due}
    return [notice] if is_due else [], kept


def _held(scope: str, failure: Failure) -> Notice:
    what = quoted(holds.where(scope), LONGEST_NAME)
    return Notice(
        topic=Topic.BUDGET if failure.code in BUDGET_CODES else Topic.HOLD,
        title=f"{what} is held: {quoted(failure.message, LONGEST_REASON)}",
        text=f"Nothing is submitted there; no file is lost. {quoted(failure.hint, LONGEST_REASON)}",
    )


def _offline(watch: str, reason: str | None) -> Notice:
    return Notice(
        topic=Topic.OFFLINE,
        title=f"The folder of {watch} is away",
        text=f"{quoted(reason or 'It cannot be reached.', LONGEST_REASON)} "
        "Its files are waited for; nothing is lost.",
    )


def _unfollowed(watch: str, machine: str) -> Notice:
    name, last = quoted(watch, LONGEST_NAME), quoted(machine, LONGEST_NAME)
    return Notice(
        topic=Topic.OFFLINE,
        title=f"Nobody follows {name}",
        text=f"{last} followed it last. A machine whose config says something else of it leaves it "
        f"alone: give all the same, or run hotfolder handover {name}. Its files wait.",
    )


def _failed(jobs: Iterable[Job]) -> Notice:
    listed = list(jobs)
    return Notice(
        topic=Topic.FAILED,
        title=_counted(len(listed), "file", "failed"),
        text=_listed(listed) + "\nhotfolder retry JOB tries one again.",
    )


def _in_doubt(jobs: Iterable[Job]) -> Notice:
    listed = list(jobs)
    text = "It cannot be known whether the service took them; they may have been charged.\n"
    return Notice(
        topic=Topic.IN_DOUBT,
        title=_counted(len(listed), "edit", "in doubt"),
        text=text + _listed(listed) + "\nLook at the tasks in the service's pages, then: "
        "hotfolder resolve JOB --task-id ID, --resend or --abandon.",
    )


def _counted(number: int, what: str, how: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'} {how}"


def _listed(jobs: list[Job]) -> str:
    lines = [_line(job) for job in jobs[:MOST_NAMED]]
    if len(jobs) > MOST_NAMED:
        lines.append(f"and {len(jobs) - MOST_NAMED} more: see hotfolder jobs")
    return "\n".join(lines)


def _line(job: Job) -> str:
    reason = quoted(job.failure.message, LONGEST_REASON) if job.failure else ""
    return f"job {job.id}: {job.watch}: {quoted(job.source, LONGEST_NAME)}: {reason}"
