"""What is sent to a model's endpoint, and everything that is wrong with it.

One pure function builds and checks: the same model, prompt, params and files give the same body
and the same problems, whether a rule is being checked or an edit is about to be paid.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hotfolder.domain.chance import RANDOM
from hotfolder.domain.params import Params
from hotfolder.runninghub import nodes
from hotfolder.runninghub.catalog import PROMPT, Model, Parameter

# What stands for the source's link while only the edit is judged.
SOURCE = "the source"
# Beside the parameters of any model: the address that is told the end of the task.
CALLBACK = "webhookUrl"

# A value that is not there at all; None is what TOML cannot say.
_NOTHING = object()


@dataclass(frozen=True, slots=True)
class Payload:
    """A submit's body in plain values, and what the service would refuse as (parameter, message).

    What is known of an edit again is made of the plain values; what goes out is `as_sent`.
    """

    body: dict[str, object]
    problems: tuple[tuple[str, str], ...]


def compose(
    model: Model, prompt: str | None, params: Params, files: Mapping[str, Sequence[str]]
) -> Payload:
    """Return the body for a model's endpoint with everything that is wrong with it.

    `files` are links, or what stands for them while a rule is checked, by media parameter.
    Nothing is sent that the model does not declare. A required parameter that the rule leaves
    out is sent with the catalog's default.
    """
    problems = list(_undeclared(model, prompt, params))
    body: dict[str, object] = {}
    for key, parameter in model.params.items():
        text = prompt if parameter == model.prompt else None
        value = _value(parameter, text, params, files)
        if value is not _NOTHING:
            problems += [(key, text) for text in _CHECKS[parameter.type](parameter, value)]
            body[key] = _plain(parameter, value)
        elif parameter.required:
            problems.append((key, f"{key} is required by {model.name}{_choices(parameter)}"))
    return Payload(body, tuple(problems))


def chances(model: Model, params: Params) -> dict[str, tuple[int, int]]:
    """Return the params that are left to chance, each with the numbers it may be between."""
    seeds = ((key, model.params[key].chances) for key in params if key in model.params)
    return {key: each for key, each in seeds if each is not None and params[key] == RANDOM}


def tried(model: Model, params: Params) -> Params:
    """Return params as they might be sent, to judge those that are left to chance."""
    return params | {key: least for key, (least, _) in chances(model, params).items()}


def as_sent(model: Model, body: Mapping[str, object]) -> dict[str, object]:
    """Return a body in the form that the service wants: some choices in a list, some left out.

    What an app or workflow is sent stands in a list of its nodes.
    """
    wired = ((key, _on_wire(model.params[key], value)) for key, value in body.items())
    return nodes.written(model, {key: value for key, value in wired if value is not _NOTHING})


def asks_for_other(model: Model, sent: Mapping[str, object], body: Mapping[str, object]) -> bool:
    """Return whether a body asks for another edit than one that was sent, in whichever form."""
    if nodes.runs_other(model, sent, as_sent(model, body)):
        return True
    forms, was = nodes.read(model, as_sent(model, body)), nodes.read(model, sent)
    return any(was.get(key) not in (value, forms.get(key)) for key, value in body.items())


def files_sent(model: Model, sent: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what was sent in a model's media parameters."""
    was = nodes.read(model, sent)
    media = {
        each.key: was[each.key]
        for each in model.params.values()
        if each.is_media and each.key in was
    }
    return {key: each if isinstance(each, list) else [each] for key, each in media.items()}


def reference_places(model: Model, count: int, source: str, *filled: str) -> list[str]:
    """Return the parameters that so many further pictures go into; `source` has the source already.

    Those that are `filled` have others of its set. They follow the source in its list; where it has
    none, they go into the model's other pictures in their order. What is too many goes to the last
    list, or to the source, for `compose` to refuse. Raises LookupError for a model without
    pictures.
    """
    if not count:
        return []
    own = model.params[source]
    others = (
        []
        if own.list_ and own in model.pictures
        else [each for each in model.pictures if each.key not in (source, *filled)]
    )
    lists = [each.key for each in others if each.list_]
    last = lists[0] if lists else source if own in model.pictures else model.pictures[-1].key
    return [*(each.key for each in others), *[last] * count][:count]


def no_references(model: Model) -> str:
    """Return what is told of references for a model that takes no pictures."""
    return f"{model.name} takes no pictures, hence no references"


