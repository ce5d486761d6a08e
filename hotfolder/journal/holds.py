"""Holds: rows that say where submitting is stopped, and why. Jobs are not touched by them.

A hold with trials lets one job through at growing intervals; what comes of it lifts the hold or
puts the next trial off. A scope has at most one of these: the service tells one cause at a time.
A hold without trials stays until whoever made it drops it: a person, the config, or the look that
finds the service again. The view `job_hold` says which job is under which hold.

Where several machines share the journal, what one of them lacks, the service or room in its spool,
holds what is followed from it, and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from hotfolder.domain.failures import (
    BACKLOG,
    CANNOT_SIGN,
    OUTPUT_BLOCKED,
    SPOOL_BLOCKED,
    UNREACHABLE,
    WATCH_REMOVED,
    Failure,
)
from hotfolder.domain.jobs import Job
from hotfolder.journal.engine import Row
from hotfolder.journal.session import Session, from_ms, to_ms

ACCOUNT = "account"
SERVICE = "service"
MACHINE = "machine"
FIRST_TRIAL_S = 30.0
LONGEST_TRIAL_S = 1800.0
# A look at a folder of one's own costs nobody anything: a share that is back is not kept waiting.
LOCAL = frozenset({OUTPUT_BLOCKED, SPOOL_BLOCKED, CANNOT_SIGN})
LONGEST_LOCAL_TRIAL_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why and since when nothing goes on in a scope, and how much waits for it."""

    scope: str
    failure: Failure
    since: datetime
    next_trial: datetime | None
    count: int
    estimate: Decimal | None

    @property
    def said(self) -> str:
        """Its scope for people: a machine by its name."""
        return said(self.scope)


def watch_scope(watch: str) -> str:
    """Return the scope of all of a watch."""
    return f"watch:{watch}"


def rule_scope(watch: str, rule: str) -> str:
    """Return the scope of one rule of a watch."""
    return f"rule:{watch}/{rule}"


def is_of_rule(scope: str) -> bool:
    """Return whether a scope is one rule's."""
    return scope.startswith("rule:")


def is_of(scope: str, kind: str) -> bool:
    """Return whether a scope is of a kind: SERVICE of whichever machine, say."""
    return scope.partition(":")[0] == kind


def said(scope: str) -> str:
    """Return a scope for people: a machine by its name."""
    kind, _, place = scope.partition(":")
    return f"{kind} on {_machine(place)}" if place and kind in {SERVICE, MACHINE} else scope


def where(scope: str) -> str:
    """Return for people what is held in a scope."""
    kind, _, place = scope.partition(":")
    on = f" on {_machine(place)}" if place else ""
    names = {ACCOUNT: "Everything", SERVICE: f"The service{on}", MACHINE: f"Everything{on}"}
    return names.get(kind, place)


def lacking_scopes(place: str | None) -> tuple[str, ...]:
    """Return the scopes of what the machine at a place may lack."""
    return () if place is None else (f"{SERVICE}:{place}", f"{MACHINE}:{place}")


def _machine(place: str) -> str:
    return place.partition(" ")[2]


def _here(session: Session, scope: str, code: str) -> str:
    """Return the scope of what holds here alone, where others share the journal."""
    if session.place is None:
        return scope
    if scope == SERVICE:
        return lacking_scopes(session.place.id)[0]
    if scope == ACCOUNT and code == SPOOL_BLOCKED:
        return lacking_scopes(session.place.id)[1]
    return scope


# -- with trials


def hold(session: Session, scope: str, failure: Failure) -> bool:
    """Stop submitting in a scope; returns whether this hold is new.

    One job is let through as a trial after half a minute, later at doubling intervals, at most
    half an hour; where the cause lies here, a minute. Calls
    that were on their way when the hold began change nothing: they are no trials.
    """
    scope = _here(session, scope, failure.code)
    found = session.row("find_hold", scope=scope)
    latest = to_ms(session.now + timedelta(seconds=LONGEST_TRIAL_S))
    if found and session.now_ms < found["next_trial"] <= latest:  # later: a clock was set back
        return False
    trials = found["trials"] + 1 if found else 0
    longest_s = LONGEST_LOCAL_TRIAL_S if failure.code in LOCAL else LONGEST_TRIAL_S
    wait_s = min(longest_s, FIRST_TRIAL_S * 2.0 ** min(trials, 16))
    session.change(
        "renew_hold" if found else "put_hold",
        scope=scope,
        code=failure.code,
        reason=_reason(session, scope, failure),
        hint=_hint(scope, failure),
        next_trial=to_ms(session.now + timedelta(seconds=wait_s)),
    )
    return found is None


def _hint(scope: str, failure: Failure) -> str:
    """Return what to do about a hold, with commands that name its watch."""
    kind, _, place = scope.partition(":")
    is_of_watch = kind not in {ACCOUNT, SERVICE, MACHINE}
    return failure.about(watch=place.partition("/")[0] if is_of_watch else "").hint


def _reason(session: Session, scope: str, failure: Failure) -> str:
    """Return why something is held: of what one of several machines lacks, which one that is."""
    if session.place is None or not (is_of(scope, SERVICE) or is_of(scope, MACHINE)):
        return failure.message
    on = f"On {session.place.machine}: "
    return failure.message if failure.message.startswith(on) else f"{on}{failure.message}"


