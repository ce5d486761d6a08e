"""What waits for a person: why, what to do about it, and what that would cost."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from hotfolder import config
from hotfolder.domain.commands import put
from hotfolder.domain.failures import BACKLOG, PAUSED, Failure
from hotfolder.domain.jobs import Job
from hotfolder.domain.price_failures import HELD_FOR_PRICE
from hotfolder.domain.states import BEFORE_INTENT, State
from hotfolder.journal import backlog, browsing, holds, memory, paid, reading, sets
from hotfolder.journal.browsing import Asked
from hotfolder.journal.holds import Hold
from hotfolder.journal.reading import WatchRow
from hotfolder.journal.session import Session
from hotfolder.journal.sets import Waiting

SHOWN: Final = 100

Way = Literal["retry", "allow", "task", "resend", "abandon", "cancel", "release", "skip", "resume"]


PAY_AGAIN: Final = "--pay-again"
# What there is a field for beside the buttons of a doubtful job.
TASK: Final = "That is it"
_OPTIONS: Final[Mapping[str, Way]] = {
    "--skip": "skip",
    "--resend": "resend",
    "--abandon": "abandon",
    "--job": "allow",
    "--task-id": "task",
}
_WAYS: Final[Mapping[str, Way]] = {
    "retry": "retry",
    "release": "release",
    "resume": "resume",
    "cancel": "cancel",
}
# What is done on another page: by the command's name.
_ELSEWHERE: Final = {"review": "Review"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing that a person may do. `pays` says whether it may cost money, `amount` how much.

    `about` is the job's number, or the watch's name ("" = all of the account).
    """

    way: Way
    about: str
    says: str
    pays: bool = False
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRow:
    """A hold, and what may be done about it."""

    hold: Hold
    where: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A job that waits for a person, why, and what may be done about it."""

    job: Job
    failure: Failure | None
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRow:
    """A set that is not complete, of which watch, and the files of it that are there."""

    watch: str
    waiting: Waiting
    files: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """All that waits for a person, at most SHOWN of a kind; `counts` tells how many there are."""

    held: list[HeldRow]
    offline: list[WatchRow]
    in_doubt: list[JobRow]
    failed: list[JobRow]
    waiting: list[JobRow]
    sets: list[SetRow]
    counts: Mapping[Literal["in_doubt", "failed", "waiting", "sets"], int]
    currency: str | None


def attention(session: Session, wanted: config.Config) -> Attention:
    """Return what waits for a person."""
    names = {watch.name for watch in wanted.watch}
    troubled = browsing.troubled(session, 2 * SHOWN)
    doubtful, _ = browsing.jobs(session, State.IN_DOUBT, Asked(), SHOWN)
    failed, _ = browsing.jobs(session, State.FAILED, Asked(), SHOWN)
    waiting = [job for job in troubled if job.state is not State.IN_DOUBT][:SHOWN]
    states = reading.state_counts(session)
    return Attention(
        held=[held_row(each) for each in holds.holds(session)],
        offline=[row for row in reading.watches(session) if not row.online and row.name in names],
        in_doubt=[_row(job, _of_doubt(job)) for job in doubtful],
        failed=[_row(job, of_failed(session, job)) for job in failed],
        waiting=[_row(job, _of_waiting(job)) for job in waiting],
        sets=_sets(session, names)[:SHOWN],
        counts={
            "in_doubt": states[State.IN_DOUBT],
            "failed": states[State.FAILED],
            "waiting": browsing.troubled_count(session) - states[State.IN_DOUBT],
            "sets": sets.count(session),
        },
        currency=memory.currency(session),
    )


def _sets(session: Session, names: Collection[str]) -> list[SetRow]:
    return [
        SetRow(watch=row.name, waiting=each, files=sets.files(session, row.id, each.key))
        for row in reading.watches(session)
        if row.name in names
        for each in sets.waiting(session, row.id, limit=SHOWN)
    ]


def of_job(session: Session, job: Job) -> tuple[Choice, ...]:
    """Return what may be done about one job."""
    match job.state:
        case State.FAILED:
            return of_failed(session, job)
        case State.IN_DOUBT:
            return _of_doubt(job)
    return _of_waiting(job)


def of_failed(session: Session, job: Job) -> tuple[Choice, ...]:
    """Return what may be done about a failed job."""
    if not paid.may_be_paid(session, job.id):
        return (_paying(job, "retry", "Try again"),)
    if paid.has_task(session, job.id):
        return (Choice(way="retry", about=str(job.id), says="Ask for its result again"),)
    return ()


def held_row(hold: Hold) -> HeldRow:
    """Return a hold with what may be done about it."""
    kind, _, place = hold.scope.partition(":")
    watch = place.partition("/")[0] if kind in {"watch", "rule", "backlog"} else ""
    return HeldRow(hold=hold, where=holds.where(hold.scope), choices=_of_hold(hold, watch))


def _of_hold(hold: Hold, watch: str) -> tuple[Choice, ...]:
    if hold.failure.code in {BACKLOG.code, *backlog.DISTRUSTED}:
        says = "Edit them" if hold.failure.code == BACKLOG.code else "Trust it and go on"
        return (
            Choice(way="release", about=watch, says=says, pays=True, amount=hold.estimate),
            Choice(way="skip", about=watch, says="Leave them out"),
        )
    says = "Resume" if hold.failure.code == PAUSED.code else "Try now"
    return (Choice(way="resume", about=watch, says=says),)


def _of_doubt(job: Job) -> tuple[Choice, ...]:
    return (
        _paying(job, "resend", "Send again"),
        Choice(way="abandon", about=str(job.id), says="Give up"),
    )


def _of_waiting(job: Job) -> tuple[Choice, ...]:
    if job.state in BEFORE_INTENT | {State.RUNNING}:
        cancel = Choice(way="cancel", about=str(job.id), says="Cancel")
        if job.failure is not None and job.failure.code in HELD_FOR_PRICE:
            return _paying(job, "allow", "Allow it"), cancel
        return (cancel,)
    return ()


def on_buttons(text: str, choices: Collection[Choice]) -> str:
    """Return what is to be done, with the names of buttons in place of the commands they are."""
    says: dict[Way | None, str] = {"task": TASK, **{each.way: each.says for each in choices}}

    def pressed(words: str) -> str:
        name = says.get(_way(words.split()), "") or _ELSEWHERE.get(words.partition(" ")[0], "")
        return f"“{name}”" if name else f"`hotfolder {words}`"

    return put(text, pressed)


def _way(words: list[str]) -> Way | None:
    """Return which button does what a command does."""
    for option, way in _OPTIONS.items():
        if option in words:
            return way
    return None if PAY_AGAIN in words else _WAYS.get(words[0])


def _paying(job: Job, way: Way, says: str) -> Choice:
    return Choice(way=way, about=str(job.id), says=says, pays=True, amount=job.estimate.amount)


def _row(job: Job, choices: tuple[Choice, ...]) -> JobRow:
    failure = job.failure.about(job=job.id, watch=job.watch) if job.failure else None
    return JobRow(job=job, failure=failure, choices=choices)
