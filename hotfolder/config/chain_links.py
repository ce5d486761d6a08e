"""A rule's chain as its models tell it: what each of its jobs takes of results, and what of files.

The files of a watch go to any job of a chain: all of them are gathered for its root, which keeps
what a later job sends as of that job's step (`2/audioUrl`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hotfolder.domain.params import later
from hotfolder.runninghub import roles
from hotfolder.runninghub.catalog import Catalog, Model, Parameter

if TYPE_CHECKING:
    from hotfolder.config.watch import Rule, Then


@dataclass(frozen=True, slots=True)
class Link:
    """A job that follows in a chain: its step and model, and where the result before it goes.

    `into` None = that goes into no parameter for files.
    """

    step: int
    said: Then
    model: Model
    into: Parameter | None


def links(catalog: Catalog, rule: Rule, first: Model) -> Iterator[Link]:
    """Yield the jobs that follow the `first` model of a chain, up to one of an unknown model."""
    before = first
    for step, said in enumerate(rule.then, 1):
        model = catalog.find(said.model)
        if model is None:
            return
        yield Link(step, said, model, into(before, model, said))
        before = model


def into(before: Model, model: Model, said: Then) -> Parameter | None:
    """Return the parameter that what a model makes goes into, None where it goes into none."""
    filled = {roles.parameter(model, role) for role in said.media}
    free = (each for each in model.media if each not in filled or each.list_)
    return next((each for each in free if each.type.lower() == before.output), None)


def whole(catalog: Catalog, rule: Rule, first: Model) -> Model:
    """Return the first model of a chain with all that its later jobs take of files."""
    params = dict(first.params)
    for each in links(catalog, rule, first):
        for parameter in each.model.media:
            if parameter != each.into:
                key = later(each.step, parameter.key)
                params[key] = parameter.model_copy(update={"key": key})
    if len(params) == len(first.params):
        return first
    facts = {name: getattr(first, name) for name in Model.model_fields}
    return Model(**{**facts, "params": params})
