"""Further pictures of an edit, as a logo or a style: found, read and judged before they are sent.

A rule's references are where the config says. A sidecar's lie beside it, elsewhere in the watched
folder, or in a folder that the config allows: whoever may drop pictures must not have just any file
of this machine sent away. They are made fit for the upload as sources are. What is wrong with one
is a failure that the source waits with.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from hotfolder import config
from hotfolder.domain import failures
from hotfolder.domain.failures import Failure
from hotfolder.domain.materials import Material, Origin
from hotfolder.kinds.formats import PictureError
from hotfolder.planning import fitting
from hotfolder.planning.looks import Looks
from hotfolder.runninghub import payload
from hotfolder.runninghub.catalog import Model, Parameter
from hotfolder.tree import files

FIRST_POSITION = 2  # the source is the first material

Place = tuple[Path, str]


def of_rule(rule: config.Rule) -> list[Place]:
    """Return where a rule's references are, each as a root and a path below it."""
    return [(path.parent, path.name) for path in rule.references]


def of_sidecar(watch: config.Watch, stated: Sequence[str]) -> list[Place] | Failure:
    """Return where a sidecar's references are, stated relative to the watch's input."""
    places = [_allowed(watch, each) for each in stated]
    outside = [each for each, place in zip(stated, places, strict=True) if place is None]
    if outside:
        return failures.reference_outside(outside[0])
    return [each for each in places if each is not None]


def look(
    looks: Looks, places: Sequence[Place], model: Model, rule: config.Rule
) -> tuple[Material, ...] | Failure:
    """Return the materials that references are for a model, or what is wrong with one.

    The rule says how far they may be changed for the upload, as it does of sources. Raises Unseen.
    """
    found: list[Material] = []
    keys = payload.reference_places(model, len(places))
    for position, (key, place) in enumerate(zip(keys, places, strict=True), FIRST_POSITION):
        material = _material(looks, position, place, model.params[key], rule)
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
        return failures.reference_missing(relative, str(error))
    if isinstance(seen.found, PictureError):
        return failures.reference_broken(relative, seen.found.failure)
    needed = fitting.fit(seen.found, parameter, rule)
    if isinstance(needed, Failure):
        return failures.reference_broken(relative, needed)
    return Material(
        position=position,
        parameter=parameter.key,
        origin=Origin.REFERENCE,
        path=os.fspath(root / relative),
        content_hash=seen.sha256,
        identity=seen.sha256,
        size=seen.sighting.size,
        preparation=needed,
    )


def _allowed(watch: config.Watch, stated: str) -> Place | None:
    path = Path(os.path.normpath(watch.input / stated))
    for root in (watch.input, *watch.reference_folders):
        if path != root and path.is_relative_to(root):
            return root, os.fspath(path.relative_to(root))
    return None
