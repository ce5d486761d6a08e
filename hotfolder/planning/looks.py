"""What is known of files beyond their names, as confined workers told it.

Nothing of a stranger's is parsed in this process. Planning runs in the threads of shares, where
nobody waits for a worker: where a look is lacking, `Unseen` is raised, whoever began has the file
looked at (see `looking`) and begins again. Each content is looked at once, for as long as it is
remembered.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Final, Generic, TypeVar

from hotfolder.domain.essences import VERSION, Essence
from hotfolder.domain.sightings import Sighting
from hotfolder.domain.texts import is_table, is_text
from hotfolder.kinds import rows
from hotfolder.kinds.formats import FileTooLarge, Picture, UnfitFile
from hotfolder.kinds.kind import Kind
from hotfolder.kinds.media import Media
from hotfolder.planning import sheets, texts
from hotfolder.planning.sheets import Sheet
from hotfolder.planning.texts import Text
from hotfolder.tree import files

# What is remembered of contents and of places, together about: small for the smallest machine.
MOST_BYTES: Final = 12 * 1024 * 1024
# Of files of many texts, the one of the largest that is being worked on.
MOST_SHEET_BYTES: Final = 64 * 1024 * 1024
_LOOK_BYTES: Final = 1000
_TEXT_BYTES: Final = 150

Found = Picture | Media | Text | Sheet

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a file: its bytes' hash, how it stood there, and what it is or why it is nothing.

    `digest` is what stands for its image, None = its bytes; `texts` is its metadata, by field.
    """

    sha256: str
    sighting: Sighting
    found: Found | UnfitFile
    digest: str | None = None
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def essence(self) -> Essence:
        """What is compared to tell a changed image from changed metadata."""
        return Essence(VERSION, self.digest or self.sha256)

    @property
    def weight(self) -> int:
        """About how many bytes of memory it takes."""
        return _LOOK_BYTES + sum(_TEXT_BYTES + len(each) for each in self.texts.values())


def kind_of(found: Found) -> Kind:
    """Return the kind of what was found."""
    return Kind.PICTURE if isinstance(found, Picture) else found.kind


def look_at_text(root: Path, relative: str) -> Look:
    """Read a text where it stands; no worker is needed for that. Raises OSError, SourceError."""
    content_hash, sighting, found = texts.read(root, relative)
    digest = found.digest if isinstance(found, Text) else None
    return Look(content_hash, sighting, found, digest)


@dataclass(frozen=True, slots=True)
class Told:
    """What an XMP file beside a picture says: a prompt, rating and label; or why it is broken."""

    broken: str | None
    prompt: str | None
    texts: Mapping[str, str]


class Unseen(Exception):
    """A look is lacking that only a worker can take."""


class UnseenFile(Unseen):
    """Nobody has looked at the file at a place; one of more than `largest_bytes` is not read."""

    def __init__(self, root: Path, relative: str, largest_bytes: int) -> None:
        super().__init__(relative)
        self.root = root
        self.relative = relative
        self.largest_bytes = largest_bytes


class UnseenSheet(UnseenFile):
    """The same of a file of many texts."""


class UnseenReference(UnseenFile):
    """The same of a reference: that it cannot be read is what is wrong with it."""


class UnseenSidecar(Unseen):
    """Nobody has read the content of an XMP file."""

    def __init__(self, content: bytes) -> None:
        super().__init__("a sidecar")
        self.content = content


