"""What an event leaves in the journal beside the job's new state: submits, results, charges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from hotfolder.domain import events as ev
from hotfolder.domain import loras
from hotfolder.domain.errors import HotfolderError
from hotfolder.domain.jobs import Job, Result
from hotfolder.domain.paid import NOT_SAID
from hotfolder.domain.states import State
from hotfolder.journal import leaders, paid, uploads
from hotfolder.journal.rows import existing_job
from hotfolder.journal.session import Session


class TaskTaken(HotfolderError):
    """The service named a task that the journal already has; nothing was changed."""


def _forget_sighting(session: Session, job: Job, _event: ev.Event) -> None:
    """Let the scan take whatever stands at the source's path next, even the very same file."""
    session.change("forget_sighting", job=job.id)


def _keep_intent(session: Session, job: Job, event: ev.SubmitIntended) -> None:
    paid.require_unpaid(session, job.id)
    session.change(
        "insert_submit",
        job=job.id,
        token=event.token,
        site=event.site,
        payload=event.payload,
        price_key=event.price_key,
        mark=session.new_id(),
        called=event.asks_for_callback,
    )
    keep_estimate(session, job.id, event)
    session.change("freshen", job=job.id)


def keep_estimate(session: Session, job_id: int, intent: ev.SubmitIntended) -> None:
    """Keep what a job is expected to cost, as it is known just before it is paid."""
    if intent.price_key is not None:
        estimate = None if intent.estimate is None else str(intent.estimate)
        session.change("set_estimate", job=job_id, estimate=estimate, currency=intent.currency)


def _keep_task(session: Session, job: Job, event: ev.Submitted) -> None:
    owner = session.row("task_owner", task_id=event.task_id)
    if owner is not None:
        raise _taken(event.task_id, owner["job"])
    _answer(session, job, "accepted", task_id=event.task_id)


def _keep_found(session: Session, job: Job, event: ev.TaskFound) -> None:
    owner = session.row("task_owner", task_id=event.task_id)
    if owner is not None and owner["job"] != job.id:
        raise _taken(event.task_id, owner["job"])
    submit = _submit_id(job)
    if owner is not None:
        count_on(session, job.id, owner["submit"])
    elif not session.change("name_task", submit=submit, task_id=event.task_id):
        further_submit(session, submit, event.task_id)
    _answer(session, job, "accepted")


def _taken(task_id: str, job: int) -> TaskTaken:
    return TaskTaken(f"task {task_id} belongs to another submit, of job {job}")


def count_on(session: Session, job_id: int, submit: int) -> None:
    """Let one of a job's submits be the one that counts."""
    session.change("count_on_submit", job=job_id, submit=submit)


def further_submit(session: Session, submit: int, task_id: str) -> int:
    """Enter a further task of a submit that has another one; it counts from then on."""
    token = f"found:{task_id}"
    (row,) = session.rows("insert_further_submit", submit=submit, token=token, task_id=task_id)
    return int(row["id"])


def _keep_resend(session: Session, job: Job, event: ev.ResendApproved) -> None:
    """Settle the old submit only if a person has looked it up: it may yet be charged."""
    if event.looked_up:
        _answer(session, job, "resent")
    paid.speak(session, job.id, for_charges=event.looked_up)


def _keep_refusal(session: Session, job: Job, _event: ev.SubmitRefused) -> None:
    _answer(session, job, "refused")
    _forget_uploads(session, job)


def _keep_success(session: Session, job: Job, event: ev.RemoteSucceeded) -> None:
    _answer(session, job, "succeeded")
    paid.hear(session, _submit_id(job), event.charge, succeeded=True)
    _put_results(session, job, event.results)


def _put_results(
    session: Session, job: Job, results: Sequence[ev.RemoteResult] | Sequence[Result]
) -> None:
    for result in results:
        session.change(
            "put_result",
            submit=_submit_id(job),
            position=result.position,
            url=result.url,
            text=result.text,
            type=result.type,
        )


def _keep_remote_failure(session: Session, job: Job, event: ev.RemoteFailed) -> None:
    if event.ended_by_service:
        _answer(session, job, "failed")
        paid.hear_end(session, _submit_id(job), event.charge)
    else:
        _answer(session, job, "no_results")
        paid.hear(session, _submit_id(job), event.charge, succeeded=True)


def _keep_passing(session: Session, job: Job, _event: ev.RemoteFailedInPassing) -> None:
    """Upload anew, too: it is free, and a broken upload may have been the cause."""
    _answer(session, job, "failed")
    paid.hear_end(session, _submit_id(job), NOT_SAID)
    _forget_uploads(session, job)


def _keep_cancelled(session: Session, job: Job, event: ev.RemoteCancelled) -> None:
    _answer(session, job, "cancelled")
    paid.hear_end(session, _submit_id(job), event.charge)


