"""A source, its rules and its sidecar -> the jobs it should become, or why it should not.

Precedence is per key: sidecar, nearest folder file, rule. Where one of them changes the model, the
params below it are dropped, because they belong to another model.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from hotfolder import config
from hotfolder.domain import failures
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Params, Plan
from hotfolder.domain.materials import Material, Origin
from hotfolder.domain.states import WaitsFor
from hotfolder.domain.templates import fill_stem
from hotfolder.journal.drafts import NO_RULE_HOLDS, SAID_SKIP, Draft
from hotfolder.planning import prompt_fields, references, rules, sidecar, spending
from hotfolder.planning.facts import Facts
from hotfolder.planning.forms import BrokenSidecar
from hotfolder.planning.sidecar import Beside, Said
from hotfolder.runninghub import estimates, payload


@dataclass(frozen=True, slots=True)
class Skipped:
    """A sidecar says that this source is not wanted, or no rule takes a picture like it."""

    reason: str


Resolution = Skipped | tuple[Draft, ...]


def resolve(watch: config.Watch, relative: str, beside: Beside, facts: Facts) -> Resolution:
    """Return what a source that is not ignored should become, reading what lies beside it.

    What a rule asks for besides the name is not asked of a broken picture, so that it is told.
    Raises OSError and RootGone where the share fails, Unseen where a look is lacking.
    """
    taking = _taking(watch, relative, beside, facts)
    if not taking:
        return Skipped(NO_RULE_HOLDS)
    try:
        said = Said() if watch.sidecar == "none" else sidecar.read(facts.looks, watch.input, beside)
    except BrokenSidecar as error:
        broken = Failure(
            "sidecar_broken", _sentence(error), "Mend the file; the picture waits for it."
        )
        return tuple(
            _waiting(_draft(watch, relative, rule, Said(), facts), broken) for rule in taking
        )
    if next((each.skip for each in said.layers if each.skip is not None), False):
        return Skipped(SAID_SKIP)
    drafts = (_draft(watch, relative, rule, said, facts) for rule in taking)
    return tuple(_once_per_plan(_judged(watch, draft, said) for draft in drafts))


def _sentence(error: BrokenSidecar) -> str:
    text = str(error)
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _taking(
    watch: config.Watch, relative: str, beside: Beside, facts: Facts
) -> tuple[config.Rule, ...]:
    by_name = rules.matching(watch, relative)
    if all(rule.when == config.ANYTHING for rule in by_name):
        return by_name
    if facts.picture is None:
        return by_name if watch.rules == "all" else by_name[:1]
    return rules.taking(watch, relative, facts, _described(watch, beside, facts))


def _described(watch: config.Watch, beside: Beside, facts: Facts) -> Mapping[str, str]:
    if watch.sidecar == "none":
        return {}
    return sidecar.described(facts.looks, watch.input, beside)


def _draft(
    watch: config.Watch, relative: str, rule: config.Rule, said: Said, facts: Facts
) -> Draft:
    name, params, places = _edit(watch, rule, said)
    model = watch.catalog.find(name) or watch.catalog.default
    prompts = (*(each.prompt for each in said.layers), rule.wording)
    prompt = next(filter(None, prompts), None)
    if model.prompt is None and not (said.own and said.own.prompt):
        prompt = None
    templates = (*(each.output_name for each in said.layers), watch.output_template(rule))
    template = next(filter(None, templates))
    stem = fill_stem(template, name=relative.rpartition("/")[2], rule=rule.name, watch=watch.name)
    found = (
        places if isinstance(places, Failure) else references.look(facts.looks, places, model, rule)
    )
    worded = prompt_fields.fill(prompt, watch, rule, relative, facts) if prompt else None
    if isinstance(worded, Failure):
        found, worded = worded, prompt
    source = Material(position=1, parameter=model.picture.key, origin=Origin.SOURCE, path=relative)
    draft = Draft(
        plan=Plan(
            rule=rule.name,
            model=name,
            prompt=worded,
            params=params,
            stem=stem,
            finish=watch.finish(rule),
            review=watch.reviews(rule),
        ),
        materials=(source,),
        estimate=estimates.estimate(model, params),
        replaces=watch.collision == "replace",
    )
    if isinstance(found, Failure):
        return _waiting(draft, found)
    return replace(draft, materials=(source, *found))


def _edit(
    watch: config.Watch, rule: config.Rule, said: Said
) -> tuple[str, Params, list[references.Place] | Failure]:
    """Return model, params and references; what is said for another model does not count."""
    name, params = rule.model, dict(rule.params)
    places: list[references.Place] | Failure = references.of_rule(rule)
    for each in reversed(said.layers):
        if each.model not in (None, name):
            name, params, places = each.model or name, {}, []
        params |= each.params or {}
        if each.references is not None:
            places = references.of_sidecar(watch, each.references)
    return name, params, places


def _judged(watch: config.Watch, draft: Draft, said: Said) -> Draft:
    plan = draft.plan
    model = watch.catalog.find(plan.model)
    allowed = {*watch.sidecar_models, *(rule.model for rule in watch.rule)}
    if model is None or plan.model not in allowed:
        return _waiting(draft, _wrong_model(watch, plan.model, allowed))
    if watch.sidecar == "required" and said.own is None:
        missing = failures.sidecar_silent(said.silent) if said.silent else failures.SIDECAR_MISSING
        return _waiting(draft, missing)
    if plan.prompt is None and model.needs_prompt:
        return _waiting(draft, failures.NO_PROMPT)
    files = payload.files((each.parameter, each.path) for each in draft.materials)
    wrong = payload.compose(model, plan.prompt, plan.params, files).problems
    if wrong:
        return _waiting(draft, failures.wrong_parameters(wrong))
    dearer = spending.beyond(watch, model, plan.params)
    if dearer is None:
        return draft
    key = estimates.price_key(model, plan.params)
    return replace(draft, failure=dearer, waits_for=WaitsFor.HOLD, price_key=key)


def _wrong_model(watch: config.Watch, name: str, allowed: Collection[str]) -> Failure:
    """Return why a sidecar may not choose a model: there is none of this name, or others are."""
    unknown = watch.catalog.why_not(name)
    reason = f"The sidecar asks for the model {name}, which this watch does not allow."
    if unknown is not None:
        reason = f"The sidecar's model cannot be used: {unknown}."
    return Failure("sidecar_wrong", reason, f"Allowed are: {', '.join(sorted(allowed))}.")


def _waiting(draft: Draft, failure: Failure) -> Draft:
    return replace(draft, failure=failure, waits_for=WaitsFor.SIDECAR)


def _once_per_plan(drafts: Iterable[Draft]) -> list[Draft]:
    kept: list[Draft] = []
    for draft in drafts:
        same = (_work(draft) == _work(other) for other in kept)
        if not any(same):
            kept.append(draft)
    return kept


def _work(draft: Draft) -> tuple[Plan, tuple[Material, ...]]:
    return replace(draft.plan, rule="", stem="", review=False), draft.materials
