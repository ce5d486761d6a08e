"""What is dropped for a model of the catalog and what its rule says, for tests over all of them."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.studio import picture

if TYPE_CHECKING:
    from hotfolder.domain.params import JsonScalar, Params
    from hotfolder.runninghub.catalog import Model, Parameter

MEDIA: Final = Path(__file__).parent / "media"
FILM: Final = files("hotfolder.simulator").joinpath("samples", "film.mp4").read_bytes()
# The same as of a larger film, as some models want it: its sides stand in two places.
LARGE_FILM: Final = FILM.replace(
    b"\x00\xa0\x00\x00\x00\x78\x00\x00", b"\x03\xc0\x00\x00\x02\xd0\x00\x00"
).replace(b"\x00\xa0\x00\x78", b"\x03\xc0\x02\xd0")
SOUND: Final = files("hotfolder.simulator").joinpath("samples", "sound.mp3").read_bytes()
TEXT: Final = "A fox in the snow, slowly turning its head"
# What a rule must say besides defaults: the milliseconds of a sound that is cut.
SAID: Final[Params] = {"soundStartTime": 0, "soundEndTime": 2000, "soundInsertTime": 0}
FILLED: Final = 2  # files that go into a list


def said(model: Model) -> Params:
    """Return the parameters that a rule must name: needed, without a default, and no main text."""
    return {
        key: SAID.get(key, _example(each))
        for key, each in model.params.items()
        if each.required and each.default is None and not each.is_media
        if model.prompt is None or key != model.prompt.key
    }


def dropped(model: Model, *, everything: bool = False) -> dict[str, list[tuple[str, bytes]]]:
    """Return name and content of the files for each media parameter: those that are needed, or all.

    Where none is needed and the model takes no text, there is one for the first.
    """
    taken = [each for each in model.media if each.required or everything]
    if not taken and model.prompt is None:
        taken = list(model.media[:1])
    return {each.key: _files(each, number) for number, each in enumerate(taken)}


def group(model: Model) -> str:
    """Return what a model is driven with and what it makes: a line of the table."""
    needed = [each for each in model.media if each.required]
    optional = [each for each in model.media if not each.required]
    words = [*(_taken(each) for each in needed), *(f"{_taken(each)}?" for each in optional)]
    if model.prompt is not None:
        words.insert(0, "text" if model.needs_prompt else "text?")
    return f"{' + '.join(dict.fromkeys(words))} -> {model.output}"


def _taken(parameter: Parameter) -> str:
    return f"{parameter.type.lower()}{'s' if parameter.list_ else ''}"


def _files(parameter: Parameter, number: int) -> list[tuple[str, bytes]]:
    count = min(parameter.max_items or FILLED, FILLED) if parameter.list_ else 1
    return [_file(parameter, 10 * number + each) for each in range(1, count + 1)]


def _file(parameter: Parameter, number: int) -> tuple[str, bytes]:
    match parameter.type:
        case "IMAGE":
            return f"{number}.jpg", picture(number)
        case "VIDEO":
            return f"{number}.mp4", FILM
    return f"{number}.mp3", SOUND


def _example(parameter: Parameter) -> JsonScalar:
    if parameter.options:
        return parameter.options[0]
    match parameter.type:
        case "INT" | "FLOAT":
            return parameter.min if parameter.min is not None else 1
        case "BOOLEAN":
            return False
    return "x" * (parameter.min_length or len(re.sub(r"\W", "", parameter.key)))
