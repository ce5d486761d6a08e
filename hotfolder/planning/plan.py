"""A source, its rules and its sidecar -> the jobs it should become, or why it should not.

Precedence is per key: sidecar, nearest folder file, rule. Where one of them changes the model, the
params below it are dropped, because they belong to another model.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from hotfolder import config
from hotfolder.domain import file_failures
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Plan
from hotfolder.domain.materials import Material, Origin
from hotfolder.domain.params import Params
from hotfolder.domain.states import WaitsFor
from hotfolder.domain.templates import fill_stem
from hotfolder.domain.texts import is_text
from hotfolder.journal.drafts import NO_RULE_HOLDS, SAID_SKIP, Draft
from hotfolder.planning import (
    follow_ups,
    lines,
    placing,
    prompt_fields,
    references,
    rules,
    sidecar,
    spending,
    taken,
    titles,
    values,
    variants,
)
from hotfolder.planning.facts import Facts
from hotfolder.planning.forms import BrokenSidecar
from hotfolder.planning.placing import Within
from hotfolder.planning.sidecar import Said
from hotfolder.planning.speaking import Beside
from hotfolder.runninghub import estimates, payload
from hotfolder.runninghub.catalog import Model
from hotfolder.runninghub.estimates import Sent


@dataclass(frozen=True, slots=True)
class Skipped:
    """A sidecar says that this source is not wanted, or no rule takes one like it."""

    reason: str


Resolution = Skipped | tuple[Draft, ...]


def resolve(
    watch: config.Watch,
    relative: str,
    beside: Beside,
    facts: Facts,
    within: Within | None = None,
    *,
    only: Collection[str] | None = None,
) -> Resolution:
    """Return what a source that is not ignored should become, reading what lies beside it.

    With `within` it is the first of a set, and all of that is sent by its rule. Of a file of many
    texts only some rows, or those of some jobs, where these are given.

    What a rule asks for besides the name is not asked of a broken file, so that it is told.
    Raises OSError and RootGone where the share fails, Unseen where a look is lacking.
    """
    beside = _speaking(watch, beside, facts)
    taking = (within.rule,) if within else _taking(watch, relative, beside, facts)
    if not taking:
        return Skipped(NO_RULE_HOLDS)
    try:
        said = Said() if watch.sidecar == "none" else sidecar.read(facts.looks, watch.input, beside)
    except BrokenSidecar as error:
        broken = Failure(
            "sidecar_broken",
            _sentence(error),
            "Correct that file; what it speaks for is edited then.",
        )
        drafts = (
            _waiting(_draft(watch, relative, rule, Said(), facts, within), broken)
            for rule in taking
        )
        listed = zip(drafts, taking, strict=True)
        return tuple(each for draft, rule in listed for each in variants.of(watch, rule, draft))
    if next((each.skip for each in said.layers if each.skip is not None), False):
        return Skipped(SAID_SKIP)
    made = (_of_rule(watch, relative, rule, said, facts, within, only) for rule in taking)
    return tuple(_once_per_plan(made))


def _speaking(watch: config.Watch, beside: Beside, facts: Facts) -> Beside:
    """Return what lies beside a source without texts that were jobs of their own."""
    found = beside.sidecar
    is_own = (
        found is not None
        and is_text(found[0])
        and any(rules.takes_texts(watch, rule) for rule in watch.rule)
        and facts.looks.was_job(watch.input, found[0])
    )
    return _speaking(watch, beside.without(found[0]), facts) if found and is_own else beside


def _of_rule(
    watch: config.Watch,
    relative: str,
    rule: config.Rule,
    said: Said,
    facts: Facts,
    within: Within | None,
    only: Collection[str] | None,
) -> tuple[Draft, ...]:
    sheet = facts.sheet if rule.lines and within is None else None
    if sheet is None:
        draft = _judged(watch, _draft(watch, relative, rule, said, facts, within), said, facts)
        return variants.of(watch, rule, draft)
    drafts: list[Draft] = []
    for known_by, row in lines.chosen(sheet, only, rule.variants):
        of_row = lines.said(said, row, relative, watch.catalog.find(rule.model))
        wrong = of_row if isinstance(of_row, Failure) else None
        words = said if isinstance(of_row, Failure) else of_row
        of_it = facts.of_row(row)
        draft = _draft(watch, relative, rule, words, of_it, None)
        if wrong:
            draft = _waiting(draft, wrong)
        else:
            draft = lines.told(_judged(watch, draft, words, of_it), row)
        drafts += lines.placed(variants.of(watch, rule, lines.named(draft, row)), known_by)
    return tuple(drafts)


def _sentence(error: BrokenSidecar) -> str:
    text = str(error)
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _taking(
    watch: config.Watch, relative: str, beside: Beside, facts: Facts
) -> tuple[config.Rule, ...]:
    by_name = rules.matching(watch, relative)
    if all(rule.when == config.ANYTHING for rule in by_name):
        return by_name
    if facts.found is None:
        return by_name if watch.rules == "all" else by_name[:1]
    return rules.taking(watch, relative, facts, _described(watch, beside, facts))


def _described(watch: config.Watch, beside: Beside, facts: Facts) -> Mapping[str, str]:
    if watch.sidecar == "none":
        return {}
    return sidecar.described(facts.looks, watch.input, beside)


def _draft(
    watch: config.Watch,
    relative: str,
    rule: config.Rule,
    said: Said,
    facts: Facts,
    within: Within | None,
) -> Draft:
    name, params, places = _edit(watch, rule, said)
    model = watch.catalog.find(name) or watch.catalog.default
    prompts = (*(each.prompt for each in said.layers), rule.wording)
    prompt = next(filter(None, prompts), None)
    stated = model.prompt is None or model.prompt.key in params
    if stated and not (said.own and said.own.prompt):
        prompt = None
    templates = (*(each.output_name for each in said.layers), watch.output_template(rule))
    template = next(filter(None, templates))
    name_of = within.name if within else relative.rpartition("/")[2]
    stem = fill_stem(template, name=name_of, rule=rule.name, watch=watch.name)
    worded = prompt_fields.fill(prompt, watch, rule, relative, facts) if prompt else None
    if worded is None and is_text(relative):
        worded = facts.words or None
    params = prompt_fields.placed(params, watch, rule, relative, facts)
    params = titles.titled(model, params, within.found.named_after if within else relative)
    sources = _sources(watch, relative, rule, model, facts, within)
    found: tuple[Material, ...] | Failure
    if isinstance(sources, Failure):
        found, sources = sources, _unplaced(within, relative)
    else:
        filled = [each.parameter for each in sources]
        own = rule if name == rule.model else rule.model_copy(update={"media": {}})
        taking = config.whole(watch.catalog, rule, model)
        constant = references.constants_of(watch, own, taking, said.media)
        found = _references(facts, places, constant, taking, rule, filled)
    then = follow_ups.follow_ups(watch, rule, model, relative, facts)
    if isinstance(then, Failure):
        found, then = then, ()
    if isinstance(worded, Failure):
        found, worded = worded, prompt
    draft = Draft(
        plan=Plan(
            rule=rule.name,
            model=name,
            prompt=worded,
            params=params,
            stem=stem,
            finish=watch.finish(rule),
            review=watch.reviews(rule),
            then=then,
            publish=rule.publish,
        ),
        materials=sources,
        estimate=estimates.estimate(model, params, Sent(text=worded)),
        replaces=watch.collision == "replace",
    )
    if isinstance(found, Failure):
        return _waiting(draft, found)
    draft = replace(draft, materials=(*sources, *found))
    listed = estimates.estimate(model, params, spending.sent(watch, model, draft, facts))
    draft = replace(draft, estimate=listed)
    if not any(each.step for each in draft.materials):
        return draft
    seconds = spending.lengths(watch, draft, facts)
    return replace(draft, plan=replace(draft.plan, then=follow_ups.priced(watch, then, seconds)))


def _sources(
    watch: config.Watch,
    relative: str,
    rule: config.Rule,
    model: Model,
    facts: Facts,
    within: Within | None,
) -> tuple[Material, ...] | Failure:
    if within is not None:
        return placing.sources(watch, within, model)
    kind = taken.kind_of(watch.taking(rule) or model, rule, relative, facts)
    taking = config.whole(watch.catalog, rule, model)
    into = taken.place(taking, kind, rule if model.name == rule.model else None)
    if into is None:
        return file_failures.kind_not_taken(model.name, kind)
    return (Material(position=1, parameter=into.key, origin=Origin.SOURCE, path=relative),)


def _unplaced(within: Within | None, relative: str) -> tuple[Material, ...]:
    """Return the files of a set that its model cannot have."""
    paths = within.found.paths if within else (relative,)
    return tuple(
        Material(position=position, parameter="", origin=Origin.SOURCE, path=path)
        for position, path in enumerate(paths, 1)
    )


def _references(
    facts: Facts,
    places: list[references.Place] | Failure,
    constant_places: list[references.Constant] | Failure,
    model: Model,
    rule: config.Rule,
    filled: list[str],
) -> tuple[Material, ...] | Failure:
    if isinstance(places, Failure):
        return places
    if isinstance(constant_places, Failure):
        return constant_places
    constant = references.constant(facts.looks, constant_places, rule, len(filled) + 1)
    if isinstance(constant, Failure):
        return constant
    filled = [*filled, *(each.parameter for each in constant)]
    found = references.look(facts.looks, places, model, rule, filled)
    return found if isinstance(found, Failure) else (*constant, *found)


def _edit(
    watch: config.Watch, rule: config.Rule, said: Said
) -> tuple[str, Params, list[references.Place] | Failure]:
    """Return model, params and references; what is said for another model does not count."""
    name, read = rule.model, values.filled(rule.params)
    params: Params = {} if isinstance(read, Failure) else read
    places = read if isinstance(read, Failure) else references.of_rule(rule)
    for each in reversed(said.layers):
        if each.model not in (None, name):
            name, params, places = each.model or name, {}, []
        params |= each.params or {}
        if each.references is not None:
            places = references.of_sidecar(watch, each.references)
    return name, params, places


def _judged(watch: config.Watch, draft: Draft, said: Said, facts: Facts) -> Draft:
    plan = draft.plan
    model = watch.catalog.find(plan.model)
    allowed = {*watch.sidecar_models, *(rule.model for rule in watch.rule)}
    if model is None or plan.model not in allowed:
        return _waiting(draft, _wrong_model(watch, plan.model, allowed))
    if watch.sidecar == "required" and said.own is None:
        missing = (
            file_failures.sidecar_silent(said.silent)
            if said.silent
            else file_failures.SIDECAR_MISSING
        )
        return _waiting(draft, missing)
    has_text = model.prompt is not None and model.prompt.key in plan.params
    if plan.prompt is None and model.needs_prompt and not has_text:
        return _waiting(draft, file_failures.NO_PROMPT)
    if draft.failure is not None:  # what a file is wanted for that is not to be had
        return draft
    files = payload.files((each.parameter, each.path) for each in draft.materials)
    params = payload.tried(model, plan.params)
    wrong = payload.compose(model, plan.prompt, params, files).problems
    if wrong:
        return _waiting(draft, file_failures.wrong_parameters(wrong))
    sent = spending.sent(watch, model, draft, facts)
    is_rules_own = not said.changes_edit
    held = spending.held(watch, model, plan, sent, draft.estimate, is_rules_own=is_rules_own)
    return draft if held is None else _held(draft, held)


def _held(draft: Draft, held: spending.Held) -> Draft:
    return replace(draft, failure=held.failure, waits_for=WaitsFor.HOLD, price_key=held.asks_for)


def _wrong_model(watch: config.Watch, name: str, allowed: Collection[str]) -> Failure:
    """Return why a sidecar may not choose a model: there is none of this name, or others are."""
    unusable = watch.catalog.why_not(name)
    reason = f"The sidecar asks for the model {name}, which this watch does not allow."
    if watch.catalog.look_up(name) is None:
        reason = f"The sidecar's model cannot be used: there is no model {name}."
    elif unusable is not None:
        reason = f"The sidecar's model cannot be used: {unusable}."
    hint = (
        f"Name one that is allowed ({', '.join(sorted(allowed))}), or take the line with the model "
        "away; the file is edited then."
    )
    return Failure("sidecar_wrong", reason, hint)


def _waiting(draft: Draft, failure: Failure) -> Draft:
    return replace(draft, failure=failure, waits_for=WaitsFor.SIDECAR)


def _once_per_plan(of_rules: Iterable[tuple[Draft, ...]]) -> list[Draft]:
    """Return the drafts of rules without those of a rule that wants the same as one before it."""
    kept: list[tuple[Draft, ...]] = []
    for drafts in of_rules:
        wanted = list(map(_work, drafts))
        if not any(wanted == list(map(_work, other)) for other in kept):
            kept.append(drafts)
    return [draft for drafts in kept for draft in drafts]


def _work(draft: Draft) -> tuple[Plan, tuple[Material, ...]]:
    return replace(draft.plan, rule="", stem="", review=False), draft.materials
