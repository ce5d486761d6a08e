"""Constant files of a rule: `media` says by role which parameter of its model each goes into.

They are found and judged as its references are. What a rule says of its own model does not count
for another that a sidecar asks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hotfolder import config
from hotfolder.runninghub import roles
from hotfolder.runninghub.catalog import Model, Parameter

Place = tuple[Path, str]


def places(rule: config.Rule, model: Model) -> list[tuple[Parameter, Place]]:
    """Return the parameter of each constant file, and where it is as a root and a path below it.

    Roles that the model has not are left out: `check` tells them.
    """
    said = [(None, rule.constants), *((at, then.constants) for at, then in enumerate(rule.then, 1))]
    return [
        (parameter, (path.parent, path.name))
        for step, constants in said
        for role, paths in constants.items()
        if (parameter := roles.parameter(model, role, step)) is not None
        for path in paths
    ]


def filled(rule: config.Rule, model: Model) -> frozenset[str]:
    """Return the parameters that constant files leave no place in; a list takes further files."""
    return frozenset(each.key for each, _ in places(rule, model) if not each.list_)


def no_role(model: Model, role: str) -> str:
    """Return what is told of a role that a model has not."""
    offered = ", ".join(names[0] for names in roles.names(model).values())
    return f"{model.name} has no {role}: it takes {offered or 'no files'}"


def problems(rule: config.Rule, model: Model) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a rule's roles, as (role, message)."""
    seen: dict[str, str] = {}
    for role in rule.constants:
        parameter = roles.parameter(model, role)
        if parameter is None:
            yield role, no_role(model, role)
        elif parameter.key in seen:
            yield role, f"is the same as {seen[parameter.key]}: take one of them away"
        else:
            seen[parameter.key] = role
