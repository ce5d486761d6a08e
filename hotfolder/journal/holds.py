"""Holds: rows that say where submitting is stopped. Jobs are not touched by them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from hotfolder.domain.failures import WATCH_REMOVED, Failure
from hotfolder.journal.session import Session, from_ms, to_ms

ACCOUNT = "account"
FIRST_TRIAL_S = 30.0
LONGEST_TRIAL_S = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why and since when nothing is submitted in a scope, and how much waits for it."""

    scope: str
    failure: Failure
    since: datetime
    next_trial: datetime | None
    count: int
    estimate: Decimal | None


def watch_scope(watch: str) -> str:
    """Return the scope of all of a watch."""
    return f"watch:{watch}"


def rule_scope(watch: str, rule: str) -> str:
    """Return the scope of one rule of a watch."""
    return f"rule:{watch}/{rule}"


def hold(session: Session, scope: str, failure: Failure, *, with_trials: bool = True) -> bool:
    """Stop submitting in a scope; returns whether this hold is new.

    One job is let through as a trial after half a minute, later at doubling intervals. Calls
    that were on their way when the hold began change nothing: they are no trials.
    Without trials a hold stays until it is lifted.
    """
    found = session.row("find_hold", scope=scope)
    if found and (found["next_trial"] is None or found["next_trial"] > session.now_ms):
        return False
    trials = found["trials"] + 1 if found else 0
    wait_s = min(LONGEST_TRIAL_S, FIRST_TRIAL_S * 2.0 ** min(trials, 16))
    session.change(
        "put_hold",
        scope=scope,
        code=failure.code,
        reason=failure.message,
        hint=failure.hint,
        next_trial=to_ms(session.now + timedelta(seconds=wait_s)) if with_trials else None,
    )
    return found is None


def put_off(session: Session, scope: str) -> None:
    """Let the next trial of a hold come later; a scope that is not held stays so."""
    found = session.row("find_hold", scope=scope)
    if found is not None:
        hold(session, scope, Failure(found["code"], found["reason"], found["hint"]))


def lift(session: Session, scopes: Sequence[str], code: str | None = None) -> list[str]:
    """Let submitting go on; returns the scopes that were held.

    Only holds that have trials are lifted, with `code` only those for this reason.
    """
    return [scope for scope in scopes if session.change("lift_hold", scope=scope, code=code)]


def try_now(session: Session) -> None:
    """Give every hold a trial at once."""
    session.change("try_holds_now")


def hold_removed(session: Session, watches: Collection[str]) -> None:
    """Hold what is not yet submitted of watches that the config no longer has, and only that."""
    for row in session.rows("watches"):
        scope = watch_scope(row["name"])
        if row["name"] not in watches:
            hold(session, scope, WATCH_REMOVED, with_trials=False)
        else:
            session.change("drop_hold", scope=scope, code=WATCH_REMOVED.code)


def holds(session: Session) -> list[Hold]:
    """Return all holds with what they keep from being submitted.

    A watch that the config no longer has is held even with nothing to submit; that is not told.
    """
    listed = [_hold(session, row["scope"]) for row in session.rows("holds")]
    return [each for each in listed if each.count or each.failure.code != WATCH_REMOVED.code]


def _hold(session: Session, scope: str) -> Hold:
    (row,) = session.rows("find_hold", scope=scope)
    estimates = [each["estimate"] for each in session.rows("held_jobs", scope=scope)]
    known = all(each is not None for each in estimates)
    return Hold(
        scope=scope,
        failure=Failure(row["code"], row["reason"], row["hint"]),
        since=from_ms(row["since"]),
        next_trial=from_ms(row["next_trial"]) if row["next_trial"] is not None else None,
        count=len(estimates),
        estimate=sum((Decimal(each) for each in estimates), Decimal(0)) if known else None,
    )
