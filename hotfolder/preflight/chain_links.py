"""What is wrong with the jobs that follow in a rule's chain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hotfolder.config import Link, Problem, Reading, Rule, links
from hotfolder.domain import previous
from hotfolder.planning import follow_ups, measuring, prompt_fields
from hotfolder.preflight import stated
from hotfolder.runninghub import payload, roles
from hotfolder.runninghub.catalog import Catalog, Model

RESULT: Final = "the result"
Place = tuple[int | str, ...]


def problems(reading: Reading, place: stated.Place, rule: Rule, first: Model) -> Iterator[Problem]:
    """Yield what is wrong with each job that follows the `first` model of a rule."""
    models = reading.config.catalog if reading.config else Catalog()
    before = first
    linked = list(links(models, rule, first))
    for link in linked:
        at = (*place, "then", link.step - 1)
        for where, message in _wrong(before, link):
            yield stated.problem(reading, (*at, *where), message)
        before = link.model
    if len(linked) < len(rule.then):
        unknown = rule.then[len(linked)]
        kind = "app" if unknown.app else "workflow" if unknown.workflow else "model"
        at = (*place, "then", len(linked), kind)
        yield stated.problem(reading, at, models.why_not(unknown.model) or "")


def _wrong(before: Model, link: Link) -> Iterator[tuple[Place, str]]:
    model, said = link.model, link.said
    if not follow_ups.goes_on(before, link):
        takes = " and ".join(model.inputs)
        yield (
            ("model",),
            f"{model.name} takes {takes}, and the job before it makes {_made(before)}",
        )
        return
    for message in prompt_fields.problems(_without_previous(said.prompt or "")):
        yield ("prompt",), message
    for number in sorted(previous.asked_steps(said.prompt, said.params)):
        if number > link.step:
            yield ("prompt",), f"step{number} comes no earlier than this job, the {link.step + 1}."
    wrong_roles = ((each, roles.problem(model, each)) for each in said.media)
    yield from ((("media", role), message) for role, message in wrong_roles if message)
    # Files of the watch fill whatever the result does not.
    files = {each.key: [RESULT] for each in model.media if each.required or each == link.into}
    body = payload.compose(model, said.prompt or None, measuring.tried(model, said.params), files)
    main = model.prompt.key if model.prompt else None
    for key, message in body.problems:
        yield (("prompt",) if key in (main, "prompt") else ("params", key)), message


def _without_previous(prompt: str) -> str:
    """Return a prompt without what it takes from the job before it."""
    kept: list[str] = []

    def keep(part: str) -> str:
        kept.append(part)
        return part

    previous.around(prompt, keep)
    return " ".join(kept)


def _made(model: Model) -> str:
    return {"image": "an image", "audio": "audio", "string": "text"}.get(
        model.output, f"a {model.output}"
    )
