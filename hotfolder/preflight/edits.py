"""What is wrong with the edits: models that are not known, and what they would refuse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hotfolder.config import Problem, Reading
from hotfolder.planning import prompt_fields, rules
from hotfolder.preflight import stated
from hotfolder.runninghub import catalog, payload


def problems(reading: Reading) -> Iterator[Problem]:
    """Yield what is wrong with each rule's model, patterns, prompt and params."""
    models = _models(reading)
    yield from _sidecar_model_problems(reading, models)
    for place, table in stated.rule_tables(reading):
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
            yield stated.problem(reading, (*place, "model"), models.why_not(name) or "")
            continue
        for where, message in (*_prompt_problems(reading, place), *_refusals(model, table)):
            yield stated.problem(reading, (*place, *where), message)


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


def _prompt_problems(
    reading: Reading, place: stated.Place
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the fields that a rule's prompt asks for and that there are not."""
    if reading.config is None:
        return
    _, watch, _, rule = place
    wanted = reading.config.watch[int(watch)].rule[int(rule)]
    for message in prompt_fields.problems(wanted.wording):
        yield ("prompt_file" if wanted.prompt_file else "prompt",), message


def _refusals(
    model: catalog.Model, table: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what the model would refuse of a rule; a prompt may yet come from a sidecar."""
    prompt, params = table.get("prompt"), table.get("params", {})
    listed = table.get("references", [])
    told = isinstance(params, dict) and isinstance(listed, list)
    if not told or not isinstance(prompt, str | None):
        return
    places = payload.reference_places(model, len(listed))
    given = zip([model.picture.key, *places], [payload.PICTURE, *map(str, listed)], strict=True)
    files = payload.files(given)
    for key_name, message in payload.compose(model, prompt, params, files).problems:
        if key_name in files:
            yield ("references",), message
        elif key_name != catalog.PROMPT:
            yield ("params", key_name), message
        elif prompt is not None or key_name in params:
            yield ("prompt",), message
