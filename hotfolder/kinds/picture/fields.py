"""What a picture's metadata says: texts by the names that people know, exif.Model, iptc.Headline.

It is found without any foreign library. What is damaged or lies counts as not there; nothing
raises.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from PIL import ExifTags, Image

from hotfolder.kinds.formats import Picture
from hotfolder.kinds.metadata import iptc, packets, xmp
from hotfolder.kinds.metadata.exif import is_modest
from hotfolder.kinds.metadata.field_names import (
    EXIF_NAMES,
    IPTC_NAMES,
    LONGEST_PROMPT,
    LONGEST_TEXT,
    MOST_CHARACTERS,
    XMP_NAMES,
)
from hotfolder.kinds.picture import source_metadata

_EXIF_HEAD: Final = b"Exif\0\0"
_EXIF_IFD: Final = 0x8769
_SPACE: Final = "\0 \t\r\n"
# The field that says what is to be done with a picture; where it says nothing, the caption counts.
_PROMPTS: Final = (("photoshop", "Instructions"), ("dc", "description"))
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\s]+")


def read(picture: Picture, content: Any) -> Mapping[str, str]:  # noqa: ANN401  bytes or a map
    """Return the texts of a picture's metadata by field; a field that is not there has none."""
    blocks = source_metadata.of(picture, content).blocks
    texts = {f"exif.{name}": text for name, text in _exif(blocks.exif).items()}
    older = iptc.fields(blocks.iptc)
    newer = xmp.texts(blocks.xmp)
    for name, dataset in IPTC_NAMES.items():
        values = older.get(dataset) or newer.get(iptc.TO_XMP[dataset][:2], [])
        texts[f"iptc.{name}"] = _plain(", ".join(values))
    return _told(texts | _of_xmp(newer))


@dataclass(frozen=True, slots=True)
class Beside:
    """What an XMP file beside a picture says: the prompt, if any, and rating and label by field."""

    prompt: str | None
    texts: Mapping[str, str]


def of_file(content: bytes) -> Beside:
    """Return what an XMP file says. Raises packets.Unreadable."""
    said = xmp.texts_of_file(content)
    words = (each for field in _PROMPTS for each in said.get(field, []))
    prompt = next((each for each in words if each.strip(_SPACE)), None)
    if xmp.COMPANION in said:  # this program wrote it, for a result of another watch
        prompt = None
    if prompt is not None and len(prompt) > LONGEST_PROMPT:
        raise packets.Unreadable(f"says a prompt of more than {LONGEST_PROMPT} characters")
    return Beside(prompt, _told(_of_xmp(said)))


def _of_xmp(said: Mapping[packets.Name, list[str]]) -> dict[str, str]:
    return {f"xmp.{name}": _plain(" ".join(said.get(("xmp", name), []))) for name in XMP_NAMES}


def _told(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the texts that say something, as many as may be said together."""
    left = MOST_CHARACTERS
    told = {}
    for field, text in texts.items():
        if text and len(text) <= left:
            told[field] = text
            left -= len(text)
    return told


def _exif(block: bytes) -> dict[str, str]:
    if not is_modest(block.removeprefix(_EXIF_HEAD)):  # the library would copy each value
        return {}
    exif = Image.Exif()
    try:
        exif.load(_EXIF_HEAD + block)
        entries = {**exif, **exif.get_ifd(_EXIF_IFD)}
    except Exception:  # noqa: BLE001  Pillow reads what a stranger wrote: struct, key, value errors
        return {}
    named = {ExifTags.TAGS.get(tag, ""): value for tag, value in entries.items()}
    return {name: _text(value) for name, value in named.items() if name in EXIF_NAMES}


def _text(value: Any) -> str:  # noqa: ANN401  whatever Pillow makes of an entry
    if isinstance(value, bytes):
        return _plain(value.decode("utf-8", "replace")) if b"\0" not in value.strip(b"\0") else ""
    if isinstance(value, tuple):
        return ", ".join(_text(each) for each in value)
    if isinstance(value, str):
        return _plain(value)
    return _number(value)


def _number(value: Any) -> str:  # noqa: ANN401  a whole number or Pillow's ratio
    ratio = getattr(value, "numerator", 0), getattr(value, "denominator", 1)
    if 0 < ratio[0] < ratio[1] and ratio[1] % ratio[0] == 0:
        return f"1/{ratio[1] // ratio[0]}"  # as exposure times are written
    try:
        return f"{float(value):g}"
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return ""


def _plain(text: str) -> str:
    """Return a text on one line, without what cannot be printed or sent."""
    return _UNPRINTABLE.sub(" ", text).strip()[:LONGEST_TEXT]
