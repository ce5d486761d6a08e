"""Journal rows -> what the faces show. One shape for terminal, JSON and pages.

The JSON shapes are promised to scripts: keys may be added, none may change its meaning.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from hotfolder import charges, config, sources
from hotfolder.domain.events import WaitsFor
from hotfolder.domain.failures import BACKLOG, Failure
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import BEFORE_INTENT, State
from hotfolder.intake import companions, ignore, plan, sidecar
from hotfolder.intake.ignorefile import IgnoreFiles
from hotfolder.journal import configs, doubts, holds, reading
from hotfolder.journal.doubts import AtRisk
from hotfolder.journal.holds import Hold
from hotfolder.journal.session import Session
from hotfolder.journal.transitions import existing_job

Json = dict[str, Any]
VerdictWord = Literal[
    "ignored", "settling", "waiting", "held", "offline", "skipped", "job", "unknown"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigView:
    """Why a newer config is not in force, which keys wait for a restart, whether it was edited."""

    problem: str | None
    needs_restart: tuple[str, ...]
    edited: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Everything at a glance. `running` None = no daemon says which config it runs by."""

    watches: list[reading.WatchRow]
    jobs: dict[State, int]
    waiting: dict[str, int]
    holds: list[Hold]
    charges: charges.Charges
    at_risk: AtRisk
    attention: list[Job]
    running: ConfigView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job with its charge, why it is held if it is, and whose result it waits for or used."""

    job: Job
    charge: Decimal | None
    held: Failure | None = None
    leader: Job | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a file is where it is."""

    path: str
    verdict: VerdictWord
    reason: str
    job: JobView | None = None
    others: tuple[JobView, ...] = ()
    sidecars: Sidecars | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecars:
    """The sidecar and folder files that speak for a source, and those that another overrules."""

    read: tuple[str, ...]
    unread: tuple[str, ...]


def shown(name: str) -> str:
    """Return a file name that may be printed: control, bidi and broken characters escaped."""
    return "".join(each if _printable(each) else _escaped(each) for each in name)


def status(session: Session, wanted: config.Config) -> Status:
    """Return the state of everything."""
    by_name = {row.name: row for row in reading.watches(session)}
    listed = [by_name.get(watch.name) or _unseen(watch) for watch in wanted.watch]
    return Status(
        watches=listed,
        jobs=reading.state_counts(session),
        waiting=reading.wait_counts(session),
        holds=holds.holds(session),
        charges=charges.summed(session),
        at_risk=doubts.at_risk(session),
        attention=reading.needing_attention(session),
        running=_running(session, wanted),
    )


def _running(session: Session, wanted: config.Config) -> ConfigView | None:
    in_force = configs.find(session)
    present = config.restored(in_force.config) if in_force else None
    if in_force is None or present is None:
        return None
    here, there = (each.model_dump(exclude=set(config.NEEDS_RESTART)) for each in (present, wanted))
    return ConfigView(
        problem=in_force.problem, needs_restart=in_force.needs_restart, edited=here != there
    )


def in_a_line(counts: Mapping[State, int]) -> str:
    """Return how many jobs are at which point, in a few words; those that ended are not told."""
    told = {
        "running": counts[State.SUBMITTING] + counts[State.RUNNING],
        "waiting": counts[State.ACCEPTED] + counts[State.UPLOADED],
        "being delivered": counts[State.FINISHED] + counts[State.FETCHED],
        "in doubt": counts[State.IN_DOUBT],
        "failed": counts[State.FAILED],
    }
    return ", ".join(f"{count} {what}" for what, count in told.items() if count) or "idle"


def unstarted(wanted: config.Config) -> Status:
    """Return the state where there is no journal yet."""
    return Status(
        watches=[_unseen(watch) for watch in wanted.watch],
        jobs=dict.fromkeys(State, 0),
        waiting={},
        holds=[],
        charges=charges.Charges(today=Decimal(0), total=Decimal(0), currency=None),
        at_risk=AtRisk(submits=0, amount=Decimal(0)),
        attention=[],
    )


