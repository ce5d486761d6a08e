"""What a sidecar or folder file says: its tables -> a Sidecar, or why it cannot be understood."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from hotfolder import config
from hotfolder.planning.forms import BrokenSidecar, form_of, too_large

MOST_REFERENCES: Final = 100


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
    references: (
        Annotated[list[Annotated[str, AfterValidator(_file)]], Field(max_length=MOST_REFERENCES)]
        | None
    ) = None
    output_name: config.OutputTemplate | None = None
    skip: bool | None = None

    @property
    def is_silent(self) -> bool:
        """Whether it says nothing at all."""
        return self == NOTHING_SAID


NOTHING_SAID: Final = Sidecar()


def parse(content: bytes, relative: str) -> Sidecar:
    """Return what a sidecar or folder file says, by the form that its name tells.

    Raises BrokenSidecar, LookupError for a form that only workers read.
    """
    form = form_of(relative)
    if form.read is None:
        raise LookupError(relative)
    if len(content) > form.limit:
        raise too_large(relative)
    read = form.read
    return _understood(lambda: read(content), relative)


def of_words(prompt: str | None, broken: str | None, relative: str) -> Sidecar:
    """Return what a file says of which a worker told the prompt, or why it is broken.

    Raises BrokenSidecar.
    """
    if broken is not None:
        raise BrokenSidecar(f"{relative} {broken}")
    return _understood(lambda: {} if prompt is None else {"prompt": prompt}, relative)


def _understood(said: Callable[[], dict[str, Any]], relative: str) -> Sidecar:
    try:
        return _placed(Sidecar.model_validate(said()), relative)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = config.key_path(first["loc"])
        wrong = config.plain_message(first)
        if first["type"] == "extra_forbidden":
            wrong += config.meant(str(first["loc"][-1]), Sidecar.model_fields)
        raise BrokenSidecar(f"{relative}: {place} {wrong}") from error
    except RecursionError as error:
        raise BrokenSidecar(f"{relative} is nested too deeply") from error
    except ValueError as error:
        raise BrokenSidecar(f"{relative} {error}") from error


def _placed(said: Sidecar, relative: str) -> Sidecar:
    if said.references is None:
        return said
    folder = PurePosixPath(relative).parent
    return said.model_copy(update={"references": [str(folder / each) for each in said.references]})
