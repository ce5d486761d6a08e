"""What is dropped for a model: which files, and by which names they make one job together."""

from __future__ import annotations

from collections.abc import Iterator

from hotfolder.kinds.kind import BY_OUTPUT, ENDINGS
from hotfolder.runninghub import roles
from hotfolder.runninghub.catalog import Model, Parameter

_ONE = {"IMAGE": "a picture", "VIDEO": "a film", "AUDIO": "a sound"}
_MANY = {"IMAGE": "pictures", "VIDEO": "films", "AUDIO": "sounds"}


def drops(model: Model) -> Iterator[str]:
    """Yield ways to feed a model, the usual one first."""
    needed = [each for each in model.media if each.required]
    if not needed and model.prompt is not None:
        yield "a text, as fox.txt"
    if len(model.media) == 1:
        yield _one(model.media[0])
        if model.media[0].list_:
            yield _folder(model)
        return
    if model.media:
        yield _together(model, needed or [model.media[0]])
        if any(each.list_ for each in model.media):
            yield _folder(model)
        last = roles.names(model)[model.media[-1].key][0]
        yield f'less what the rule has for all: media = {{ {last} = "…" }}'


def roles_of(model: Model, parameter: Parameter) -> str:
    """Return the short names of a media parameter, "" for any other."""
    return ", ".join(roles.names(model).get(parameter.key, ()))


def _one(parameter: Parameter) -> str:
    return f"{_ONE[parameter.type]}, as ann.{_ending(parameter)}"


def _folder(model: Model) -> str:
    lists = [each for each in model.media if each.list_]
    held = ", ".join(f"up to {each.max_items} {_MANY[each.type]}" for each in lists)
    return f'with group = "folder" a sub-folder with {held}'


def _together(model: Model, needed: list[Parameter]) -> str:
    """Return the names by which files fill several parameters; [those] may be left out."""
    named = roles.names(model)
    kinds = [each.type for each in model.media]
    words = []
    for each in model.media:
        role = f".{_telling(named[each.key])}" if kinds.count(each.type) > 1 else ""
        name = f"ann{role}.{_ending(each)}"
        words.append(name if each in needed else f"[{name}]")
    return " + ".join(words)


def _telling(called: tuple[str, ...]) -> str:
    return next((each for each in ("first", "front") if each in called), called[0])


def _ending(parameter: Parameter) -> str:
    usual = ENDINGS[BY_OUTPUT[parameter.type.lower()]][0]
    return usual if not parameter.accept or usual in parameter.accept else parameter.accept[0]
