"""What the events of a job disprove: a hold whose cause is seen to be gone."""

from __future__ import annotations

from collections.abc import Collection

from hotfolder.domain import events as ev
from hotfolder.domain.failures import CANNOT_SIGN, OUTPUT_BLOCKED, SPOOL_BLOCKED
from hotfolder.domain.jobs import Job
from hotfolder.journal import holds
from hotfolder.journal.session import Session


def lift(session: Session, before: Job, event: ev.Event, tried: Collection[str]) -> list[str]:
    """Lift what an event has disproved, for what was just done need not be held.

    A submit that was under way when a hold began proves nothing against it: only those scopes are
    lifted that it `tried`. Nor does a publishing that was never blocked: what is written may be
    what takes the last free space. Returns the scopes that were held.
    """
    watch, rule = holds.watch_scope(before.watch), holds.rule_scope(before.watch, before.plan.rule)
    lacking = (each for each in tried if holds.is_of(each, holds.MACHINE))
    match event:
        case ev.Submitted():
            return holds.lift(
                session, [each for each in (holds.ACCOUNT, watch, rule, *lacking) if each in tried]
            )
        case ev.Fetched():
            lifted = holds.lift(session, [holds.ACCOUNT], SPOOL_BLOCKED)
            if any(each.signed for each in event.results):
                lifted += holds.lift(session, [watch], CANNOT_SIGN)
            return lifted
        case ev.Published() | ev.PublishedInPart() if _was_blocked(before):
            return holds.lift(session, [watch])
    return []


def _was_blocked(job: Job) -> bool:
    return job.failure is not None and job.failure.code == OUTPUT_BLOCKED
