"""The last look at a job of a chain before it is paid: what it is to send, and what is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hotfolder import config
from hotfolder.domain import chain_failures, file_failures, previous
from hotfolder.domain import events as ev
from hotfolder.domain.chains import FollowUp
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Job
from hotfolder.domain.materials import Material, Origin, of_origin
from hotfolder.domain.previous import Said
from hotfolder.domain.states import WaitsFor
from hotfolder.journal.drafts import Draft
from hotfolder.journal.follow_ups import as_planned
from hotfolder.kinds.formats import UnfitFile
from hotfolder.planning import constants, examine, fitting, measuring, references, spending
from hotfolder.planning.follow_ups import follow_ups
from hotfolder.planning.looks import Found, Look, Looks
from hotfolder.planning.review import NO_RULE
from hotfolder.planning.sheets import Sheet
from hotfolder.planning.texts import Text
from hotfolder.runninghub import estimates, payload
from hotfolder.runninghub.catalog import Model
from hotfolder.runninghub.estimates import Sent
from hotfolder.tree import files


@dataclass(frozen=True, slots=True)
class _Sent:
    """What a job sends as it is now, and how many seconds of it lasts, by parameter."""

    materials: tuple[Material, ...]
    seconds: dict[str, float]


def review(looks: Looks, watch: config.Watch, spool: Path, job: Job) -> ev.Event | Draft | None:
    """Look at what a job of a chain is to send again before it is paid, and at its plan.

    Returns None when all is as planned, a draft when the plan changed or it waits, an event when
    the job cannot go on. Results are in the folder `spool`. Raises Unseen where a look is lacking,
    OSError and SourceError where a result cannot be read.
    """
    rule = next((each for each in watch.rule if each.name == job.plan.rule), None)
    wanted = _today(looks, watch, rule, job)
    if rule is None or wanted is None:
        return _waiting(job, NO_RULE)
    if isinstance(wanted, Failure):
        return _waiting(job, wanted)
    own, *later = wanted
    model = watch.catalog.find(own.model) or watch.catalog.default
    try:
        own = _told(own, job)
    except previous.LacksValue as error:
        return ev.GaveUp(failure=chain_failures.previous_lacks(str(error), error.text))
    except previous.SeveralFaces as error:
        return _waiting(job, chain_failures.several_faces(error.count))
    sent = _sent(looks, watch, spool, (rule, own, model), job)
    if not isinstance(sent, _Sent):
        return sent
    draft = _draft(job, own, later, model, sent)
    return None if draft.failure is None and draft.is_plan_of(job) else draft


def _waiting(job: Job, failure: Failure) -> Draft:
    same = Draft(plan=job.plan, materials=job.materials, estimate=job.estimate, slot=job.slot)
    return replace(same, failure=failure, waits_for=WaitsFor.SIDECAR)


def _draft(job: Job, own: FollowUp, later: Sequence[FollowUp], model: Model, sent: _Sent) -> Draft:
    own = replace(own, params=measuring.measured(model, own.params, sent.seconds))
    draft = Draft(
        plan=as_planned(job.plan, own, later),
        materials=sent.materials,
        estimate=estimates.estimate(model, own.params, Sent(text=own.prompt, seconds=sent.seconds)),
        slot=job.slot,
    )
    named = [(each.parameter, each.path) for each in sent.materials if not each.is_read]
    tried = payload.tried(model, own.params)
    wrong = list(payload.compose(model, own.prompt, tried, payload.files(named)).problems)
    wrong += [(key, f"{model.name} has no {key}") for key, _ in named if key not in model.params]
    if wrong:
        return replace(
            draft, failure=file_failures.wrong_parameters(wrong), waits_for=WaitsFor.SIDECAR
        )
    return draft


def _sent(
    looks: Looks,
    watch: config.Watch,
    spool: Path,
    said: tuple[config.Rule, FollowUp, Model],
    job: Job,
) -> _Sent | ev.Event | Draft:
    """Return what a job sends, fit for its model as it is today, or why it cannot."""
    rule, own, model = said
    materials: list[Material] = []
    lasting: list[tuple[str, Found | UnfitFile | None]] = []
    for each in job.materials:
        if each.origin is Origin.REFERENCE or each.is_read:
            materials += [each] if each.is_read else []
            continue
        is_result = each.origin is Origin.RESULT
        try:
            seen = (
                looks.of_reference(spool, each.path) if is_result else _member(looks, watch, each)
            )
        except files.SourceGone:
            return _waiting(job, chain_failures.member_missing(each.name, "is not there"))
        if not is_result and seen.sha256 != each.content_hash:
            return _waiting(job, chain_failures.member_missing(each.name, "is another file now"))
        fit = _fit(seen, replace(each, parameter=own.parameter) if is_result else each, model, rule)
        if isinstance(fit, Failure):
            return ev.GaveUp(failure=fit)
        materials.append(fit)
        lasting.append((fit.parameter, seen.found))
    constant = _constant(looks, watch, rule, job.step, len(materials) + 1)
    if isinstance(constant, Failure):
        return _waiting(job, constant)
    lasting += [(each.parameter, _found(looks, each)) for each in constant]
    return _Sent((*materials, *constant), spending.lasting(lasting))


def _member(looks: Looks, watch: config.Watch, material: Material) -> Look:
    """Return a look at a file of the watch that is sent along. Raises as `look_at` does."""
    return examine.look_at(looks, watch, material.path, material.content_hash)


def _constant(
    looks: Looks, watch: config.Watch, rule: config.Rule, step: int, first: int
) -> tuple[Material, ...] | Failure:
    """Return the constant files of a job of a chain as they are today. Raises Unseen."""
    taking = watch.taking(rule) or watch.catalog.default
    places = [each for each in constants.places(rule, taking) if each[0].job == step]
    found = references.constant(looks, places, rule, first)
    return found if isinstance(found, Failure) else tuple(each.of_step(0) for each in found)


def _found(looks: Looks, constant: Material) -> Found | UnfitFile:
    path = Path(constant.path)
    return looks.of_reference(path.parent, path.name).found


def _today(
    looks: Looks, watch: config.Watch, rule: config.Rule | None, job: Job
) -> Sequence[FollowUp] | Failure | None:
    """Return what a job of a chain and those after it should be today; None = nothing.

    A source that is gone stops nothing: then what is planned holds.
    """
    if rule is None or len(rule.then) < job.step:
        return None
    first = watch.catalog.find(rule.model) or watch.catalog.default
    facts = examine.facts(looks, watch, job.source, job.accepted_at)
    try:
        wanted = follow_ups(watch, rule, first, job.source, facts)
    except (OSError, files.SourceError):
        return _planned(job)
    return wanted if isinstance(wanted, Failure) else wanted[job.step - 1 :]


def _told(own: FollowUp, job: Job) -> FollowUp:
    """Return a follow-up with what it takes from texts. Raises LacksValue, SeveralFaces."""
    said = Said(step=job.step, texts=job.said, face=own.face)
    prompt, params = previous.filled(own.prompt, own.params, said)
    return replace(own, prompt=prompt, params=params)


def _planned(job: Job) -> Sequence[FollowUp]:
    plan = job.plan
    result = next(iter(of_origin(job.materials, Origin.RESULT)), None)
    own = FollowUp(
        model=plan.model,
        prompt=plan.prompt,
        params=dict(plan.params),
        parameter=result.parameter if result else "",
        publish=plan.publish,
        drawn=plan.drawn,
    )
    return (own, *plan.then)


def _fit(seen: Look, material: Material, model: Model, rule: config.Rule) -> Material | Failure:
    into = model.params.get(material.parameter)
    if isinstance(seen.found, UnfitFile):
        return seen.found.failure
    if into is None or isinstance(seen.found, Text | Sheet):
        return material
    needed = fitting.fit(seen.found, into, rule)
    return needed if isinstance(needed, Failure) else replace(material, preparation=needed)
