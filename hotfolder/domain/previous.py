"""What a job of a chain takes from the texts of the jobs before it: `{previous.sessionId}`.

`previous` is the job right before it, `step1` the first of the chain, `step2` the second. Between
the dots stand keys and, for lists, places from 0; `{previous}` is the whole text. Services wrap
their answers as they like and change how they spell keys: case, `_` and `-` make no difference, a
first key that stands nowhere at the top is looked for below it, and a single word or number is the
value of whatever key is asked for. Two words mean more than a key, where there is no such
key: `face` is the one of several tables that is wanted of those that have the key after it, and
`ms` at the end makes milliseconds of a length in seconds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from hotfolder.domain.params import Params

PREVIOUS: Final = "previous"
FACE: Final = "face"
MILLISECONDS: Final = "ms"
# No sound or film that is sent lasts as many seconds: a greater length is in milliseconds already.
LONGEST_S: Final = 600
_FIELD: Final = re.compile(r"\{(previous|step[1-9][0-9]?)((?:\.[\w-]+)*)\}")


class LacksValue(LookupError):
    """A text has no such value; the message is the field, `text` what was said instead."""

    def __init__(self, asked: str, text: str) -> None:
        super().__init__(asked)
        self.text = text


class SeveralFaces(LookupError):
    """Nobody has said which of several is meant; `count` is how many there are."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} faces")
        self.count = count


@dataclass(frozen=True, slots=True)
class Said:
    """What the jobs before one have said, by their steps from 0; `step` is its own.

    `face` is which of several faces is meant, from 1; None = nobody has said.
    """

    step: int
    texts: Mapping[int, str] = field(default_factory=dict)
    face: int | None = None

    def of(self, found: re.Match[str]) -> str:
        """Return the text that a field asks for. Raises LacksValue."""
        step = self.step - 1 if found[1] == PREVIOUS else int(found[1].removeprefix("step")) - 1
        if step not in self.texts:
            raise LacksValue(found[0], "")
        return self.texts[step]


def asks(prompt: str | None, params: Params) -> bool:
    """Return whether a prompt or any of the params takes something from a job before."""
    return any(_FIELD.search(each) for each in _texts([prompt, *params.values()]))


def asked_steps(prompt: str | None, params: Params) -> set[int]:
    """Return the numbers of the jobs that are asked by number, 1 = the first of the chain."""
    texts = _texts([prompt, *params.values()])
    names = {found[1] for each in texts for found in _FIELD.finditer(each)}
    return {int(each.removeprefix("step")) for each in names - {PREVIOUS}}


def filled(prompt: str | None, params: Params, said: Said) -> tuple[str | None, Params]:
    """Return prompt and params with what stands in the texts. Raises LacksValue, SeveralFaces."""

    def value(found: re.Match[str]) -> str:
        return _shown(_value(found, said))

    def param(stated: Any) -> Any:  # noqa: ANN401  whatever a param may be
        if isinstance(stated, str):
            return _FIELD.sub(value, stated)
        if isinstance(stated, list):
            return [param(each) for each in stated]
        if isinstance(stated, dict):
            return {key: param(each) for key, each in stated.items()}
        return stated

    words = None if prompt is None else _FIELD.sub(value, prompt)
    return words, {key: param(each) for key, each in params.items()}


def around(prompt: str, fill: Callable[[str], str]) -> str:
    """Return a prompt with all but what comes from the jobs before filled by `fill`."""
    parts, at = list[str](), 0
    for found in _FIELD.finditer(prompt):
        parts += [fill(prompt[at : found.start()]), found[0]]
        at = found.end()
    return "".join([*parts, fill(prompt[at:])])


def _texts(values: list[Any]) -> Iterator[str]:
    for each in values:
        if isinstance(each, str):
            yield each
        elif isinstance(each, list):
            yield from _texts(each)
        elif isinstance(each, dict):
            yield from _texts(list(each.values()))


def _value(found: re.Match[str], said: Said) -> object:
    text = said.of(found)
    path = found[2].split(".")[1:]
    if not path:
        return text.strip()
    value = _parsed(text)
    if not isinstance(value, dict | list):
        word = value if isinstance(value, str) else text.strip()
        return _of_word(word, path, found[0], text)
    below = [each for each in _tables(value) if _key(each, path[0]) is not None]
    value = below[0] if below else value
    for at, step in enumerate(path):
        value = _at(value, step, path[at + 1 :], said.face)
        if value in (None, ""):
            raise LacksValue(found[0], text)
    return value


def _parsed(text: str) -> Any:  # noqa: ANN401  whatever JSON may be
    try:
        return json.loads(text)
    except ValueError:
        return None


def _of_word(word: str, path: list[str], asked: str, text: str) -> str:
    """Return a word that is said without the key that it would have."""
    if len(path) != 1 or not word or re.search(r"\s", word):
        raise LacksValue(asked, text)
    return word


def _at(value: object, step: str, rest: list[str], face: int | None) -> object:
    """Return what stands at one step of a path; None = nothing."""
    if isinstance(value, dict) and (key := _key(value, step)) is not None:
        return value[key]
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    if step == FACE and rest:
        return _face([each for each in _tables(value) if _key(each, rest[0]) is not None], face)
    if step == MILLISECONDS and not rest:
        return _milliseconds(value)
    return None


def _face(found: list[dict[str, Any]], face: int | None) -> object:
    if face is None and len(found) > 1:
        raise SeveralFaces(len(found))
    return next(iter(found[(face or 1) - 1 :]), None)


def _milliseconds(value: object) -> int | None:
    try:
        length = float(str(value))
    except ValueError:
        return None
    return round(length if length > LONGEST_S else length * 1000)


def _key(table: Mapping[str, Any], wanted: str) -> str | None:
    """Return a key of a table as it spells it, None where it has none."""
    return next((key for key in table if _plain(key) == _plain(wanted)), None)


def _plain(key: str) -> str:
    return key.replace("_", "").replace("-", "").casefold()


def _tables(said: object) -> Iterator[dict[str, Any]]:
    """Yield the tables of an answer, those further up first."""
    level = [said]
    while level:
        yield from (each for each in level if isinstance(each, dict))
        inner = (
            list(each.values()) if isinstance(each, dict) else each
            for each in level
            if isinstance(each, dict | list)
        )
        level = [value for values in inner for value in values]


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