def jobs(
    session: Session, *, state: State | None = None, watch: str | None = None
) -> list[JobView]:
    """Return the jobs with their charges, oldest first."""
    held = holds.held_jobs(session)
    listed = reading.jobs(session, state=state, watch=watch)
    return [_job_view(session, job, held.get(job.id)) for job in listed]


def _job_view(session: Session, job: Job, held: Failure | None) -> JobView:
    leader = existing_job(session, job.leader) if job.leader is not None else None
    charge = reading.job_charge(session, job.id)
    return JobView(job=job, charge=charge, held=held, leader=leader)


def place(path: Path, wanted: config.Config) -> tuple[config.Watch, str] | None:
    """Return the watch that a path belongs to and the path relative to it, or None."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100  links stay
    for watch in wanted.watch:  # first without asking the disk: a share that is away may hang
        if watch.input in absolute.parents:
            return watch, absolute.relative_to(watch.input).as_posix()
    real = Path(os.path.realpath(absolute.parent)) / absolute.name
    for watch in wanted.watch:
        for root in (watch.input, Path(os.path.realpath(watch.input))):
            for spelling in (absolute, real):
                if root in spelling.parents:
                    return watch, spelling.relative_to(root).as_posix()
    return None


def explain(
    session: Session | None,
    wanted: config.Config,
    path: Path,
    *,
    settling: str | None,
    daemon: bool,
) -> Explanation:
    """Say why a file is where it is.

    `session` None = there is no journal yet; `settling` is what a running daemon says of a file
    on its way; `daemon` whether one runs.
    """
    shown_path = os.fspath(path)
    found = place(path, wanted)
    if found is None:
        return Explanation(
            path=shown_path, verdict="unknown", reason="it is not inside any watched folder"
        )
    watch, relative = found
    row = _watch_row(session, watch) if session else None
    known = _of_journal(session, row, relative, shown_path, settling) if session and row else None
    offline = daemon and row is not None and not row.online
    if offline and row and (known is None or _needs_source(known)):
        told = Explanation(path=shown_path, verdict="offline", reason=_offline(watch, row))
        return replace(told, job=known.job, others=known.others) if known else told
    moved = _moved(session, row, relative, shown_path) if session and row and not known else None
    told = known or moved or _of_name(shown_path, watch, relative, daemon=daemon)
    return told if offline else replace(told, sidecars=_sidecars(watch, relative))


def _needs_source(told: Explanation) -> bool:
    return told.job is not None and told.job.job.state in BEFORE_INTENT


def _of_journal(
    session: Session, row: reading.WatchRow, relative: str, path: str, settling: str | None
) -> Explanation | None:
    """Say what the journal, and the daemon, know of a path; None = nothing."""
    known = reading.source(session, row.id, relative)
    listed = reading.jobs_of_source(session, known.id) if known else []
    if settling is not None and not (listed and _waits(listed[0])):
        return Explanation(path=path, verdict="settling", reason=settling)
    if known and known.held:
        return Explanation(path=path, verdict="held", reason=sentences(BACKLOG))
    done_with = {job.content_hash for job in listed}
    if known and known.skipped and known.content_hash not in done_with:
        return Explanation(path=path, verdict="skipped", reason=known.reason or "not wanted")
    if not known or not listed:
        return None
    told = _of_jobs(session, path, listed)
    return replace(told, reason=f"{told.reason}{_original(known)}")


def _original(known: reading.SourceRow) -> str:
    """Return where the original went, or why it could not go."""
    if known.moved_to is not None:
        return f"; its original is {known.moved_to} in the output folder"
    return f"; {known.reason}" if known.reason else ""


def _sidecars(watch: config.Watch, relative: str) -> Sidecars | None:
    if watch.sidecar == "none" or ignore.is_sidecar(relative):
        return None
    try:
        found = sidecar.beside(watch.input, relative)
    except (OSError, sources.SourceError):
        return None
    read = (*((found.sidecar,) if found.sidecar else ()), *found.folder_files)
    return Sidecars(
        read=tuple(path for path, _ in read), unread=tuple(path for path, _ in found.unread)
    )


def _moved(session: Session, row: reading.WatchRow, relative: str, path: str) -> Explanation | None:
    new_place = reading.went_to(session, row.id, relative)
    if new_place is None or os.path.lexists(path):
        return None
    reason = f"it was moved to {new_place}, and its edit goes on there"
    return Explanation(path=path, verdict="unknown", reason=reason)


def _of_name(path: str, watch: config.Watch, relative: str, *, daemon: bool) -> Explanation:
    if not watch.input.is_dir():
        reason = f"the folder {watch.input} is not there"
        return Explanation(path=path, verdict="offline", reason=reason)
    ignored = plan.why_ignored(watch, relative)
    if ignored and ignore.is_sidecar(relative) and not ignore.ignored(relative):
        ignored = companions.describe(watch, relative)
    ignored = ignored or IgnoreFiles(watch.input).why(relative)
    if ignored:
        return Explanation(path=path, verdict="ignored", reason=ignored)
    if not os.path.lexists(path):
        return Explanation(path=path, verdict="unknown", reason="there is no such file")
    if os.path.islink(path):  # noqa: PTH114  as text
        return Explanation(path=path, verdict="ignored", reason="a link: links are not followed")
    if not os.path.isfile(path):  # noqa: PTH113  as text
        return Explanation(path=path, verdict="ignored", reason="not a regular file")
    reason = "it will be seen within moments" if daemon else "no hotfolder is running"
    return Explanation(path=path, verdict="unknown", reason=f"not seen yet: {reason}")


def _offline(watch: config.Watch, row: reading.WatchRow) -> str:
    if row.since is None or row.reason is None:
        return f"the folder {watch.input} is not there"
    return f"offline since {local_time(row.since)}: {row.reason}"


def _of_jobs(session: Session, path: str, listed: list[Job]) -> Explanation:
    job = listed[0]
    held = _hold_over(session, job)
    newest = _job_view(session, job, held.failure if held else None)
    older = [_job_view(session, each, None) for each in listed[1:]]
    verdict: VerdictWord = "job"
    reason = view_words(newest)
    if _waits(job):
        verdict = "waiting"
        reason = sentences(job.failure) if job.failure else reason
        leading = _hold_over(session, newest.leader) if newest.leader else None
        if leading is not None:
            reason = f"{reason}; it is held: {sentences(leading.failure)}"
    elif held is not None:
        verdict = "waiting" if held.scope == holds.SERVICE else "held"
        reason = f"{sentences(held.failure)} It has been so since {local_time(held.since)}."
    for told in _work_on_pictures(session, job):
        reason = f"{reason.rstrip('.')}. {told}"
    return Explanation(path=path, verdict=verdict, reason=reason, job=newest, others=tuple(older))


def _work_on_pictures(session: Session, job: Job) -> Iterator[str]:
    """Say what is done to the picture on its way to the service, and was done to the results."""
    if conversion(job) and job.state is not State.FAILED:
        done = "is" if job.state is State.ACCEPTED else "was"
        yield f"For the upload it {done} converted: {'; '.join(conversion(job))}"
    finished = reading.finished(session, job.id)
    if finished:
        yield f"The result was finished: {finished}"


def _hold_over(session: Session, job: Job) -> Hold | None:
    if job.waits_for is not None:
        return None
    return next(iter(holds.holds_over(session, job)), None)


_WORDS = {
    State.ACCEPTED: "accepted, to be uploaded",
    State.UPLOADED: "uploaded, waits for a free place at the service",
    State.SUBMITTING: "is just being sent",
    State.RUNNING: "the service is working on it",
    State.FINISHED: "edited, the result is being fetched",
    State.FETCHED: "edited, the result is being written to the output folder",
    State.DONE: "done",
    State.CANCELLED: "cancelled",
    State.FAILED: "failed",
    State.IN_DOUBT: "in doubt",
}


STALE = "stale: its prompt or rule changed since; retry --changed makes it anew"


def state_words(job: Job) -> str:
    """Return how a job stands, in a sentence for a person."""
    words = _WORDS[job.state]
    if job.state is State.DONE and job.ended_at is not None:
        words = f"done on {local_time(job.ended_at)}: {', '.join(outputs(job)) or 'no output'}"
    if job.stale:
        words = f"{words} ({STALE})"
    if job.failure is None:
        return words
    return f"{'waits' if _waits(job) else words}: {sentences(job.failure)}"


def view_words(view: JobView) -> str:
    """Return how a job stands, and what that has to do with the job it follows."""
    words, leader = state_words(view.job), view.leader
    if leader is None:
        return words
    same = f"job {leader.id} ({leader.watch}: {leader.source}), which makes the same edit"
    if view.job.reused:
        return f"{words}; the result is that of {same}, nothing was paid for it"
    if view.job.waits_for is not WaitsFor.LEADER:
        return words
    return f"waits for the result of {same}: {state_words(leader)}"


def sentences(failure: Failure) -> str:
    """Return what is wrong and what to do about it."""
    parts = (part.strip() for part in (failure.message, failure.hint))
    return " ".join(part if part[-1] in ".!?)" else f"{part}." for part in parts if part)


def _waits(job: Job) -> bool:
    return job.waits_for is not None and job.state in BEFORE_INTENT


def outputs(job: Job) -> list[str]:
    """Return the published outputs, relative to the output folder."""
    return [
        result.output_name
        for result in job.results
        if result.output_name is not None and result.published_at is not None
    ]


def conversion(job: Job) -> list[str]:
    """Return why a job's picture is not sent as it is; nothing where it is."""
    return list(job.plan.preparation.reasons) if job.plan.preparation else []


