"""Entering the jobs that follow in a chain, whenever the results that they take are in the spool.

They belong to the transaction that says so. Each is entered once for a result of its parent.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hotfolder.domain import chain_failures, chains, chance, money, names, previous
from hotfolder.domain.chains import FollowUp, Place
from hotfolder.domain.events import UploadLink
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Estimate, Job, Plan, Result
from hotfolder.domain.materials import Material, Origin
from hotfolder.domain.previous import Said
from hotfolder.domain.states import WaitsFor
from hotfolder.journal import uploads
from hotfolder.journal.drafts import Draft
from hotfolder.journal.inserting import (
    place_in_chain,
    planned,
    put_materials,
    remember_accepted,
)
from hotfolder.journal.rows import existing_job
from hotfolder.journal.session import Session

# How long a result is kept in the spool after a job that followed with it has ended.
FOLLOWED_FOR = timedelta(days=30)
# A result's link is younger than its submit, and lives as long as that of an upload.
LINK_LIFE = uploads.LINK_LIFE


def enter(session: Session, parent: Job) -> dict[int, Failure]:
    """Enter what follows a job that is fetched and has more to come.

    Returns the new jobs that cannot be, and why.
    """
    wanted, *_ = parent.plan.then
    fitting = list(_fitting(parent, wanted))
    failed: dict[int, Failure] = {}
    for number, result in enumerate(fitting, 1):
        if not _is_entered(session, parent, result.position):
            draft = _draft(parent, wanted, result, is_surplus=number > wanted.each)
            job_id = _insert(session, parent, result.position, draft)
            remember_accepted(session, job_id)
            if draft.failure is not None and draft.waits_for is None:
                failed[job_id] = draft.failure
                continue
            put_materials(session, job_id, [_material(result, wanted), *_kept(session, parent)])
            _keep_link(session, parent, result)
    if not (fitting or parent.missing or _is_entered(session, parent)):
        job_id = _insert(session, parent, 1, _planned(parent, wanted))
        remember_accepted(session, job_id)
        failed[job_id] = chain_failures.no_fitting_result(_said_results(parent))
    return failed


def wake(session: Session, watch: int | None = None) -> None:
    """Look again at what follows and waits: config and files may be others now. None = all."""
    if session.row("any_step_waits", watch=watch) is not None:
        session.change("wake_steps", watch=watch)


def _fitting(parent: Job, wanted: FollowUp) -> Iterator[Result]:
    """Yield the results that a follow-up takes; one that takes none of them comes once."""
    here = list(_here(parent))
    if not wanted.endings:
        return iter(here[:1])
    return (each for each in here if each.extension in wanted.endings)


def _draft(parent: Job, wanted: FollowUp, result: Result, *, is_surplus: bool) -> Draft:
    """Return a follow-up as it is planned, and why it waits or cannot be."""
    texts = {**parent.said, parent.step: result.text or ""}
    said = Said(step=parent.step + 1, texts=texts, face=wanted.face)
    try:
        prompt, params = previous.filled(wanted.prompt, wanted.params, said)
    except previous.LacksValue as error:
        failure = chain_failures.previous_lacks(str(error), error.text)
        return replace(_planned(parent, wanted), failure=failure)
    except previous.SeveralFaces as error:
        waits = chain_failures.several_faces(error.count), WaitsFor.SIDECAR
        return _waiting(_planned(parent, wanted), *waits)
    draft = _planned(parent, replace(wanted, prompt=prompt, params=params))
    if is_surplus and Decimal(wanted.confirm_over):
        price = money.written(draft.estimate.amount, draft.estimate.currency)
        costs = None if draft.estimate.amount is None else price
        failure = chain_failures.more_than_expected(wanted.model, wanted.each, costs)
        return _waiting(draft, failure, WaitsFor.HOLD)
    return draft


def _waiting(draft: Draft, failure: Failure, waits_for: WaitsFor) -> Draft:
    return replace(draft, failure=failure, waits_for=waits_for)


def _kept(session: Session, parent: Job) -> Iterator[Material]:
    """Yield what the root kept for the job after a parent, behind the result that this takes."""
    root = parent if parent.place is None else existing_job(session, parent.root)
    kept = (each for each in root.materials if each.step == parent.step + 1)
    return (replace(each.of_step(0), position=at) for at, each in enumerate(kept, 2))


def _said_results(parent: Job) -> str:
    """Return what a job has made, in words."""
    return ", ".join(dict.fromkeys(each.extension or "?" for each in _here(parent))) or "nothing"


def _here(parent: Job) -> Iterator[Result]:
    return (each for each in parent.results if each.sha256 is not None)


def _is_entered(session: Session, parent: Job, position: int | None = None) -> bool:
    return session.row("follow_up", parent=parent.id, position=position) is not None


def _material(result: Result, wanted: FollowUp) -> Material:
    return Material(
        position=1,
        parameter=wanted.parameter,
        origin=Origin.RESULT,
        path="",
        content_hash=untouched(result),
        size=result.size or 0,
        result=result.id,
    )


def untouched(result: Result) -> str:
    """Return the hash of a fetched result as the service made it."""
    return result.raw or result.sha256 or ""


def _keep_link(session: Session, parent: Job, result: Result) -> None:
    """Let a result be sent by its own link, as long as that is good, if nothing is better."""
    submit = parent.submit
    if submit is None or result.url is None or parent.reused:
        return
    content_hash, expires_at = untouched(result), submit.intent_at + LINK_LIFE
    if uploads.find(session, content_hash, submit.site, expires_at) is None:
        link = UploadLink(
            content_hash=content_hash,
            site=submit.site,
            url=result.url,
            file_name="",
            expires_at=expires_at,
        )
        uploads.keep(session, link)


def _insert(session: Session, parent: Job, position: int, draft: Draft) -> int:
    place = Place(root=parent.root, parent=parent.id, step=parent.step + 1, position=position)
    digest = chains.digest(place.root, parent.digest, parent.id, position)
    generation = _generation(session, parent.root, digest)
    plan = chance.draw(draft.plan, f"{parent.root} {digest} {generation}")
    (known,) = session.rows("known_by", job=parent.id)
    (row,) = session.rows(
        "insert_job",
        source=known["source"],
        watch=known["watch"],
        key=known["key"],
        digest=digest,
        slot=parent.slot,
        rule=parent.plan.rule,
        generation=generation,
        output_root=os.fsencode(parent.output_root),
        output_folder=os.fsencode(parent.output_folder),
        output_stem=os.fsencode(names.result_stem(parent.output_stem, position)),
        named_after=os.fsencode(parent.named_after),
        **place_in_chain(place),
        **planned(session, replace(draft, plan=plan)),
    )
    number: int = row["id"]
    return number


def _generation(session: Session, root: int, digest: str) -> int:
    row = session.row("newest_in_chain", root=root, digest=digest)
    return 1 if row is None else int(row["generation"]) + 1


def _planned(parent: Job, wanted: FollowUp) -> Draft:
    """Return what follows a job as it is planned, which sends nothing yet."""
    plan = as_planned(parent.plan, wanted, parent.plan.then[1:])
    amount = None if wanted.price is None else Decimal(wanted.price)
    estimate = Estimate(amount=amount, currency=wanted.currency)
    return Draft(plan=plan, materials=(), estimate=estimate)


def as_planned(before: Plan, wanted: FollowUp, then: Sequence[FollowUp]) -> Plan:
    """Return the plan of a job of a chain by that of another, and what follows it."""
    return replace(
        before,
        model=wanted.model,
        prompt=wanted.prompt,
        params=wanted.params,
        publish=wanted.publish,
        drawn=wanted.drawn,
        then=tuple(then),
    )
