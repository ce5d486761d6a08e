"""XMP packets: what a source said, kept; what no longer holds, mended; the note of the edit, added.

A packet is RDF in XML and comes from anywhere: with a DOCTYPE, too large or broken it is dropped.
The term for pictures edited by a model, and what was asked of it, stand where IPTC wants them
(Photo Metadata Standard 2025.1); the task's id and time in a namespace of our own.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final
from xml.etree import ElementTree as ET

from hotfolder.kinds.metadata import iptc
from hotfolder.kinds.metadata.packets import (
    Name,
    Unreadable,
    add_items,
    add_missing,
    add_text,
    change,
    description,
    descriptions,
    empty,
    name_of,
    parsed,
    parsed_or_new,
    parsed_tree,
    remove,
    sayable,
    tag_of,
    texts_in,
    written,
)
from hotfolder.kinds.metadata.source_types import EDITED_BY_AI, MADE_BY_AI

# How IPTC's terms for media that a model made, or had a part in, end.
_AI_TERMS: Final = ("trainedAlgorithmicMedia", "TrainedAlgorithmicMedia", "compositeSynthetic")
_CREATOR = ("dc", "creator")
_SOURCE_TYPE = ("Iptc4xmpExt", "DigitalSourceType")
_SYSTEM = ("Iptc4xmpExt", "AISystemUsed")
_PROMPT = ("Iptc4xmpExt", "AIPromptInformation")
_WRITER = ("Iptc4xmpExt", "AIPromptWriterName")
_SERIALS = frozenset(
    {
        *(("aux", name) for name in ("SerialNumber", "LensSerialNumber", "OwnerName")),
        *(("exifEX", name) for name in ("BodySerialNumber", "LensSerialNumber")),
        ("exifEX", "CameraOwnerName"),
    }
)
# The mark of a second part, which only JPEGs have.
_EXTENDED = ("xmpNote", "HasExtendedXMP")
# Where the manifest of a picture is to be had that is not in it: it holds for that file alone.
REMOTE_MANIFEST: Final = ("dcterms", "provenance")
# Nothing of this holds for the result, nor do settings for developing the source.
_OF_THE_SOURCE = frozenset({("xmp", "Thumbnails"), _EXTENDED, REMOTE_MANIFEST})
# What the service itself wrote into a result, word for word, by its block.
_VERBATIM: Final = {"exif": "ResultExif", "xmp": "ResultXmp", "iptc": "ResultIptc"}
_SAID_BEFORE = ("hotfolder", "SourceType")
# The mark of a packet that stands beside a result, not in it.
COMPANION: Final = ("hotfolder", "Companion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """The edit as it is noted in a result; `prompt` None = not told; `at` in ISO form.

    `is_label`: IPTC's terms say that a model had a part in it, with `created` that it made it.
    `writer` is who wrote the prompt, told with it alone.
    """

    model: str
    task_id: str
    at: str
    prompt: str | None = None
    is_label: bool = True
    writer: str | None = None
    created: bool = False


def without(packet: bytes, private: Collection[str]) -> bytes:
    """Return a packet without the private parts named; b"" for one that cannot be read."""
    if not packet:
        return b""
    try:
        root = parsed(packet)
    except Unreadable:
        return b""
    _remove_private(root, private)
    return written(root)


def without_link(packet: bytes) -> bytes:
    """Return a packet that names no manifest elsewhere."""
    if REMOTE_MANIFEST not in texts(packet):
        return packet
    root = parsed(packet)
    remove(root, REMOTE_MANIFEST.__eq__)
    return written(root)


def finished(
    packet: bytes,
    own: bytes,
    *,
    size: tuple[int, int],
    private: Collection[str],
    note: Note | None,
    texts: Mapping[int, Sequence[str]],
    verbatim: Mapping[str, bytes] | None = None,
    is_companion: bool = False,
) -> bytes:
    """Return the packet of a result.

    `packet` is the source's, `own` what the result came with, `size` its width and height,
    `private` what to leave out; `texts` are IPTC's fields that have no place of their own.
    `verbatim` are the result's own blocks by their names, to be kept word for word as well;
    `is_companion` says that it goes beside the result, which no plan may read as a sidecar.
    """
    root, came_with = parsed_or_new(packet), parsed_or_new(own)
    _remove_private(root, private)
    remove(root, lambda name: name in _OF_THE_SOURCE or name[0] == "crs" or _is_ours(name))
    for prefix, names in (
        ("tiff", ("ImageWidth", "ImageLength")),
        ("exif", ("PixelXDimension", "PixelYDimension")),
    ):
        for name, number in zip(names, size, strict=True):
            change(root, (prefix, name), str(number))
    change(root, ("tiff", "Orientation"), "1")
    remove(came_with, lambda name: _is_ours(name) or name in {_PROMPT, REMOTE_MANIFEST})
    _remove_private(came_with, private)
    said = texts_in(root), texts_in(came_with)
    add_missing(root, came_with)
    add_items(root, _CREATOR, said[1].get(_CREATOR, ()))
    for number, values in texts.items():
        if number in iptc.TO_XMP:
            add_text(root, *iptc.TO_XMP[number], values)
    if note is not None:
        _add_note(root, note, *said)
    if is_companion:
        _say(root, COMPANION, "1")
    for block, content in (verbatim or {}).items():
        if content:
            _say(root, ("hotfolder", _VERBATIM[block]), base64.b64encode(content).decode("ascii"))
    return written(root)


def verbatim(packet: bytes) -> dict[str, bytes] | None:
    """Return what the service itself wrote into a result that this program finished.

    By the names of the blocks; None for a picture that it never finished.
    """
    said = texts(packet)
    if ("hotfolder", "TaskId") not in said and ("hotfolder", "EditedAt") not in said:
        return None
    found = {}
    for block, name in _VERBATIM.items():
        for text in said.get(("hotfolder", name), ())[:1]:
            with contextlib.suppress(ValueError):
                found[block] = base64.b64decode(text, validate=True)
    return found


def joined(packet: bytes, extension: bytes) -> bytes:
    """Return the whole of what a JPEG keeps in two parts; what cannot be read adds nothing."""
    root = parsed_or_new(packet)
    remove(root, _EXTENDED.__eq__)
    add_missing(root, parsed_or_new(extension))
    return written(root)


def parted(packet: bytes, most_bytes: int) -> tuple[bytes, bytes, bytes]:
    """Part a packet that is too large for a JPEG's segment; all b"" for one that cannot be read.

    Returns the part of at most so many bytes, the extension with the largest properties, and the
    number by which the first names it (XMP Specification, part 3).
    """
    try:
        root = parsed(packet)
    except Unreadable:
        return b"", b"", b""
    mark = ET.SubElement(description(root), tag_of(*_EXTENDED))
    mark.text = "0" * 32
    moved = empty()
    left = _largest_first(root)
    while left and (surplus := len(written(root)) - most_bytes) > 0:
        # All that is too much at once: each time the whole packet is written anew.
        count = bisect_left(list(accumulate(map(_least_length, left))), surplus) + 1
        taken, left = left[:count], left[count:]
        going = {id(child) for child in taken}
        for each in descriptions(root):
            each[:] = [child for child in each if id(child) not in going]
        description(moved).extend(taken)
    extension = ET.tostring(moved, "utf-8")
    mark.text = hashlib.md5(extension, usedforsecurity=False).hexdigest().upper()
    return written(root), extension, mark.text.encode()


def _largest_first(root: ET.Element) -> list[ET.Element]:
    """Return the properties that may be moved."""
    found = [child for each in descriptions(root) for child in each]
    own = [child for child in found if name_of(child.tag) != _EXTENDED]
    return sorted(own, key=_least_length, reverse=True)


def _least_length(child: ET.Element) -> int:
    """Return a length that a property has at least when it is written."""
    return sum(
        2 * len(each.tag.rpartition("}")[2])
        + len(each.text or "")
        + sum(map(len, each.attrib.values()))
        for each in child.iter()
    )


def _is_ours(name: Name) -> bool:
    return name[0] == "hotfolder" and name != _SAID_BEFORE


def _add_note(
    root: ET.Element, note: Note, of_source: dict[Name, list[str]], of_result: dict[Name, list[str]]
) -> None:
    """Note the edit, and what the source and the service said of it before."""
    before, own = (each.get(_SOURCE_TYPE, [""])[0] for each in (of_source, of_result))
    kind = own if own.endswith(_AI_TERMS) else _kind(note)
    systems = [*of_source.get(_SYSTEM, ()), *of_result.get(_SYSTEM, ()), note.model]
    terms = {
        _SOURCE_TYPE: kind,
        _SAID_BEFORE: before if before and before != kind else None,
        _SYSTEM: "; ".join(dict.fromkeys(systems)),
    }
    said = {
        **(terms if note.is_label else {}),
        _PROMPT: note.prompt,
        _WRITER: note.writer if note.prompt else None,
        ("xmp", "MetadataDate"): note.at,
        ("hotfolder", "Model"): note.model,
        ("hotfolder", "TaskId"): note.task_id or None,
        ("hotfolder", "EditedAt"): note.at,
    }
    for name, text in said.items():
        if text is not None:
            _say(root, name, text)


def _kind(note: Note) -> str:
    return MADE_BY_AI if note.created else EDITED_BY_AI


def _say(root: ET.Element, name: Name, text: str) -> None:
    remove(root, name.__eq__)
    ET.SubElement(description(root), tag_of(*name)).text = sayable(text)


def texts(packet: bytes) -> dict[Name, list[str]]:
    """Return what a packet says in words, by prefix and name; nothing where it cannot be read.

    Of a text in several languages the default counts.
    """
    try:
        return texts_in(parsed(packet))
    except Unreadable:
        return {}


def texts_of_file(content: bytes) -> dict[Name, list[str]]:
    """Return what an XMP file says in words, as `texts` does; of any other XML nothing.

    Raises Unreadable for what is no XML or has a DOCTYPE.
    """
    return texts_in(parsed_tree(content))


def _remove_private(root: ET.Element, private: Collection[str]) -> None:
    if "gps" in private:
        remove(root, lambda name: name[0] == "exif" and name[1].startswith("GPS"))
    if "serials" in private:
        remove(root, _SERIALS.__contains__)
    if "thumbnail" in private:
        remove(root, ("xmp", "Thumbnails").__eq__)