class _Memory(Generic[K, V]):
    """Keeps what was used last, up to a weight."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._gate = threading.Lock()

    def get(self, key: K) -> V | None:
        with self._gate:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def put(self, key: K, value: V, weight: int) -> None:
        with self._gate:
            _, freed = self._kept.pop(key, (None, 0))
            self._left += freed
            self._kept[key] = value, weight
            self._left -= weight
            while self._left < 0:
                _, (_, freed) = self._kept.popitem(last=False)
                self._left += freed


class Looks:
    """Remembers looks; its questions block, and are asked in the thread of the share.

    `was_job` says whether a text at a place was a job of its own.
    """

    def __init__(self, was_job: Callable[[Path, str], bool] = lambda _root, _path: False) -> None:
        self.was_job = was_job
        self._contents: _Memory[str, Look] = _Memory(MOST_BYTES // 2)
        self._sheets: _Memory[tuple[str, bool], Look] = _Memory(MOST_SHEET_BYTES)
        self._references: _Memory[tuple[Path, str], Look] = _Memory(MOST_BYTES // 4)
        self._fresh: dict[tuple[Path, str], Look] = {}
        self._sidecars: _Memory[str, Told] = _Memory(MOST_BYTES // 4)
        self._refused: dict[tuple[Path, str], OSError | files.SourceError] = {}

    def of_source(
        self,
        root: Path,
        relative: str,
        largest_bytes: int,
        expected: str | None = None,
        *,
        is_sheet: bool = False,
    ) -> Look:
        """Return a look at a source as it stands there now; one that `is_sheet` has many texts.

        A content that is `expected`, by its hash, is read; any other must just have been looked at
        for this. Raises Unseen, OSError, SourceError.
        """
        if is_sheet:
            return self._of_sheet(root, relative, expected)
        if is_text(relative):
            return look_at_text(root, relative)
        sighting = files.look(root, relative)
        if sighting.size > largest_bytes:
            return Look(*files.fingerprint(root, relative), FileTooLarge())
        fresh = self._fresh.get((root, relative))
        if fresh is not None and fresh.sighting == sighting:
            return fresh
        if expected is not None and self._contents.get(expected) is not None:
            found, sighting = files.digest(root, relative)
            known = self.of_content(found, sighting)
            if known is not None:
                return known
        raise UnseenFile(root, relative, largest_bytes)

    def _of_sheet(self, root: Path, relative: str, expected: str | None) -> Look:
        sighting = files.look(root, relative)
        fresh = self._fresh.get((root, relative))
        if fresh is not None and fresh.sighting == sighting:
            return fresh
        if expected is not None:
            found, sighting = files.digest(root, relative)
            known = self._sheets.get((found, is_table(relative)))
            if known is not None:
                digest = sheets.place_digest(root, relative)
                return replace(known, sighting=sighting, digest=digest)
        raise UnseenSheet(root, relative, rows.MOST_BYTES)

    def of_reference(self, root: Path, relative: str) -> Look:
        """Return a look at a reference, read again only when it looks otherwise. Raises as above.

        Many pictures may have it.
        """
        refusal = self._refused.pop((root, relative), None)
        if refusal is not None:
            raise refusal
        sighting = files.look(root, relative)
        known = self._references.get((root, relative))
        if known is not None and known.sighting == sighting:
            return known
        raise UnseenReference(root, relative, files.LARGEST_BYTES)

    def of_sidecar(self, content: bytes) -> Told:
        """Return what an XMP file says. Raises Unseen."""
        known = self._sidecars.get(sha256(content).hexdigest())
        if known is None:
            raise UnseenSidecar(content)
        return known

    def of_content(self, content_hash: str, sighting: Sighting) -> Look | None:
        """Return a look at a content that stood at some place before, or None."""
        known = self._contents.get(content_hash)
        return known and replace(known, sighting=sighting)

    def refuse(self, root: Path, relative: str, error: OSError | files.SourceError) -> None:
        """Have the next question about a reference know that it cannot be read."""
        self._refused[root, relative] = error

    def remember_fresh(self, root: Path, relative: str, look: Look) -> None:
        """Keep a look at a source until the plan is made that lacked it."""
        self._fresh[root, relative] = look

    def forget_fresh(self, root: Path, relative: str) -> None:
        """Have the source be read again by the next who asks."""
        self._fresh.pop((root, relative), None)

    def remember_reference(self, root: Path, relative: str, look: Look) -> None:
        """Keep a look at a reference for as long as it stands there as it does."""
        self._references.put((root, relative), look, look.weight)

    def remember_content(self, look: Look) -> None:
        """Keep what a content is, wherever it stands."""
        self._contents.put(look.sha256, look, look.weight)

    def remember_sheet(self, relative: str, look: Look) -> None:
        """Keep what the rows of a content are, wherever it stands."""
        weight = look.found.weight if isinstance(look.found, Sheet) else look.weight
        self._sheets.put((look.sha256, is_table(relative)), look, weight)

    def remember_sidecar(self, content: bytes, told: Told) -> None:
        """Keep what an XMP file says."""
        weight = _LOOK_BYTES + len(told.prompt or "")
        self._sidecars.put(sha256(content).hexdigest(), told, weight)
