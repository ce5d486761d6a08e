"""Entering sources and jobs: accepting twice is accepting once, and names are taken here."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hotfolder.domain import chance, money, names
from hotfolder.domain import events as ev
from hotfolder.domain.errors import HotfolderError
from hotfolder.domain.file_failures import NO_DECODER
from hotfolder.domain.jobs import Job
from hotfolder.domain.materials import Material, Origin
from hotfolder.domain.price_failures import HELD_FOR_PRICE
from hotfolder.domain.states import BEFORE_INTENT, ENDED, State
from hotfolder.journal import (
    backlog,
    identities,
    leaders,
    moves,
    overdue,
    paid,
    regrouping,
    sets,
    staleness,
    superseding,
)
from hotfolder.journal.drafts import Draft, Settled, SettledSet
from hotfolder.journal.entering import Entry, enter
from hotfolder.journal.inserting import planned, put_materials
from hotfolder.journal.reservations import Known, name_to_take, take_name
from hotfolder.journal.rows import existing_job
from hotfolder.journal.session import Session
from hotfolder.journal.transitions import REOPENABLE_CODES, apply

BY_DROPPING: Final = "dropped again"
BY_MENDING: Final = "changed since it failed"
BY_OPENING: Final = "what opens it was installed"


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
    found: SettledSet,
    drafts: Sequence[Draft],
    output_root: str,
    *,
    per_rule: bool,
    others: Collection[str] = (),
    asked: bool = False,
) -> tuple[Job, ...]:
    """Enter a set of sources with its jobs and return those that are new or no longer wait.

    Jobs of an older image, of other rules or of another set with any of its files are superseded,
    unless they are submitted. Those whose last task is to be asked for once more are left to do so
    first, as in `skip`. What other sets of these files become by the rules `others` is left alone.
    Accepting the same set and images again accepts nothing; with `per_rule` the same of a rule.
    The newest bytes are what is sent from here on. Only a failed job of which a source was gone in
    between is tried again, or one that failed before it was sent and has other bytes now. A source
    that may be a paid one is held back, and a set with files that were sent already, or another
    slot of one, is new only where another of its files came or changed since.
    """
    if _held_back(session, found):
        return ()
    came_back = any(_was_gone(session, each) for each in found.members)
    identified = [identities.identify(session, each) for each in found.members]
    digest = identities.digest(identified)
    known = regrouping.before(session, found, identified)
    source = put_sources(session, found, identified, verdict="job")
    moves.follow(session, found, digest)
    places = {(draft.plan.rule, draft.slot) for draft in drafts}
    superseding.withdraw(session, found, digest, places, others)
    known_bytes = tuple(map(read, found.members, identified))
    fresh = []
    for draft in drafts:
        entry = Entry(
            watch=found.watch,
            key=found.key,
            digest=digest,
            slot=draft.slot,
            source=source,
            named_after=found.named_after,
            draft=draft.with_sources(known_bytes),
            output_root=output_root,
        )
        if asked or not regrouping.keeps_back(session, known, entry, per_rule=per_rule):
            fresh.append(accept_one(session, entry, per_rule=per_rule, came_back=came_back))
    take_bytes(session, found, identified)
    return tuple(job for job in fresh if job is not None)


def skip(session: Session, found: SettledSet, reason: str, *, others: Collection[str] = ()) -> None:
    """Enter sources that are not to be edited, and withdraw what is not yet submitted."""
    if _held_back(session, found):
        return
    identified = [identities.identify(session, each) for each in found.members]
    digest = identities.digest(identified)
    put_sources(session, found, identified, verdict="skipped", reason=reason)
    moves.follow(session, found, digest)
    take_bytes(session, found, identified)
    superseding.withdraw_skipped(session, found, digest, others)


def newest_state(
    session: Session, found: SettledSet, draft: Draft, rule: str | None
) -> State | None:
    """Return how far the newest job of a set, its images and slot is; of a rule if need be."""
    identified = [identities.identify(session, each) for each in found.members]
    newest = session.row(
        "latest_generation",
        watch=found.watch,
        key=os.fsencode(found.key),
        digest=draft.digest or identities.digest(identified),
        slot=draft.slot,
        rule=rule,
    )
    return State(newest["state"]) if newest is not None else None


def is_beside_sent(session: Session, found: SettledSet, slot: int, rule: str | None) -> bool:
    """Return whether of a set and its images another slot was sent; of a rule if that counts."""
    identified = [identities.identify(session, each) for each in found.members]
    digest = identities.digest(identified)
    beside = regrouping.sent_in_other_slot(session, found.watch, found.key, digest, slot, rule=rule)
    return beside is not None


def expected_output(
    session: Session, found: SettledSet, draft: Draft, output_root: str, *, per_rule: bool
) -> ExpectedOutput | None:
    """Return where the output of a draft would stand; None where it would be no new job."""
    newest = newest_state(session, found, draft, draft.plan.rule if per_rule else None)
    if newest is not None or found.moved:
        return None
    place, _, name = found.named_after.rpartition("/")
    folder, key = names.fit_folder(place), os.fsencode(found.key)
    known = Known(found.watch, key, draft.slot)
    stem, owner = name_to_take(session, output_root, folder, draft.plan.stem, name, known)
    state = existing_job(session, owner).state if owner is not None else State.CANCELLED
    return ExpectedOutput(folder, stem, under_way=state not in BEFORE_INTENT | ENDED)


def replan(session: Session, job_id: int, draft: Draft) -> Job:
    """Give a job that is not yet submitted another plan; after the intent nothing changes."""
    job, draft = existing_job(session, job_id), as_allowed(session, job_id, draft)
    wanted = chance.drawn_as(draft.plan, job.plan)
    draft = replace(draft, plan=chance.draw(wanted, f"{job_id} {session.now_ms}"))
    if draft.plan.stem != job.plan.stem and job.state in BEFORE_INTENT:
        session.change("free_names", job=job_id)
        name = (job.source if job.key == job.source else job.named_after).rpartition("/")[2]
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
        placed = draft if draft.is_read else draft.with_sources(job.sources)
        put_materials(session, job_id, placed.materials)
    session.change("replan_job", job=job_id, **planned(session, draft))
    return existing_job(session, job_id)


def as_allowed(session: Session, job_id: int, draft: Draft) -> Draft:
    """Return a draft as the owner released it: one that is held for its price may have it."""
    if draft.failure is None or draft.failure.code not in HELD_FOR_PRICE:
        return draft
    row = session.row("allowed_price", job=job_id)
    allowed = row["allowed"] if row is not None else None
    is_released = allowed is not None and money.covers(allowed, draft.price_key)
    return replace(draft, failure=None, waits_for=None) if is_released else draft


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
    plan = chance.undrawn(job.plan)
    same = Draft(plan=plan, materials=job.materials, estimate=job.estimate, slot=job.slot)
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
        place=job.place,
        output_stem=job.output_stem if job.place else "",
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


def accept_one(
    session: Session, entry: Entry, *, per_rule: bool, came_back: bool = False
) -> Job | None:
    """Enter a job, or have the one that is known take its draft; returns it if that is news."""
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
    has_other_bytes = _bytes(job.sources) != _bytes(draft.sources)
    if job.state in BEFORE_INTENT and (job.waits_for or has_other_bytes):
        return _resolve_again(session, job, draft)
    if job.state is State.FAILED and draft.failure is None:
        is_other = has_other_bytes or (came_back and not draft.is_plan_of(job))
        if is_other and job.submit is None:
            try_again(session, job, _why_again(job, has_other_bytes=has_other_bytes))
            return replan(session, job.id, draft)
        if came_back:
            return try_again(session, job, _why_again(job))
    if job.state is State.CANCELLED and job.failure and job.failure.code in REOPENABLE_CODES:
        generation = job.generation + 1
        again = replace(entry, named_after=job.named_after, draft=draft, generation=generation)
        return enter(session, again)
    if draft.failure is None:
        is_other = staleness.is_other_work(job, draft)
        session.change("set_stale", job=job.id, stale=int(is_other))
    return None


def _why_again(job: Job, *, has_other_bytes: bool = False) -> str:
    if has_other_bytes:
        return BY_MENDING
    is_opened = job.failure is not None and job.failure.code == NO_DECODER.code
    return BY_OPENING if is_opened else BY_DROPPING


def _bytes(materials: Iterable[Material]) -> list[tuple[str, str]]:
    """Return which bytes are at which place; where a single source is does not matter."""
    listed = list(materials)
    several = len(listed) > 1
    return sorted((each.path if several else "", each.content_hash) for each in listed)


def read(settled: Settled, identity: str) -> Material:
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
    same_bytes = len(job.sources) == 1 or _bytes(job.sources) == _bytes(draft.sources)
    unchanged = same_plan and same_bytes and overdue.is_the_same(job.failure, draft.failure)
    return None if unchanged else replan(session, job.id, draft)


def _held_back(session: Session, found: SettledSet) -> bool:
    """Hold back what may have been paid for with other metadata; returns whether anything was."""
    undecided = [each for each in found.members if identities.is_undecided(session, each)]
    for each in undecided:
        backlog.hold_changed(session, each)
    return bool(undecided)


def put_sources(
    session: Session,
    found: SettledSet,
    identified: Sequence[str],
    *,
    verdict: str,
    reason: str | None = None,
) -> int:
    """Enter the sources of a set and return the number of the first."""
    sets.forget(session, found.watch, found.key)
    numbers = [
        _put_source(session, each, identity, verdict=verdict, reason=reason)
        for each, identity in zip(found.members, identified, strict=True)
    ]
    return numbers[0]


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
    return number


def take_bytes(session: Session, found: SettledSet, identified: Sequence[str]) -> None:
    """Let the jobs of a set's files send their newest bytes from here on."""
    for each, identity in zip(found.members, identified, strict=True):
        row = session.row("find_source", watch=each.watch, path=os.fsencode(each.path))
        if row is not None:
            identities.take_bytes(session, row["id"], identity, each)


def _was_gone(session: Session, settled: Settled) -> bool:
    """Whether the source was seen to be away since it was last accepted."""
    known = session.row("find_source", watch=settled.watch, path=os.fsencode(settled.path))
    return known is not None and known["inode"] == ""
