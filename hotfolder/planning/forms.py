"""The forms of sidecars and folder files: bytes -> what they say.

They come from other people's hands: sizes are limited, XML knows no DOCTYPE and no entities, and
what cannot be understood is `BrokenSidecar`, never half of what it meant to say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Final

import tomli
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from hotfolder import config
from hotfolder.domain.errors import HotfolderError
from hotfolder.planning import xmp

KIB: Final = 1024
LARGEST_BYTES: Final = 64 * KIB
LARGEST_XMP_BYTES: Final = 1024 * KIB
# A dotted key of n parts costs some parsers n squared steps.
MOST_DOTS_IN_A_LINE: Final = 500

_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")


class BrokenSidecar(HotfolderError):
    """A sidecar is there and cannot be understood; the text names it and says why."""


def _worded(prompt: str) -> str:
    words = "\n".join(prompt.splitlines()).strip().strip("\0").strip()
    if not words:
        raise ValueError("is empty: write the prompt or take it away")
    if "\0" in words or any("\ud800" <= each <= "\udfff" for each in words):
        raise ValueError("is not text")
    return words


def _file(path: str) -> str:
    if not path or "\0" in path:
        raise ValueError("must be the path of a file")
    return path


class Sidecar(BaseModel):
    """What a sidecar or folder file says. What it leaves out is None.

    `references` are relative to the file's own folder in it, and to the watch once it is parsed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    prompt: Annotated[str, AfterValidator(_worded)] | None = None
    model: str | None = None
    params: dict[str, config.Parameter] | None = None
    references: list[Annotated[str, AfterValidator(_file)]] | None = None
    output_name: config.OutputTemplate | None = None
    skip: bool | None = None

    @property
    def is_silent(self) -> bool:
        """Whether it says nothing at all."""
        return self == NOTHING_SAID


NOTHING_SAID: Final = Sidecar()


def limit(relative: str) -> int:
    """Return how many bytes a sidecar of this name may have."""
    return LARGEST_XMP_BYTES if _suffix(relative) == ".xmp" else LARGEST_BYTES


def parse(content: bytes, relative: str) -> Sidecar:
    """Return what a sidecar or folder file says, by the form that its name tells.

    Raises BrokenSidecar.
    """
    if len(content) > limit(relative):
        raise too_large(relative)
    try:
        return _placed(Sidecar.model_validate(_FORMS[_suffix(relative)](content)), relative)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = config.key_path(first["loc"])
        raise BrokenSidecar(f"{relative}: {place} {config.plain_message(first)}") from error
    except RecursionError as error:
        raise BrokenSidecar(f"{relative} is nested too deeply") from error
    except ValueError as error:
        raise BrokenSidecar(f"{relative} {error}") from error


def _placed(said: Sidecar, relative: str) -> Sidecar:
    if said.references is None:
        return said
    folder = PurePosixPath(relative).parent
    return said.model_copy(update={"references": [str(folder / each) for each in said.references]})


def too_large(relative: str) -> BrokenSidecar:
    """Return the error for a sidecar above its limit."""
    return BrokenSidecar(f"{relative} is larger than {limit(relative) // KIB} KiB")


def _suffix(relative: str) -> str:
    return PurePosixPath(relative.lower()).suffix


def _text(content: bytes) -> str:
    encoding = "utf-8-sig"
    if content[:2] in _BOMS:
        encoding = "utf-16"
    elif content[1:2] == b"\0":
        encoding = "utf-16-le"
    elif content[:1] == b"\0":
        encoding = "utf-16-be"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError("is not UTF-8 text: save it as UTF-8") from error


def _of_text(content: bytes) -> dict[str, Any]:
    text = _text(content)
    if not text.strip("\0 \t\r\n"):
        raise ValueError("is empty: write the prompt into it or take it away")
    return {"prompt": text}


def _of_toml(content: bytes) -> dict[str, Any]:
    text = _text(content).rstrip("\0")
    if any(line.count(".") > MOST_DOTS_IN_A_LINE for line in text.splitlines()):
        raise ValueError(f"has a line with more than {MOST_DOTS_IN_A_LINE} dots")
    try:
        return tomli.loads(text)
    except ValueError as error:  # TOMLDecodeError, or a number of too many digits
        raise ValueError(f"is not TOML: {error}") from error


def _of_json(content: bytes) -> dict[str, Any]:
    try:
        table = json.loads(_text(content).rstrip("\0"), object_pairs_hook=_once_each)
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from error
    if not isinstance(table, dict):
        raise ValueError("must be a JSON object in { }")  # noqa: TRY004  one kind for `parse`
    return table


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("it says the same key twice")
    return table


def _of_xmp(content: bytes) -> dict[str, Any]:
    prompt = xmp.prompt(content if content[:2] in _BOMS else content.rstrip(b"\0"))
    return {} if prompt is None else {"prompt": prompt}


_FORMS: Final[Mapping[str, Callable[[bytes], dict[str, Any]]]] = {
    ".toml": _of_toml,
    ".json": _of_json,
    ".txt": _of_text,
    ".xmp": _of_xmp,
}
