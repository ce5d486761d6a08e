"""What the log says of events: one line each, under a name that stays."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import structlog

from hotfolder.domain import events as ev
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.pipeline")


def tell(before: Job, job: Job, event: ev.Event) -> None:
    """Log an event that was committed; mere waiting is not told."""
    name = EVENT_NAMES.get(type(event))
    if name is None or ev.is_ordinary(event):
        return
    is_bad = job.state in (State.IN_DOUBT, State.FAILED)
    level = log.warning if is_bad else log.info
    more = job.failure.log_context() if job.failure and is_bad else {}
    if job.state is State.DONE:
        more = _came_to(job)
    level(name, **job.log_context(), **{**details(event), **more}, was=before.state.value)


def _came_to(job: Job) -> dict[str, object]:
    """Return where an edit stands, what it cost and how long it took."""
    outputs = [each.output_name for each in job.published if each.output_name is not None]
    charge = job.submit.charge if job.submit and not job.reused else None
    took = job.ended_at - job.accepted_at if job.ended_at else None
    return {
        "outputs": outputs,
        "reused": job.reused,
        "charge": None if charge is None else str(charge.normalize()),
        "currency": job.submit.currency if job.submit else None,
        "seconds": round(took.total_seconds()) if took is not None else None,
        **({"goes_on": True} if job.hands_on else {}),
    }


def tell_holds(began: tuple[str, Failure] | None, lifted: Collection[str]) -> None:
    """Say once that a hold began, and that others ended."""
    if began is not None:
        scope, failure = began
        log.warning("hold.began", scope=scope, **failure.log_context())
    for scope in lifted:
        log.info("hold.lifted", scope=scope)


def details(event: ev.Event) -> dict[str, object]:
    """Return what the log says of an event."""
    return {
        key: value.code if isinstance(value, Failure) else value
        for key, value in ev.history_detail(event).items()
        if isinstance(value, str | int | Failure)
    }


EVENT_NAMES: Final[Mapping[type[ev.Event], str]] = {
    ev.Uploaded: "upload.done",
    ev.UploadExpired: "upload.expired",
    ev.SubmitIntended: "submit.intended",
    ev.Submitted: "submit.accepted",
    ev.SubmitDeferred: "submit.deferred",
    ev.SubmitRefused: "submit.refused",
    ev.SubmitUnanswered: "submit.unanswered",
    ev.RemoteSucceeded: "task.succeeded",
    ev.RemoteFailed: "task.failed",
    ev.RemoteFailedInPassing: "task.failed_in_passing",
    ev.RemoteCancelled: "task.cancelled",
    ev.RemoteLost: "task.lost",
    ev.Fetched: "results.fetched",
    ev.LinksExpired: "results.expired",
    ev.LinksUnusable: "results.unusable",
    ev.Reused: "results.reused",
    ev.Published: "job.done",
    ev.Rejected: "job.rejected",
    ev.PublishedInPart: "job.done_in_part",
    ev.EndedInPart: "job.ended_in_part",
    ev.SpoolLost: "spool.lost",
    ev.SourceGone: "source.gone",
    ev.SourceChanged: "source.changed",
    ev.SourceSkipped: "source.skipped",
    ev.GaveUp: "job.failed",
    ev.TaskFound: "task.found",
    ev.Postponed: "step.postponed",
}
