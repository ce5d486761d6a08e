"""Entering sources and jobs: accepting twice is accepting once, and names are taken here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hotfolder.domain import events as ev
from hotfolder.domain import names
from hotfolder.domain.errors import HotfolderError
from hotfolder.domain.failures import DEARER_THAN_ALLOWED
from hotfolder.domain.jobs import Job
from hotfolder.domain.materials import Material, Origin
from hotfolder.domain.states import BEFORE_INTENT, ENDED, State
from hotfolder.journal import backlog, identities, leaders, moves, overdue, paid, staleness
from hotfolder.journal.drafts import Draft, Settled
from hotfolder.journal.entering import FIRST_SLOT, Entry, enter, planned, put_materials
from hotfolder.journal.reservations import name_to_take, take_name
from hotfolder.journal.rows import existing_job
from hotfolder.journal.session import Session
from hotfolder.journal.transitions import REOPENABLE_CODES, apply

BY_DROPPING: Final = "dropped again"
BY_MENDING: Final = "changed since it failed"


class StillOpen(HotfolderError):
    """The same work is under way already."""


@dataclass(frozen=True, slots=True)
class ExpectedOutput:
    """Where an output would stand; `under_way` says that an earlier edit is about to have it."""

    folder: str
    stem: str
    under_way: bool


def register_watch(session: Session, name: str, root: str, output_root: str) -> int:
    """Enter a watch of the config and return its number in the journal."""
    (row,) = session.rows(
        "register_watch", name=name, root=os.fsencode(root), output_root=os.fsencode(output_root)
    )
    number: int = row["id"]
    return number


def accept(
    session: Session,
    settled: Settled,
    drafts: Sequence[Draft],
    output_root: str,
    *,
    per_rule: bool,
) -> tuple[Job, ...]:
    """Enter a source with its jobs and return those that are new or no longer wait.

    Jobs of an older image or of other rules are superseded, unless they are submitted. Those whose
    last task is to be asked for once more are left to do so first, as in `skip`.
    Accepting the same source and image again accepts nothing; with `per_rule` the same source,
    image and rule. Its newest bytes are what is sent from here on. Only a failed job whose source
    was gone in between is tried again, or one that failed before it was sent and has other bytes
    now. A source that may be a paid one is held back.
    """
    if identities.is_undecided(session, settled):
        backlog.hold_changed(session, settled)
        return ()
    came_back = _was_gone(session, settled)
    identity = identities.identify(session, settled)
    source = _put_source(session, settled, identity, verdict="job", reason=None)
    rules = {draft.plan.rule for draft in drafts}
    for row in session.rows("jobs_not_submitted", source=source):
        is_older = row["digest"] != identity and not paid.unconfirmed(session, row["id"])
        if is_older or row["rule"] not in rules:
            apply(session, row["id"], ev.Superseded())
    entries = [
        Entry(
            watch=settled.watch,
            key=settled.path,
            digest=identity,
            source=source,
            named_after=settled.path,
            draft=draft.with_sources((_read(settled, identity),)),
            output_root=output_root,
        )
        for draft in drafts
    ]
    fresh = [_accept_one(session, each, per_rule=per_rule, came_back=came_back) for each in entries]
    identities.take_bytes(session, source, identity, settled)
    return tuple(job for job in fresh if job is not None)


def skip(session: Session, settled: Settled, reason: str) -> None:
    """Enter a source that is not to be edited, and withdraw what is not yet submitted."""
    if identities.is_undecided(session, settled):
        backlog.hold_changed(session, settled)
        return
    identity = identities.identify(session, settled)
    source = _put_source(session, settled, identity, verdict="skipped", reason=reason)
    identities.take_bytes(session, source, identity, settled)
    for row in session.rows("jobs_not_submitted", source=source):
        if paid.unconfirmed(session, row["id"]):
            continue
        is_older = row["digest"] != identity
        apply(session, row["id"], ev.Superseded() if is_older else ev.SourceSkipped())


def newest_state(session: Session, settled: Settled, rule: str | None) -> State | None:
    """Return how far the newest job of a source and image is, and of a rule if that counts."""
    newest = session.row(
        "latest_generation",
        watch=settled.watch,
        key=os.fsencode(settled.path),
        digest=identities.identify(session, settled),
        slot=FIRST_SLOT,
        rule=rule,
    )
    return State(newest["state"]) if newest is not None else None


def expected_output(
    session: Session, settled: Settled, draft: Draft, output_root: str, *, per_rule: bool
) -> ExpectedOutput | None:
    """Return where the output of a draft would stand; None where it would be no new job."""
    known = session.row("find_source", watch=settled.watch, path=os.fsencode(settled.path))
    source = known["id"] if known else None
    newest = newest_state(session, settled, draft.plan.rule if per_rule else None)
    if newest is not None or settled.moved_from is not None:
        return None
    place, _, name = settled.path.rpartition("/")
    folder = names.fit_folder(place)
    stem, owner = name_to_take(session, output_root, folder, draft.plan.stem, name, source)
    state = existing_job(session, owner).state if owner is not None else State.CANCELLED
    return ExpectedOutput(folder, stem, under_way=state not in BEFORE_INTENT | ENDED)


def replan(session: Session, job_id: int, draft: Draft) -> Job:
    """Give a job that is not yet submitted another plan; after the intent nothing changes."""
    job, draft = existing_job(session, job_id), as_allowed(session, job_id, draft)
    if draft.plan.stem != job.plan.stem and job.state in BEFORE_INTENT:
        session.change("free_names", job=job_id)
        name = job.source.rpartition("/")[2]
        take_name(
            session,
            job_id,
            job.output_root,
            job.output_folder,
            draft.plan.stem,
            name,
            replaces=draft.replaces,
        )
    if job.state in BEFORE_INTENT:
        leaders.leave(session, job_id)
        session.change("forget_materials", job=job_id)
        put_materials(session, job_id, draft.with_sources(job.sources).materials)
    session.change("replan_job", job=job_id, **planned(session, draft))
    return existing_job(session, job_id)


def as_allowed(session: Session, job_id: int, draft: Draft) -> Draft:
    """Return a draft as the owner released it: one that is dearer than the rules may be so."""
    if draft.failure is None or draft.failure.code != DEARER_THAN_ALLOWED:
        return draft
    row = session.row("allowed_price", job=job_id)
    is_released = row is not None and row["allowed"] == draft.price_key
    return replace(draft, failure=None, waits_for=None) if is_released else draft


def allow(session: Session, job_id: int, price_key: str) -> bool:
    """Release a job that is dearer than the rules, as it is planned; returns whether it was held.

    A plan of another price is held again.
    """
    held = session.change("allow_job", job=job_id, price_key=price_key, code=DEARER_THAN_ALLOWED)
    return bool(held)


def repeat(session: Session, job_id: int, changed: Draft | None = None) -> Job:
    """Accept the next generation of a job: the same work, made and paid once more.

    With `changed` it is made by that draft, which may share its result.
    Raises StillOpen where the newest generation has not ended.
    """
    job = existing_job(session, job_id)
    (known,) = session.rows("known_by", job=job_id)
    (newest,) = session.rows(
        "latest_generation",
        watch=known["watch"],
        key=known["key"],
        digest=job.digest,
        slot=known["slot"],
        rule=job.plan.rule,
    )
    if newest["state"] not in ENDED:
        raise StillOpen(f"the newest edit of {job.source!a} is still open: {newest['state']}")
    same = Draft(plan=job.plan, materials=job.materials, estimate=job.estimate)
    entry = Entry(
        watch=known["watch"],
        key=os.fsdecode(known["key"]),
        digest=job.digest,
        slot=known["slot"],
        source=known["source"],
        named_after=job.named_after,
        draft=(changed or same).with_sources(job.sources),
        output_root=job.output_root,
        generation=newest["generation"] + 1,
    )
    fresh = enter(session, entry)
    session.change("set_stale", job=job_id, stale=0)
    if changed is None:
        session.change("set_anew", job=fresh.id)
        session.change("inherit_allowed", job=fresh.id, older=job_id)
    return fresh


def try_again(session: Session, job: Job, by: str) -> Job | None:
    """Work on a failed job again: its result is asked for if it was paid, else it is submitted.

    Returns None, and leaves it failed, where it may be paid and no task is known to ask for.
    """
    may_be_paid = paid.may_be_paid(session, job.id)
    if may_be_paid and not paid.has_task(session, job.id):
        return None
    event = ev.Requeried(by=by) if may_be_paid else ev.Retried(by=by)
    return apply(session, job.id, event, expected=State.FAILED)


def _accept_one(session: Session, entry: Entry, *, per_rule: bool, came_back: bool) -> Job | None:
    draft = entry.draft
    newest = session.row(
        "latest_generation",
        watch=entry.watch,
        key=os.fsencode(entry.key),
        digest=entry.digest,
        slot=entry.slot,
        rule=draft.plan.rule if per_rule else None,
    )
    if newest is None:
        return enter(session, entry)
    job = existing_job(session, newest["id"])
    draft = moves.named_alike(job, draft)
    has_other_bytes = _hashes(job.sources) != _hashes(draft.sources)
    if job.state in BEFORE_INTENT and (job.waits_for or has_other_bytes):
        return _resolve_again(session, job, draft)
    if job.state is State.FAILED and has_other_bytes and job.submit is None and not draft.failure:
        try_again(session, job, BY_MENDING)
        return replan(session, job.id, draft)
    if job.state is State.FAILED and came_back and draft.failure is None:
        return try_again(session, job, BY_DROPPING)
    if job.state is State.CANCELLED and job.failure and job.failure.code in REOPENABLE_CODES:
        generation = job.generation + 1
        again = replace(entry, named_after=job.named_after, draft=draft, generation=generation)
        return enter(session, again)
    if draft.failure is None:
        is_other = staleness.is_other_work(job, draft)
        session.change("set_stale", job=job.id, stale=int(is_other))
    return None


def _hashes(materials: Iterable[Material]) -> list[str]:
    return [each.content_hash for each in materials]


def _read(settled: Settled, identity: str) -> Material:
    """Return a source with its bytes; where it goes is for a draft to say."""
    return Material(
        position=1,
        parameter="",
        origin=Origin.SOURCE,
        path=settled.path,
        content_hash=settled.content_hash,
        identity=identity,
        size=settled.sighting.size,
    )


def _resolve_again(session: Session, job: Job, draft: Draft) -> Job | None:
    draft = as_allowed(session, job.id, draft)
    if draft.failure is not None and draft.waits_for is None:
        return apply(session, job.id, ev.GaveUp(failure=draft.failure))
    same_plan = draft.is_plan_of(job) and job.waits_for is draft.waits_for
    unchanged = same_plan and overdue.is_the_same(job.failure, draft.failure)
    return None if unchanged else replan(session, job.id, draft)


def _put_source(
    session: Session, settled: Settled, identity: str, *, verdict: str, reason: str | None
) -> int:
    if settled.essence is not None:
        identities.learn(session, settled.content_hash, settled.essence)
    (row,) = session.rows(
        "put_source",
        watch=settled.watch,
        path=os.fsencode(settled.path),
        size=settled.sighting.size,
        mtime_ns=str(settled.sighting.mtime_ns),
        inode=str(settled.sighting.inode),
        beside=settled.beside,
        content_hash=settled.content_hash,
        identity=identity,
        verdict=verdict,
        reason=reason,
    )
    number: int = row["id"]
    moves.follow(session, number, settled, identity)
    return number


def _was_gone(session: Session, settled: Settled) -> bool:
    """Whether the source was seen to be away since it was last accepted."""
    known = session.row("find_source", watch=settled.watch, path=os.fsencode(settled.path))
    return known is not None and known["inode"] == ""