def _forget_uploads(session: Session, job: Job) -> None:
    weights = (each.key for each in loras.used(job.plan.params).values())
    for each in (*job.upload_keys, *weights):
        session.change("forget_upload", content_hash=each)


def _keep_fetched(session: Session, job: Job, event: ev.Fetched | ev.Reused) -> None:
    for result in event.results:
        session.change(
            "spool_result",
            submit=_submit_id(job),
            position=result.position,
            spool_file=result.file,
            size=result.size,
            sha256=result.sha256,
            extension=result.extension,
            companion=result.companion,
            raw=result.raw,
            raw_extension=result.raw_extension,
            sealed=int(result.sealed),
            text=result.text,
        )


def _keep_reused(session: Session, job: Job, event: ev.Reused) -> None:
    """Keep the leader's results as this job's own, by a submit that was none and cost nothing.

    A job that looks for the rest of what it had of its leader keeps that submit.
    """
    leader = existing_job(session, event.leader)
    if job.state is State.RUNNING:
        _put_results(session, job, leader.results)
        _keep_fetched(session, job, event)
        return
    if leader.submit is None:
        raise LookupError(f"job {leader.id} was never submitted")
    number = job.submit.number + 1 if job.submit else 1
    session.change(
        "insert_submit",
        job=job.id,
        token=f"reused:{job.id}:{number}",
        site=leader.submit.site,
        payload=leader.submit.payload,
        price_key=None,
        mark=None,
        called=False,
    )
    _answer(session, job, "succeeded")
    fresh = existing_job(session, job.id)
    currency = leader.submit.currency
    session.change("raise_charge", submit=_submit_id(fresh), charge="0", currency=currency)
    _put_results(session, fresh, leader.results)
    _keep_fetched(session, fresh, event)


def _keep_retried(session: Session, job: Job, event: ev.Retried) -> None:
    """Who pays anew leads from then on: nothing is left of what its leader had."""
    paid.speak(session, job.id, for_charges=event.anew)
    if event.anew:
        session.change("set_anew", job=job.id)
    if event.anew and job.leader is not None:
        leaders.leave(session, job.leader)


def _need_task(session: Session, job: Job, _event: ev.Requeried) -> None:
    """Let an earlier task be asked for where the newest submit has none."""
    if job.reused or (job.submit is not None and job.submit.task_id is not None):
        return
    submit = paid.best_task(session, job.id)
    if submit is None:
        raise LookupError(f"job {job.id} has no task to ask for")
    count_on(session, job.id, submit)


def _answer(
    session: Session,
    job: Job,
    outcome: str,
    *,
    task_id: str | None = None,
) -> None:
    session.change("answer_submit", job=job.id, outcome=outcome, task_id=task_id)


def _submit_id(job: Job) -> int:
    if job.submit is None:
        raise LookupError(f"job {job.id} was never submitted")
    return job.submit.id


KEEP: Final[Mapping[type[ev.Event], Callable[[Session, Job, Any], object]]] = {
    ev.SourceGone: _forget_sighting,
    ev.SourceChanged: _forget_sighting,
    ev.Uploaded: lambda s, _, e: uploads.keep(s, e.link) if e.link else None,
    ev.SubmitIntended: _keep_intent,
    ev.Submitted: _keep_task,
    ev.TaskFound: _keep_found,
    ev.SubmitDeferred: lambda s, job, _: _answer(s, job, "deferred"),
    ev.SubmitRefused: _keep_refusal,
    ev.SubmitUnanswered: lambda s, job, _: _answer(s, job, "unanswered"),
    ev.RemoteSucceeded: _keep_success,
    ev.RemoteFailed: _keep_remote_failure,
    ev.RemoteFailedInPassing: _keep_passing,
    ev.RemoteCancelled: _keep_cancelled,
    ev.RemoteLost: lambda s, job, _: _answer(s, job, "lost"),
    ev.ResendApproved: _keep_resend,
    ev.Requeried: _need_task,
    ev.Fetched: _keep_fetched,
    ev.Reused: _keep_reused,
    ev.Retried: _keep_retried,
    ev.LinksExpired: lambda s, job, _: s.change("count_expired_links", job=job.id),
    ev.Decided: lambda s, job, e: s.change(
        "decide_results", submit=_submit_id(job), decision=e.decision.value, by=e.by
    ),
    ev.Undecided: lambda s, job, _: s.change("undecide_results", submit=_submit_id(job)),
    ev.Rejected: lambda s, job, _: s.change("free_unused_names", job=job.id),
    ev.EndedInPart: lambda s, job, e: paid.hear(s, _submit_id(job), e.charge),
    ev.SpoolLost: lambda s, job, _: s.change("forget_spool", submit=_submit_id(job)),
}
