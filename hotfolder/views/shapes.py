"""The JSON shapes that are promised to scripts: keys may be added, none may change its meaning."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State
from hotfolder.journal.counts import Counts
from hotfolder.journal.holds import Hold
from hotfolder.views.daemon import DaemonView
from hotfolder.views.explanation import Explanation, Sidecars
from hotfolder.views.listing import JobView, conversion, outputs, rejected
from hotfolder.views.summary import ConfigView, Status

Json = dict[str, Any]


def status_json(seen: Status) -> Json:
    """Return the promised shape of `status --json`."""
    return {
        "daemon": _daemon_json(seen.daemon),
        "watches": [
            {
                "name": row.name,
                "input": row.root,
                "online": row.online,
                "detect": row.detect,
                "reason": row.reason,
                "since": row.since.isoformat() if row.since else None,
                "followed_by": seen.followed_by(row.name),
                "counts": counts_json(counted.counts),
                "skipped": [{"path": each.path, "reason": each.reason} for each in counted.skipped],
            }
            for row, counted in zip(seen.watches, seen.counts, strict=True)
        ],
        "removed": [
            {"name": each.watch, "counts": counts_json(each.counts)} for each in seen.removed
        ],
        "jobs": {state.value: seen.jobs[state] for state in State},
        "waiting": seen.waiting,
        "many": [
            {"watch": each.watch, "path": each.path, "open": each.open, "jobs": each.jobs}
            for each in seen.many
        ],
        "review": {"waiting": seen.undecided.jobs, "bytes": seen.undecided.size},
        "holds": [_hold_json(each) for each in seen.holds],
        "charges": {
            "today": _number(seen.charges.today),
            "total": _number(seen.charges.total),
            "currency": seen.charges.currency,
            "at_risk": _number(seen.at_risk.amount),
            "unlimited": list(seen.unlimited),
        },
        "callbacks": {
            "unheard_at": seen.unheard_at.isoformat() if seen.unheard_at else None,
        },
        "machines": [
            {
                "name": each.name,
                "here": each.is_here,
                "running": each.is_there,
                "version": each.version,
                "since": each.since.isoformat() if each.since else None,
                "watches": list(each.watches),
            }
            for each in seen.machines
        ],
        "config": _config_json(seen.running) if seen.running else None,
    }


def counts_json(counts: Counts) -> dict[str, int]:
    """Return how many files are what; `files` is the sum of the others."""
    return {
        "files": counts.files,
        "under_way": counts.under_way,
        "done": counts.done,
        "waiting": counts.waiting,
        "skipped": counts.skipped,
        "failed": counts.failed,
    }


def _daemon_json(seen: DaemonView) -> Json:
    return {
        "running": seen.running,
        "pid": seen.pid,
        "since": seen.since.isoformat() if seen.since else None,
        "version": seen.version,
        "ended": seen.ended,
        "command": seen.command,
    }


def _config_json(seen: ConfigView) -> Json:
    return {
        "problem": seen.problem,
        "needs_restart": list(seen.needs_restart),
        "edited": seen.edited,
    }


def job_json(view: JobView) -> Json:
    """Return the promised shape of one job."""
    job = view.job
    return {
        "id": job.id,
        "watch": job.watch,
        "source": job.source,
        "key": job.key,
        "sources": [each.path for each in job.members],
        "slot": job.slot,
        "variant": job.plan.variant,
        "drawn": {key: job.plan.params.get(key) for key in job.plan.drawn},
        "chain": _chain_json(job),
        "rule": job.plan.rule,
        "model": job.plan.model,
        "state": job.state.value,
        "task_id": job.submit.task_id if job.submit else None,
        "task_page": job.submit.page if job.submit else None,
        "outputs": outputs(job),
        "rejected": rejected(job),
        "review": _review_json(job),
        "missing": [each.position for each in job.missing] if job.published else [],
        "charge": _number(view.charge),
        "estimate": _number(job.estimate.amount),
        "error": _failure_json(job.failure, job),
        "held": _failure_json(view.held, job),
        "accepted_at": job.accepted_at.isoformat(),
        "ended_at": job.ended_at.isoformat() if job.ended_at else None,
        "waits_for": job.waits_for.value if job.waits_for else None,
        "stale": job.stale,
        "due_at": job.due_at.isoformat() if job.due_at else None,
        "leader": job.leader,
        "reused": job.reused,
        "conversion": conversion(job),
    }


def _chain_json(job: Job) -> Json | None:
    """Return where a job stands in its chain; None for one that stands alone."""
    if job.chain_length == 1:
        return None
    return {"root": job.root, "step": job.step, "of": job.chain_length}


def _review_json(job: Job) -> Json | None:
    """Return what was decided last of a job's results; None where nobody has, or has to."""
    last = job.decided
    if last is None or last.decision is None or last.decided_at is None:
        return None
    return {
        "decision": last.decision.value,
        "by": last.decided_by,
        "at": last.decided_at.isoformat(),
    }


def explanation_json(told: Explanation) -> Json:
    """Return the promised shape of `explain --json`."""
    return {
        "path": told.path,
        "verdict": told.verdict,
        "reason": told.reason,
        "job": job_json(told.job) if told.job else None,
        "others": [job_json(each) for each in told.others],
        "jobs": {state.value: count for state, count in told.states.items()},
        "sidecars": _sidecars_json(told.sidecars) if told.sidecars else None,
    }


def _sidecars_json(found: Sidecars) -> Json:
    return {"read": list(found.read), "unread": list(found.unread)}


def _hold_json(hold: Hold) -> Json:
    return {
        "scope": hold.scope,
        "code": hold.failure.code,
        "reason": hold.failure.message,
        "hint": hold.failure.hint,
        "since": hold.since.isoformat(),
        "count": hold.count,
        "estimate": _number(hold.estimate),
        "next_trial": hold.next_trial.isoformat() if hold.next_trial else None,
    }


def _failure_json(failure: Failure | None, job: Job) -> Json | None:
    if failure is None:
        return None
    hint = failure.about(job=job.id, watch=job.watch).hint
    return {"code": failure.code, "message": failure.message, "hint": hint}


def _number(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)
