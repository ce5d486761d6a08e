"""What is wrong with the edits: models that are not known, and what they would refuse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from hotfolder import config
from hotfolder.config import Problem, Reading, Rule
from hotfolder.planning import constants, measuring, prompt_fields, rules, titles
from hotfolder.preflight import runs, stated
from hotfolder.runninghub import catalog, payload, roles

# What stands for the name of a file while only the edit is judged.
TITLED: Final = "the file"


def problems(reading: Reading) -> Iterator[Problem]:
    """Yield what is wrong with each rule's model, patterns, prompt and params."""
    models = _models(reading)
    yield from _sidecar_model_problems(reading, models)
    for place, written in stated.rule_tables(reading):
        yield from runs.problems(reading, place, written)
        table = runs.as_model(written)
        name = table.get("model", catalog.DEFAULT_MODEL)
        for key_name in ("match", "exclude"):
            globs = table.get(key_name, [])
            if isinstance(globs, list) and all(isinstance(each, str) for each in globs):
                for message in rules.pattern_problems(globs):
                    yield stated.problem(reading, (*place, key_name), message)
        if not isinstance(name, str):
            continue
        model = models.find(name)
        if model is None:
            kind = runs.key_of(written)
            yield stated.problem(reading, (*place, kind), models.why_not(name) or "")
            continue
        rule = _rule(reading, place)
        if rule is not None and rule.then:
            yield from _chain_problems(reading, place, rule, model)
        taking = config.whole(models, rule, model) if rule else model
        for where, message in (
            *_prompt_problems(reading, place),
            *_refusals(model, table, rule, taking),
            *_set_problems(taking, table),
        ):
            yield stated.problem(reading, (*place, *runs.where(written, where)), message)


def _chain_problems(
    reading: Reading, place: stated.Place, rule: Rule, model: catalog.Model
) -> Iterator[Problem]:
    from hotfolder.preflight import chain_links  # noqa: PLC0415  few rules have a chain

    yield from chain_links.problems(reading, place, rule, model)


def _models(reading: Reading) -> catalog.Catalog:
    """Return the models of the config, as far as it could be read."""
    return reading.config.catalog if reading.config else catalog.Catalog()


def _sidecar_model_problems(reading: Reading, models: catalog.Catalog) -> Iterator[Problem]:
    for number, watch in enumerate(stated.watch_tables(reading)):
        listed = watch.get("sidecar_models", [])
        for name in listed if isinstance(listed, list) else []:
            reason = models.why_not(name) if isinstance(name, str) else None
            if reason:
                yield stated.problem(reading, ("watch", number, "sidecar_models"), reason)


def _rule(reading: Reading, place: stated.Place) -> Rule | None:
    """Return the rule at a place of the config, None where that could not be read."""
    if reading.config is None:
        return None
    _, watch, _, rule = place
    return reading.config.watch[int(watch)].rule[int(rule)]


def _set_problems(
    taking: catalog.Model, table: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield roles that the models have not, and a grouping that a rule cannot have."""
    named, awaited = table.get("roles", {}), table.get("wait_for", [])
    for role in named if isinstance(named, dict) else ():
        if message := roles.problem(taking, role):
            yield ("roles", role), message
    for role in awaited if isinstance(awaited, list) else ():
        if isinstance(role, str) and (message := roles.problem(taking, role)):
            yield ("wait_for",), message
    if table.get("when") and table.get("group") in ("stem", "folder"):
        yield ("group",), 'when asks what a single file is like: it needs group = "file"'


def _prompt_problems(
    reading: Reading, place: stated.Place
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the fields that a rule's prompt asks for and that there are not."""
    wanted = _rule(reading, place)
    if wanted is None or reading.config is None:
        return
    place_of = ("prompt_file" if wanted.prompt_file else "prompt",)
    for message in prompt_fields.problems(wanted.wording):
        yield place_of, message
    of_watch = reading.config.watch[int(place[1])]
    takes_texts = rules.takes_texts(of_watch, wanted)
    if wanted.lines and not takes_texts:
        yield ("lines",), "is for rules that take texts: the model of this one takes files"
    others = (each for each in of_watch.rule if rules.takes_texts(of_watch, each))
    is_whole = takes_texts and not wanted.lines
    if of_watch.rules == "all" and is_whole and any(each.lines for each in others):
        yield ("lines",), 'must be the same for all rules that take texts, with rules = "all"'
    if takes_texts and wanted.wording and prompt_fields.lacks_text(wanted.wording):
        yield place_of, "must contain {text}: this rule takes texts, and says what is around them"


def _given(model: catalog.Model, references: list[str], rule: Rule | None) -> list[tuple[str, str]]:
    """Return what a rule gives to a model besides values, as (parameter, what)."""
    constant = constants.places(rule, model) if rule else []
    return [*_sent(model, references, rule), *((each.key, name) for each, (_, name) in constant)]


def _sent(model: catalog.Model, references: list[str], rule: Rule | None) -> list[tuple[str, str]]:
    filled = constants.filled(rule, model) if rule else ()
    free = [each for each in model.media if each.key not in filled]
    source = next(iter(free), None)
    if source is None:
        return []
    places = payload.reference_places(model, len(references), source.key) if references else []
    return [(source.key, payload.SOURCE), *zip(places, references, strict=True)]


def _refusals(
    model: catalog.Model, table: Mapping[str, Any], rule: Rule | None, taking: catalog.Model
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what the model would refuse of a rule; a prompt may yet come from a sidecar."""
    prompt, params = table.get("prompt"), table.get("params", {})
    listed = table.get("references", [])
    told = isinstance(params, dict) and isinstance(listed, list)
    if not told or not isinstance(prompt, str | None):
        return
    if listed and not model.pictures:
        yield ("references",), payload.no_references(model)
        return
    wrong_roles = list(constants.problems(rule, taking)) if rule else []
    yield from ((("media", role), message) for role, message in wrong_roles)
    params = titles.titled(model, params, TITLED)
    constant = {each.key for each, _ in constants.places(rule, model)} if rule else set()
    files = payload.files(_given(model, list(map(str, listed)), rule))
    if table.get("group") != "file":  # the others of its set come with a source
        needed = [each.key for each in model.media if each.required]
        files = {key: [payload.SOURCE] for key in needed} | files
    for key_name, message in payload.compose(
        model, prompt, measuring.tried(model, params), files
    ).problems:
        if key_name in constant:
            yield ("media",), message
        elif key_name in files:
            yield ("references",), message
        elif key_name != (model.prompt.key if model.prompt else catalog.PROMPT):
            yield ("params", key_name), message
        elif prompt is not None or key_name in params:
            yield ("prompt",), message