def local_time(when: datetime) -> str:
    """Return a time as the owner's clock shows it."""
    return f"{when.astimezone():%Y-%m-%d %H:%M:%S}"


# -- JSON


def status_json(seen: Status) -> Json:
    """Return the promised shape of `status --json`."""
    return {
        "watches": [
            {
                "name": row.name,
                "input": row.root,
                "online": row.online,
                "detect": row.detect,
                "reason": row.reason,
                "since": row.since.isoformat() if row.since else None,
            }
            for row in seen.watches
        ],
        "jobs": {state.value: seen.jobs[state] for state in State},
        "waiting": seen.waiting,
        "holds": [_hold_json(each) for each in seen.holds],
        "charges": {
            "today": _number(seen.charges.today),
            "total": _number(seen.charges.total),
            "currency": seen.charges.currency,
            "at_risk": _number(seen.at_risk.amount),
        },
        "config": _config_json(seen.running) if seen.running else None,
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
        "rule": job.plan.rule,
        "model": job.plan.model,
        "state": job.state.value,
        "task_id": job.submit.task_id if job.submit else None,
        "outputs": outputs(job),
        "charge": _number(view.charge),
        "estimate": _number(job.estimate.amount),
        "error": _failure_json(job.failure),
        "held": _failure_json(view.held),
        "accepted_at": job.accepted_at.isoformat(),
        "ended_at": job.ended_at.isoformat() if job.ended_at else None,
        "waits_for": job.waits_for.value if job.waits_for else None,
        "stale": job.stale,
        "due_at": job.due_at.isoformat() if job.due_at else None,
        "leader": job.leader,
        "reused": job.reused,
        "conversion": conversion(job),
    }


def explanation_json(told: Explanation) -> Json:
    """Return the promised shape of `explain --json`."""
    return {
        "path": told.path,
        "verdict": told.verdict,
        "reason": told.reason,
        "job": job_json(told.job) if told.job else None,
        "others": [job_json(each) for each in told.others],
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


def _failure_json(failure: Failure | None) -> Json | None:
    if failure is None:
        return None
    return {"code": failure.code, "message": failure.message, "hint": failure.hint}


def _number(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def _watch_row(session: Session, watch: config.Watch) -> reading.WatchRow | None:
    return next((row for row in reading.watches(session) if row.name == watch.name), None)


def _unseen(watch: config.Watch) -> reading.WatchRow:
    there = watch.input.is_dir()
    return reading.WatchRow(
        id=0,
        name=watch.name,
        root=os.fspath(watch.input),
        output_root=os.fspath(watch.output),
        online=there,
        detect=None,
        reason=None if there else "the folder is not there",
        was_online=False,
        since=None,
    )


def _printable(character: str) -> bool:
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004  a broken byte as os.fsdecode gives it
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
