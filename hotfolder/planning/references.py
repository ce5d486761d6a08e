"""Further pictures of an edit, as a logo or a style: found, read and judged before they are sent.

A rule's references are where the config says. A sidecar's lie beside it, elsewhere in the watched
folder, or in a folder that the config allows: whoever may drop pictures must not have just any file
of this machine sent away. They are made fit for the upload as sources are. What is wrong with one
is a failure that the source waits with.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from hotfolder import config
from hotfolder.domain import file_failures
from hotfolder.domain.failures import Failure
from hotfolder.domain.materials import Material, Origin
from hotfolder.kinds.formats import UnfitFile
from hotfolder.kinds.kind import Kind
from hotfolder.planning import constants, fitting, taken
from hotfolder.planning.looks import Looks, kind_of
from hotfolder.planning.sheets import Sheet
from hotfolder.planning.texts import Text
from hotfolder.runninghub import payload, roles
from hotfolder.runninghub.catalog import Model, Parameter
from hotfolder.tree import files

Place = tuple[Path, str]
Constant = tuple[Parameter, Place]


def of_rule(rule: config.Rule) -> list[Place]:
    """Return where a rule's references are, each as a root and a path below it."""
    return [(path.parent, path.name) for path in rule.references]


def of_sidecar(watch: config.Watch, stated: Sequence[str]) -> list[Place] | Failure:
    """Return where a sidecar's references are, stated relative to the watch's input."""
    places = [_allowed(watch, each) for each in stated]
    outside = [each for each, place in zip(stated, places, strict=True) if place is None]
    if outside:
        return file_failures.reference_outside(outside[0])
    return [each for each in places if each is not None]


def look(
    looks: Looks, places: Sequence[Place], model: Model, rule: config.Rule, filled: Sequence[str]
) -> tuple[Material, ...] | Failure:
    """Return the materials that references are for a model, or what is wrong with one.

    They follow the sources, which the parameters `filled` are for.
    The rule says how far they may be changed for the upload, as it does of sources. Raises Unseen.
    """
    found: list[Material] = []
    if places and not model.pictures:
        return file_failures.wrong_parameters([("references", payload.no_references(model))])
    keys = payload.reference_places(model, len(places), *filled)
    first = len(filled) + 1
    for position, (key, place) in enumerate(zip(keys, places, strict=True), first):
        material = _material(looks, position, place, model.params[key], rule)
        if isinstance(material, Failure):
            return material
        found.append(material)
    return tuple(found)


def constants_of(
    watch: config.Watch, rule: config.Rule | None, model: Model, named: Mapping[str, str]
) -> list[Constant] | Failure:
    """Return where the files of a rule's `media` are, and those that a row of a table names.

    `rule` is None where the model is not its own; `named` are paths relative to the watch by role,
    in place of what the rule has for that.
    """
    of_row: list[Constant] = []
    for role, stated in named.items():
        parameter, place = roles.parameter(model, role), _allowed(watch, stated)
        if parameter is None:
            return file_failures.wrong_parameters([(role, constants.no_role(model, role))])
        if place is None:
            return file_failures.reference_outside(stated)
        of_row.append((parameter, place))
    filled = {each.key for each, _ in of_row}
    own = constants.places(rule, model) if rule else []
    return [*(each for each in own if each[0].key not in filled), *of_row]


def constant(
    looks: Looks, places: Iterable[Constant], rule: config.Rule, first: int
) -> tuple[Material, ...] | Failure:
    """Return the materials of constant files from a position on, or what is wrong with one.

    Raises Unseen.
    """
    found: list[Material] = []
    for position, (parameter, place) in enumerate(places, first):
        material = _material(looks, position, place, parameter, rule)
        if isinstance(material, Failure):
            return material
        found.append(material)
    return tuple(found)


def _material(
    looks: Looks, position: int, place: Place, parameter: Parameter, rule: config.Rule
) -> Material | Failure:
    root, relative = place
    try:
        seen = looks.of_reference(root, relative)
    except (OSError, files.SourceError) as error:
        return file_failures.reference_missing(relative, str(error))
    if isinstance(seen.found, UnfitFile):
        return file_failures.reference_broken(relative, seen.found.failure)
    wanted, kind = taken.kind_into(parameter), kind_of(seen.found)
    if kind is not wanted or isinstance(seen.found, Text | Sheet):
        is_picture = wanted is Kind.PICTURE
        other = (
            file_failures.NOT_A_PICTURE if is_picture else file_failures.not_of_kind(wanted, kind)
        )
        return file_failures.reference_broken(relative, other)
    needed = fitting.fit(seen.found, parameter, rule)
    if isinstance(needed, Failure):
        return file_failures.reference_broken(relative, needed)
    return Material(
        position=position,
        parameter=parameter.key,
        origin=Origin.REFERENCE,
        path=os.fspath(root / relative),
        content_hash=seen.sha256,
        size=seen.sighting.size,
        preparation=needed,
        essence=seen.essence,
    )


def _allowed(watch: config.Watch, stated: str) -> Place | None:
    path = Path(os.path.normpath(watch.input / stated))
    for root in (watch.input, *watch.reference_folders):
        if path != root and path.is_relative_to(root):
            return root, os.fspath(path.relative_to(root))
    return None
