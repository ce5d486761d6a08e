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
from hotfolder.planning import examine, examine_set, gathering
from hotfolder.planning.looks import Looks
from hotfolder.planning.sets import Gathered

NO_RULE = Failure(
    "no_rule",
    "No rule of the config takes this file any more.",
    "Change the rules, or give it up: `hotfolder cancel JOB`.",
)


def review(looks: Looks, watch: config.Watch, number: int, job: Job) -> ev.Event | Draft | None:
    """Look at a job's sources again.

    Returns None when all is as planned, a draft when the plan changed, an event when the job
    cannot go on. Raises Unseen where a look is lacking, OSError and RootGone where the share fails.
    """
    gathered = gathering.of_file(watch, job.source, job.plan.rule)
    if gathered is None:
        return _without_rule(job)
    unit, files = gathered
    if not isinstance(files, Gathered):
        return ev.SourceGone()
    verdict = examine_set.examine_set(
        looks,
        watch,
        number,
        unit,
        files,
        gave_time=True,
        at=job.accepted_at,
        expected={each.path: each.content_hash for each in job.sources},
        only=[job.digest] if job.plan.line else None,
    )
    return _judged(job, verdict)


def _judged(job: Job, verdict: examine.Verdict) -> ev.Event | Draft | None:  # noqa: PLR0911
    match verdict:
        case examine.NotYet():
            return ev.SourceChanged()
        case examine.Gone():
            return ev.SourceGone()
        case examine.Dropped():
            return _without_rule(job)
        case examine.Unwanted():
            return ev.SourceSkipped()
        case examine.Wanted(found=found, drafts=drafts):
            if job.plan.line:
                return _row_changed(job, drafts)
            sent = {each.path: each.content_hash for each in job.sources}
            if sent != {each.path: each.content_hash for each in found.members}:
                return ev.SourceChanged()
            return _changed(job, drafts)


def _row_changed(job: Job, drafts: tuple[Draft, ...]) -> ev.Event | Draft | None:
    """Look at one row of a file again, whatever became of the others."""
    is_there = any(each.is_for(job) for each in drafts)
    return _changed(job, drafts) if is_there else ev.SourceChanged()


def _changed(job: Job, drafts: tuple[Draft, ...]) -> ev.Event | Draft | None:
    own = (each for each in drafts if each.plan.rule == job.plan.rule and each.is_for(job))
    taking = next(own, None)
    if taking is None:
        return _without_rule(job)
    draft = moves.named_alike(job, taking.as_row_of(job))
    if draft.failure is not None and draft.waits_for is None:
        return ev.GaveUp(failure=draft.failure)
    return draft if draft.failure is not None or not draft.is_plan_of(job) else None


def _without_rule(job: Job) -> Draft:
    return Draft(
        plan=job.plan,
        materials=job.materials,
        estimate=job.estimate,
        slot=job.slot,
        failure=NO_RULE,
        waits_for=WaitsFor.SIDECAR,
    )
