"""Texts as sources: what they say.

A text is read as its sidecar form is: at most 64 KiB, as UTF-8 or UTF-16. What is compared, and
what is sent, is the text itself, whatever its encoding, ends of lines and composition.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from hotfolder.domain import file_failures
from hotfolder.domain.sightings import Sighting
from hotfolder.kinds.formats import UnfitFile
from hotfolder.kinds.kind import Kind
from hotfolder.planning import forms
from hotfolder.tree import files

MOST_BYTES: Final = 64 * forms.KIB

_NO_TEXT: Final = re.compile("[\0-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f\ud800-\udfff]")


class NoText(UnfitFile):
    """There is nothing in it yet."""

    failure = file_failures.NO_TEXT
    growing = True


class TextCut(UnfitFile):
    """It ends within a character: it is still being written."""

    failure = file_failures.TRUNCATED
    growing = True


class NotText(UnfitFile):
    """It is no text in any encoding that is known here."""

    failure = file_failures.NOT_TEXT


class TextTooLong(UnfitFile):
    """It is larger than any prompt."""

    failure = file_failures.TEXT_TOO_LONG


@dataclass(frozen=True, slots=True)
class Text:
    """What a text says, with plain ends of lines, composed, and without space around it."""

    words: str

    @property
    def digest(self) -> str:
        """What the text is compared by, as a SHA-256 in hex."""
        return sha256(self.words.encode()).hexdigest()

    @property
    def kind(self) -> Kind:
        """Its kind."""
        return Kind.TEXT


def read(root: Path, relative: str) -> tuple[str, Sighting, Text | UnfitFile]:
    """Read a text: its bytes' hash, how it stood there, and what it says or why it is none.

    Raises SourceError, OSError.
    """
    try:
        content = files.read(root, relative, limit=MOST_BYTES)
    except files.SourceTooLarge:
        return *files.fingerprint(root, relative), TextTooLong()
    try:
        found: Text | UnfitFile = Text(of(content.data))
    except UnfitFile as error:
        found = error.with_traceback(None)
    return content.sha256, content.sighting, found


def of(content: bytes) -> str:
    """Return what a text says. Raises UnfitFile."""
    try:
        text = forms.decoded(content)
    except UnicodeDecodeError as error:
        is_cut = error.end >= len(error.object) and "end of data" in error.reason
        raise TextCut if is_cut or "truncated" in error.reason else NotText from error
    words = unicodedata.normalize("NFC", "\n".join(text.splitlines())).strip()
    if not words.strip("\0"):
        raise NoText
    if _NO_TEXT.search(words):
        raise NotText
    return words
