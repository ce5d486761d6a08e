"""The short names of a model's media parameters, by which files and configs mean them.

A role is the parameter's name without what says that it takes a file: `firstFrameUrl` is `first`,
`leftFrontImageUrl` is `left-front`, `imageUrls` is `image`. Case is ignored everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from hotfolder.domain.params import parted
from hotfolder.runninghub.catalog import Model, Parameter

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
# The words of a parameter's name that say no more than that it takes a file.
_FILLING = frozenset({"url", "urls", "image", "images", "frame", "frames", "file", "files", "list"})
_ENDS = ("last", "end")
_BEGINNINGS = ("first", "start")
_SIDES = frozenset({"left", "right", "back"})


def names(model: Model, step: int | None = None) -> dict[str, tuple[str, ...]]:
    """Return the roles of each media parameter by its key, the one to show people first.

    No role means two parameters of a model. Where it has an end picture, its first picture answers
    to `first` and `start`, too; where it has sides, to `front`. Of what a whole chain takes, those
    of a `step` can be asked for; all together the number of the job is added to a role that one
    before it has.
    """
    listed = [each for each in model.params.values() if each.is_media]
    media = [each for each in listed if step in (None, parted(each.key)[0])]
    own: dict[str, str] = {}
    for each in media:
        role = _role(each)
        own[each.key] = f"{role}{parted(each.key)[0] + 1}" if role in own.values() else role
    taken = dict.fromkeys(own.values())
    found: dict[str, tuple[str, ...]] = {}
    for each in media:
        wanted = (role.casefold() for role in _others(model, each, own))
        free = tuple(role for role in dict.fromkeys(wanted) if role not in taken)
        taken |= dict.fromkeys(free)
        found[each.key] = (own[each.key], *free)
    return found


def parameter(model: Model, role: str, step: int | None = None) -> Parameter | None:
    """Return the media parameter that a role or a parameter's own name means, None = there is none.

    Case is ignored. With a `step` it is one that the job of this step of a chain has.
    """
    wanted = role.casefold()
    for key, roles in names(model, step).items():
        if wanted in (*roles, parted(key)[1].casefold()):
            return model.params[key]
    return None


def problem(model: Model, role: str) -> str | None:
    """Return why no file can have a role with a model, None where one can."""
    if parameter(model, role) is not None:
        return None
    known = [each for named in names(model).values() for each in named]
    offered = f"it has {', '.join(known)}" if known else "it takes no files"
    return f"{model.name} has no role {role}: {offered}"


def _role(parameter: Parameter) -> str:
    words = [each.lower() for each in _WORD.findall(parted(parameter.key)[1])]
    telling = [each for each in words if each not in _FILLING]
    kind = parameter.type.lower()
    if not telling or telling == [f"{kind}s"]:
        return kind
    return "-".join([kind, *telling] if telling[0].isdecimal() else telling)


def _others(model: Model, parameter: Parameter, own: Mapping[str, str]) -> Iterator[str]:
    """Yield what a parameter answers to besides its own role."""
    yield from parameter.roles
    roles, role = set(own.values()), own[parameter.key]
    if parameter.list_ and role == parameter.type.lower():
        yield f"{role}s"
    if role in _ENDS:
        yield from _ENDS
    if model.pictures and parameter == model.pictures[0]:
        yield from _BEGINNINGS if roles & set(_ENDS) else ()
        yield from ["front"] if roles & _SIDES else ()