def put_off(session: Session, scope: str) -> None:
    """Let the next trial of a hold come later; a scope that is not held stays so."""
    found = session.row("find_hold", scope=scope)
    if found is not None:
        hold(session, scope, Failure(found["code"], found["reason"], found["hint"]))


def lift(session: Session, scopes: Collection[str], code: str | None = None) -> list[str]:
    """Let submitting go on; returns the scopes that were held.

    Only holds that have trials are lifted, with `code` only those for this reason.
    """
    return [
        scope
        for scope in scopes
        if session.change("lift_hold", scope=_here(session, scope, code or ""), code=code)
    ]


def try_now(session: Session, scope: str | None = None) -> None:
    """Give the hold of a scope, or every hold, a trial at once.

    With that of the account go those of what single machines lack.
    """
    session.change("try_holds_now", scope=scope)
    if scope == ACCOUNT and session.is_shared:
        for row in session.rows("holds"):
            if is_of(row["scope"], MACHINE):
                session.change("try_holds_now", scope=row["scope"])


# -- without trials


def stop(session: Session, scope: str, failure: Failure) -> bool:
    """Stop in a scope until it is dropped; returns whether this hold is new."""
    scope = _here(session, scope, failure.code)
    is_new = session.row("is_held", scope=scope, code=failure.code) is None
    session.change(
        "put_hold",
        scope=scope,
        code=failure.code,
        reason=_reason(session, scope, failure),
        hint=_hint(scope, failure),
        next_trial=None,
    )
    return is_new


def drop(session: Session, scope: str, code: str) -> bool:
    """Let go on what was held for one reason; returns whether it was."""
    return session.change("drop_hold", scope=_here(session, scope, code), code=code) > 0


def is_held(session: Session, scope: str, code: str) -> bool:
    """Return whether a scope is held for a reason."""
    return session.row("is_held", scope=_here(session, scope, code), code=code) is not None


def hold_removed(session: Session, watches: Collection[str]) -> None:
    """Hold what is not yet submitted of watches that the config no longer has, and only that."""
    for row in session.rows("watches"):
        scope = watch_scope(row["name"])
        if row["name"] not in watches:
            stop(session, scope, WATCH_REMOVED)
        else:
            drop(session, scope, WATCH_REMOVED.code)


# -- looking


def holds(session: Session) -> list[Hold]:
    """Return all holds with what they keep from going on.

    A watch that the config no longer has is held even with nothing to submit; that is not told.
    """
    listed = [_hold(session, row) for row in session.rows("holds")]
    return [each for each in listed if each.count or each.failure.code != WATCH_REMOVED.code]


def forget_machines(session: Session) -> None:
    """Drop what some machine lacked when the journal was copied: whoever lacks it finds out."""
    session.change("drop_hold", scope=SERVICE, code=UNREACHABLE.code)
    session.change("drop_hold", scope=ACCOUNT, code=SPOOL_BLOCKED)


def causes(session: Session) -> frozenset[tuple[str, str]]:
    """Return each scope that is held, with the code of the reason."""
    return frozenset((row["scope"], row["code"]) for row in session.rows("holds"))


def cause(session: Session, scope: str, code: str) -> Failure | None:
    """Return why a scope is held for one kind of reason, in its own words; None = it is not."""
    row = session.row("hold_for", scope=scope, code=code)
    return None if row is None else Failure(code, row["reason"], row["hint"])


def scopes_over(session: Session, job: int) -> frozenset[str]:
    """Return the scopes of the holds over a job."""
    return frozenset(row["scope"] for row in session.rows("holds_over", job=job))


def holds_over(session: Session, job: Job) -> list[Hold]:
    """Return the holds over a job, the oldest first."""
    return [_hold(session, row) for row in session.rows("holds_over", job=job.id)]


def held_jobs(session: Session) -> dict[int, Failure]:
    """Return the jobs that are held, with the reason that has held them longest."""
    rows = session.rows("held_reasons")
    return {row["job"]: Failure(row["code"], row["reason"], row["hint"]) for row in rows}


def _hold(session: Session, row: Row) -> Hold:
    counts = _held_counts(session, row)
    return Hold(
        scope=row["scope"],
        failure=Failure(row["code"], row["reason"], row["hint"]),
        since=from_ms(row["since"]),
        next_trial=from_ms(row["next_trial"]) if row["next_trial"] is not None else None,
        count=sum(counts.values()),
        estimate=_expected(counts),
    )


def _held_counts(session: Session, row: Row) -> Counter[str | None]:
    """Return how many jobs, or sources of a backlog, of each estimate are under a hold."""
    if row["code"] == BACKLOG.code:
        rows = session.rows("held_estimates", scope=row["scope"])
        return Counter({each["estimate"]: each["count"] for each in rows})
    jobs = session.rows("held_jobs", scope=row["scope"], code=row["code"])
    return Counter(each["estimate"] for each in jobs)


def _expected(counts: Counter[str | None]) -> Decimal | None:
    """Return the sum of the estimates, or None where one is not known."""
    total = Decimal(0)
    for estimate, count in counts.items():
        if estimate is None:
            return None
        total += Decimal(estimate) * count
    return total
