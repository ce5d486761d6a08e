"""What was heard of money, kept for good, and what follows from it for a job.

Every intent is tested here against the law of `domain.paid`, in its own transaction and over all
tasks of its job. Nothing here is ever changed or deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hotfolder.domain import paid
from hotfolder.domain.errors import HotfolderError
from hotfolder.domain.money import COINS
from hotfolder.domain.paid import Charge, Heard, Known, Standing, Words
from hotfolder.journal.engine import Row
from hotfolder.journal.session import Session, from_ms, to_ms

CONFIRMED_FOR: Final = timedelta(minutes=2)  # between the second answer and the intent


class PaidAlready(HotfolderError):
    """A job may not be submitted (again): an earlier submit may have been charged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unconfirmed:
    """A task that was told once to have ended without a charge.

    `is_covered`: somebody has spoken since, so that a service which has forgotten it is enough.
    """

    submit: int
    task_id: str
    told_at: datetime
    is_covered: bool


def hear(session: Session, submit: int, charge: Charge, *, succeeded: bool = False) -> None:
    """Keep what a word of the service says of a submit's money."""
    if succeeded:
        _hear(session, submit, "success")
    if charge.money is not None:
        session.change(
            "raise_charge", submit=submit, charge=str(charge.money), currency=charge.currency
        )
    if charge.money:
        _hear(session, submit, "charge", str(charge.money), charge.currency)
    if charge.coins:
        _hear(session, submit, "charge", str(charge.coins), COINS)
    if charge.unreadable:
        _hear(session, submit, "unreadable", charge.unreadable)


def hear_end(session: Session, submit: int, charge: Charge) -> None:
    """Keep that a submit's task ended without a result, charged or not."""
    hear(session, submit, charge)
    if not charge:
        _hear(session, submit, "free")


def hear_again(session: Session, submit: int) -> None:
    """Keep that a task which ended without a charge was told once more to have done so."""
    session.change("hear_again", submit=submit)


def speak(session: Session, job_id: int, *, for_charges: bool) -> None:
    """Keep somebody's word that a job may be submitted again, `for_charges` even if it was paid."""
    session.change("speak", job=job_id, what="word" if for_charges else "leave")


def heard(session: Session, submit: int) -> Heard:
    """Return what was ever heard of a submit."""
    what = {row["what"] for row in session.rows("heard_of_submit", submit=submit)}
    return Heard(succeeded="success" in what, charged=bool(what - {"success"}))


def standing(session: Session, job_id: int) -> Standing:
    """Return how far it is known that nothing was paid for a job, but for what a word covers."""
    return paid.standing(map(_known, _submits(session, job_id)), _words(session, job_id))


def may_be_paid(session: Session, job_id: int) -> bool:
    """Return whether a job may have been paid for, but for what a word covers."""
    return standing(session, job_id) >= Standing.UNKNOWN


def was_ever_paid(session: Session, job_id: int) -> bool:
    """Return whether any submit of a job is paid, whoever has spoken since."""
    return any(_known(row).standing is Standing.PAID for row in _submits(session, job_id))


def require_unpaid(session: Session, job_id: int) -> None:
    """Raise PaidAlready unless all submits of a job are known to be unpaid, or covered."""
    stands = standing(session, job_id)
    if stands is not Standing.UNPAID:
        raise PaidAlready(f"job {job_id} may not be submitted: {stands.name.lower()}")


def unconfirmed(session: Session, job_id: int) -> list[Unconfirmed]:
    """Return the tasks that are to be asked for once more before a job is submitted again."""
    words = _words(session, job_id)
    return [
        Unconfirmed(
            submit=row["id"],
            task_id=row["task_id"],
            told_at=from_ms(row["free_at"]),
            is_covered=words.cover(_known(row)),
        )
        for row in _submits(session, job_id)
        if _known(row).standing is Standing.UNCONFIRMED
    ]


def best_task(session: Session, job_id: int) -> int | None:
    """Return the submit of a job whose task is the likeliest to have a result, or None."""
    row = session.row("best_task", job=job_id)
    return None if row is None else int(row["id"])


def has_task(session: Session, job_id: int) -> bool:
    """Return whether there is a task that can be asked for a job's result."""
    return best_task(session, job_id) is not None


def _hear(
    session: Session, submit: int, what: str, amount: str | None = None, currency: str | None = None
) -> None:
    session.change("hear", submit=submit, what=what, amount=amount, currency=currency)


def _submits(session: Session, job_id: int) -> list[Row]:
    since = to_ms(session.now - CONFIRMED_FOR)
    return session.rows("known_of_job", job=job_id, since=since)


def _known(row: Row) -> Known:
    return Known(
        id=row["id"],
        outcome=row["outcome"],
        paid_at=row["paid_at"],
        confirmed=bool(row["confirmed"]),
    )


def _words(session: Session, job_id: int) -> Words:
    (row,) = session.rows("words_for_job", job=job_id)
    return Words(person_at=row["person_at"], covered=row["covered"])
