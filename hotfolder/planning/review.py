"""The last look at a source before its edit is paid: still there, the same, and wanted so.

A plan is frozen only with the intent. Until then a changed sidecar or rule changes it, and a
picture that went away or became another is not paid for.
"""

from __future__ import annotations

from hotfolder import config
from hotfolder.domain import events as ev
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import WaitsFor
from hotfolder.journal import moves
from hotfolder.journal.drafts import Draft
from hotfolder.planning import examine
from hotfolder.planning.looks import Looks

NO_RULE = Failure(
    "no_rule",
    "No rule of the config takes this picture any more.",
    "Change the rules, or run cancel for it.",
)


def review(looks: Looks, watch: config.Watch, number: int, job: Job) -> ev.Event | Draft | None:
    """Look at a job's source again.

    Returns None when all is as planned, a draft when the plan changed, an event when the job
    cannot go on. Raises Unseen where a look is lacking, OSError and RootGone where the share fails.
    """
    match examine.examine(
        looks,
        watch,
        number,
        job.source,
        gave_time=True,
        at=job.accepted_at,
        expected=job.original.content_hash,
    ):
        case examine.NotYet():
            return ev.SourceChanged()
        case examine.Gone():
            return ev.SourceGone()
        case examine.Dropped():
            return _without_rule(job)
        case examine.Unwanted():
            return ev.SourceSkipped()
        case examine.Wanted(settled=settled, drafts=drafts):
            if settled.content_hash != job.original.content_hash:
                return ev.SourceChanged()
            return _changed(job, drafts)


def _changed(job: Job, drafts: tuple[Draft, ...]) -> ev.Event | Draft | None:
    taking = next((each for each in drafts if each.plan.rule == job.plan.rule), None)
    if taking is None:
        return _without_rule(job)
    draft = moves.named_alike(job, taking)
    if draft.failure is not None and draft.waits_for is None:
        return ev.GaveUp(failure=draft.failure)
    return draft if draft.failure is not None or not draft.is_plan_of(job) else None


def _without_rule(job: Job) -> Draft:
    return Draft(
        plan=job.plan,
        materials=job.materials,
        estimate=job.estimate,
        failure=NO_RULE,
        waits_for=WaitsFor.SIDECAR,
    )