def files(materials: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return what stands in a model's media parameters, of materials as (parameter, what)."""
    found: dict[str, list[str]] = {}
    for key, what in materials:
        found.setdefault(key, []).append(what)
    return found


def _value(
    parameter: Parameter, prompt: str | None, params: Params, files: Mapping[str, Sequence[str]]
) -> object:
    """Return the value of a parameter, or _NOTHING; `prompt` is for the main text alone."""
    if parameter.is_media:
        return files.get(parameter.key) or _NOTHING
    if prompt is not None:
        return prompt
    if parameter.key in params:
        return params[parameter.key]
    has_default = parameter.required and parameter.default is not None
    return parameter.default if has_default else _NOTHING


def _plain(parameter: Parameter, value: object) -> object:
    if parameter.is_media and isinstance(value, Sequence):
        return list(value) if parameter.list_ else value[0]
    return value


def _on_wire(parameter: Parameter, value: object) -> object:
    if parameter.is_media:
        return value
    if parameter.unsent is not None and value == parameter.unsent:
        return _NOTHING
    return [value] if parameter.list_ else value


def _undeclared(model: Model, prompt: str | None, params: Params) -> Iterator[tuple[str, str]]:
    main = model.prompt.key if model.prompt else ""
    own = [key for key, each in model.params.items() if not each.is_media]
    own = [key for key in own if not key == main == PROMPT]
    offered = f"it takes {', '.join(own)}" if own else "it takes none besides the prompt"
    for key in params:
        if key == PROMPT and key not in own:
            yield key, "put the prompt into the key prompt, not into params"
        elif key not in own:
            yield key, f"{model.name} has no parameter {key}: {offered}"
    if prompt is not None and model.prompt is None:
        yield PROMPT, f"{model.name} takes no prompt"


def _choices(parameter: Parameter) -> str:
    if not parameter.options:
        return ""
    return f": one of {', '.join(str(each) for each in parameter.options)}"


def _option(parameter: Parameter, value: object) -> Iterator[str]:
    key = parameter.key
    if any(type(each) is type(value) and each == value for each in parameter.options):
        return
    if str(value) in parameter.options:
        yield f'{key} must be in quotes: "{value}"'
    else:
        yield f"{key} must be{_choices(parameter).removeprefix(':')}, not {value!r}"


def _switch(parameter: Parameter, value: object) -> Iterator[str]:
    if not isinstance(value, bool):
        yield f"{parameter.key} must be true or false"


def _number(parameter: Parameter, value: object) -> Iterator[str]:
    whole = parameter.type == "INT"
    kinds = (int,) if whole else (int, float)
    if not isinstance(value, kinds) or isinstance(value, bool):
        yield f"{parameter.key} must be a {'whole ' if whole else ''}number"
        return
    least = -math.inf if parameter.min is None else parameter.min
    most = math.inf if parameter.max is None else parameter.max
    if not least <= value <= most or math.isinf(value):
        yield f"{parameter.key} must be {_range(parameter)}"


def _range(parameter: Parameter) -> str:
    match parameter.min, parameter.max:
        case None, None:
            return "a finite number"
        case None, most:
            return f"at most {most}"
        case least, None:
            return f"at least {least}"
    return f"from {parameter.min} to {parameter.max}"


def _text(parameter: Parameter, value: object) -> Iterator[str]:
    key = parameter.key
    if not isinstance(value, str):
        yield f"{key} must be a text"
        return
    least = parameter.min_length or (1 if parameter.required else 0)
    if len(value) < least:
        yield f"{key} must have at least {least} characters, not {len(value)}"
    if parameter.max_length is not None and len(value) > parameter.max_length:
        yield f"{key} may have {parameter.max_length} characters, not {len(value)}"
    if any("\ud800" <= character <= "\udfff" for character in value):
        yield f"{key} holds half a character, which cannot be sent"


def _files(parameter: Parameter, value: object) -> Iterator[str]:
    count = len(value) if isinstance(value, Sequence) else 1
    most = (parameter.max_items or count) if parameter.list_ else 1
    if count > most:
        files = "1 file" if most == 1 else f"{most} files"
        yield f"{parameter.key} takes at most {files}, not {count}"


def _tables(parameter: Parameter, value: object) -> Iterator[str]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        yield f'{parameter.key} must be a list of tables, as [{{ prompt = "…" }}]'


_CHECKS = {
    "COMPLEX": _tables,
    "STRING": _text,
    "LIST": _option,
    "INT": _number,
    "FLOAT": _number,
    "BOOLEAN": _switch,
    "IMAGE": _files,
    "VIDEO": _files,
    "AUDIO": _files,
}
