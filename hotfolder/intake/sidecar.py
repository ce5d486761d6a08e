"""Sidecars and folder files: finding them beside a source and reading what they say.

A sidecar that is there but cannot be understood is `BrokenSidecar`: the source then waits, and
never gets the rule's prompt in its place.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import tomli
from pydantic import BaseModel, ConfigDict, ValidationError

from hotfolder import sources
from hotfolder.config import OutputTemplate
from hotfolder.domain.errors import HotfolderError
from hotfolder.domain.jobs import JsonScalar
from hotfolder.domain.sightings import Sighting

LARGEST_BYTES = 64 * 1024
FOLDER_PROMPT = "_prompt.txt"


class BrokenSidecar(HotfolderError):
    """A sidecar is there and cannot be understood; the text names it and says why."""


class Sidecar(BaseModel):
    """What a sidecar or folder file says. What it leaves out is None."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    prompt: str | None = None
    model: str | None = None
    params: dict[str, JsonScalar | list[JsonScalar]] | None = None
    output_name: OutputTemplate | None = None
    skip: bool = False


@dataclass(frozen=True, slots=True)
class Beside:
    """The files that say something about a source, with their sightings."""

    sidecar: tuple[str, Sighting] | None
    folder_file: tuple[str, Sighting] | None

    @property
    def mark(self) -> str:
        """A short text that changes when any of the files comes, changes or goes; "" for none."""
        found = [each for each in (self.sidecar, self.folder_file) if each is not None]
        seen = ((path, each.size, each.mtime_ns, each.inode) for path, each in found)
        told = repr(tuple(seen)).encode()
        return hashlib.blake2b(told, digest_size=8).hexdigest() if found else ""


def names_for(relative: str) -> Iterator[str]:
    """Yield where a source's sidecar may be, the first found counts."""
    folder, slash, name = relative.rpartition("/")
    stem = name.rpartition(".")[0] or name
    for ending in (".toml", ".txt"):
        yield f"{folder}{slash}{name}{ending}"
        yield f"{folder}{slash}{stem}{ending}"


def beside(root: Path, relative: str) -> Beside:
    """Look for a source's sidecar and the nearest folder file upwards.

    Raises OSError where the folder cannot be read, RootGone where it is missing.
    """
    return beside_by(partial(look, root), relative)


def beside_by(look: Callable[[str], Sighting | None], relative: str) -> Beside:
    """Look for the same by other means: `look` returns the sighting of a path, or None."""
    return Beside(_first(look, names_for(relative)), _first(look, folder_files(relative)))


def read(root: Path, relative: str) -> Sidecar:
    """Read a sidecar or folder file. Raises BrokenSidecar, OSError."""
    try:
        content = sources.read(root, relative, limit=LARGEST_BYTES)
    except sources.SourceTooLarge:
        raise BrokenSidecar(f"{relative} is larger than 64 KiB") from None
    except sources.SourceError as error:
        raise BrokenSidecar(f"{relative} cannot be read: {error}") from error
    text = _text(content.data, relative)
    return (
        _from_toml(text, relative)
        if relative.lower().endswith(".toml")
        else _prompt(text, relative)
    )


def folder_files(relative: str) -> Iterator[str]:
    """Yield where folder files that count for a path may be, the nearest first."""
    folder = relative.rpartition("/")[0]
    while folder:
        yield f"{folder}/{FOLDER_PROMPT}"
        folder = folder.rpartition("/")[0]
    yield FOLDER_PROMPT


def _first(
    look: Callable[[str], Sighting | None], places: Iterator[str]
) -> tuple[str, Sighting] | None:
    seen = ((place, look(place)) for place in places)
    return next(((place, sighting) for place, sighting in seen if sighting is not None), None)


def look(root: Path, place: str) -> Sighting | None:
    """Return the sighting of a place where a sidecar may be, or None. Raises OSError, RootGone."""
    try:
        return sources.look(root, place)
    except (sources.SourceGone, sources.NotARegularFile):
        return None
    except OSError as error:
        # Beside a source whose name is as long as names can be there is no such file.
        if error.errno != errno.ENAMETOOLONG:
            raise
        return None


def _text(content: bytes, relative: str) -> str:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise BrokenSidecar(f"{relative} is not UTF-8 text: save it as UTF-8") from error


def _prompt(text: str, relative: str) -> Sidecar:
    prompt = text.strip().strip("\0").strip()
    if not prompt:
        raise BrokenSidecar(f"{relative} is empty: write the prompt into it or take it away")
    if "\0" in prompt:
        raise BrokenSidecar(f"{relative} is not a text file")
    return Sidecar(prompt=prompt)


def _from_toml(text: str, relative: str) -> Sidecar:
    try:
        table = tomli.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: a number of too many digits, too
        raise BrokenSidecar(f"{relative} is not TOML: {error}") from error
    try:
        return Sidecar.model_validate(table)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise BrokenSidecar(f"{relative}: {key}: {first['msg']}") from error
