"""XMP packets: what a source said, kept; what no longer holds, mended; the note of the edit, added.

A packet is RDF in XML and comes from anywhere: with a DOCTYPE, too large or broken it is dropped.
The term for pictures edited by a model, and what was asked of it, stand where IPTC wants them
(Photo Metadata Standard 2025.1); the task's id and time in a namespace of our own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET
from xml.parsers import expat

from hotfolder.kinds.metadata import iptc

LARGEST_BYTES: Final = 4 * 1024 * 1024
_DEEPEST: Final = 100
_MOST_SPACES: Final = 200
EDITED_BY_AI: Final = (
    "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
)

_SPACES: Final = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "exifEX": "http://cipa.jp/exif/1.0/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "crs": "http://ns.adobe.com/camera-raw-settings/1.0/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "hotfolder": "urn:hotfolder:edit:1.0/",
}
_PREFIXES = {uri: prefix for prefix, uri in _SPACES.items()}
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_SERIALS = frozenset(
    {
        *(("aux", name) for name in ("SerialNumber", "LensSerialNumber", "OwnerName")),
        *(("exifEX", name) for name in ("BodySerialNumber", "LensSerialNumber")),
        ("exifEX", "CameraOwnerName"),
    }
)
# The mark of a second part, which only JPEGs have.
_EXTENDED = ("xmpNote", "HasExtendedXMP")
# Nothing of this holds for the result, nor do settings for developing the source.
_OF_THE_SOURCE = frozenset({("xmp", "Thumbnails"), _EXTENDED})
# What a result that was finished before, for another job, says of itself.
_OF_AN_EDIT = frozenset(
    {
        ("Iptc4xmpExt", "AIPromptInformation"),
        *(("hotfolder", name) for name in ("Model", "TaskId", "EditedAt")),
    }
)
_BEGIN = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'.encode()
_END = b'<?xpacket end="w"?>'
_BOMS = (b"\xff\xfe", b"\xfe\xff")

Name = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """The edit as it is noted in a result; `prompt` None = not told; `at` in ISO form."""

    model: str
    task_id: str
    at: str
    prompt: str | None = None


class Unreadable(ValueError):
    """Not XMP that may be read; the text says why."""


def without(packet: bytes, private: Collection[str]) -> bytes:
    """Return a packet without the private parts named; b"" for one that cannot be read."""
    if not packet:
        return b""
    try:
        root = _parsed(packet)
    except Unreadable:
        return b""
    _remove_private(root, private)
    return _written(root)


def finished(
    packet: bytes,
    own: bytes,
    *,
    size: tuple[int, int],
    private: Collection[str],
    note: Note | None,
    texts: Mapping[int, Sequence[str]],
) -> bytes:
    """Return the packet of a result.

    `packet` is the source's, `own` what the result came with, `size` its width and height,
    `private` what to leave out; `texts` are IPTC's fields that have no place of their own.
    """
    root = _parsed_or_new(packet)
    _remove_private(root, private)
    _remove(root, lambda name: name in _OF_THE_SOURCE or name[0] == "crs")
    for prefix, names in (
        ("tiff", ("ImageWidth", "ImageLength")),
        ("exif", ("PixelXDimension", "PixelYDimension")),
    ):
        for name, number in zip(names, size, strict=True):
            _change(root, (prefix, name), str(number))
    _change(root, ("tiff", "Orientation"), "1")
    came_with = _parsed_or_new(own)
    _remove(came_with, _OF_AN_EDIT.__contains__)
    _remove_private(came_with, private)
    _add_missing(root, came_with)
    for number, values in texts.items():
        if number in iptc.TO_XMP:
            _add_text(root, *iptc.TO_XMP[number], values)
    if note is not None:
        _add_note(root, note)
    return _written(root)


def joined(packet: bytes, extension: bytes) -> bytes:
    """Return the whole of what a JPEG keeps in two parts; what cannot be read adds nothing."""
    root = _parsed_or_new(packet)
    _remove(root, _EXTENDED.__eq__)
    _add_missing(root, _parsed_or_new(extension))
    return _written(root)


def parted(packet: bytes, most_bytes: int) -> tuple[bytes, bytes, bytes]:
    """Part a packet that is too large for a JPEG's segment; all b"" for one that cannot be read.

    Returns the part of at most so many bytes, the extension with the largest properties, and the
    number by which the first names it (XMP Specification, part 3).
    """
    try:
        root = _parsed(packet)
    except Unreadable:
        return b"", b"", b""
    mark = ET.SubElement(_description(root), _tag(*_EXTENDED))
    mark.text = "0" * 32
    moved = _empty()
    left, portion = _largest_first(root), 1
    while left and len(_written(root)) > most_bytes:
        # Ever more at once: each time all of it is written anew.
        taken, left, portion = left[:portion], left[portion:], 2 * portion
        going = {id(child) for child in taken}
        for each in _descriptions(root):
            each[:] = [child for child in each if id(child) not in going]
        _description(moved).extend(taken)
    extension = ET.tostring(moved, "utf-8")
    mark.text = hashlib.md5(extension, usedforsecurity=False).hexdigest().upper()
    return _written(root), extension, mark.text.encode()


def _largest_first(root: ET.Element) -> list[ET.Element]:
    """Return the properties that may be moved."""
    found = [child for each in _descriptions(root) for child in each]
    own = [child for child in found if _name(child.tag) != _EXTENDED]
    return sorted(own, key=lambda child: len(ET.tostring(child)), reverse=True)


def _add_note(root: ET.Element, note: Note) -> None:
    said = {
        ("Iptc4xmpExt", "DigitalSourceType"): EDITED_BY_AI,
        ("Iptc4xmpExt", "AISystemUsed"): note.model,
        ("Iptc4xmpExt", "AIPromptInformation"): note.prompt,
        ("xmp", "MetadataDate"): note.at,
        ("hotfolder", "Model"): note.model,
        ("hotfolder", "TaskId"): note.task_id or None,
        ("hotfolder", "EditedAt"): note.at,
    }
    for name, text in said.items():
        if text is not None:
            _remove(root, name.__eq__)
            ET.SubElement(_description(root), _tag(*name)).text = _sayable(text)


def _sayable(text: str) -> str:
    """Leave out what XML cannot hold."""
    return "".join(each for each in text if each in "\t\n\r" or ord(each) >= ord(" "))


def texts(packet: bytes) -> dict[Name, list[str]]:
    """Return what a packet says in words, by prefix and name; nothing where it cannot be read.

    Of a text in several languages the default counts.
    """
    try:
        return _texts(_parsed(packet))
    except Unreadable:
        return {}


def texts_of_file(content: bytes) -> dict[Name, list[str]]:
    """Return what an XMP file says in words, as `texts` does; of any other XML nothing.

    Raises Unreadable for what is no XML or has a DOCTYPE.
    """
    return _texts(_tree(content))


def _texts(root: ET.Element) -> dict[Name, list[str]]:
    found: dict[Name, list[str]] = {}
    for description in _descriptions(root):
        for tag, text in description.attrib.items():
            found.setdefault(_name(tag), []).append(text)
        for child in description:
            found.setdefault(_name(child.tag), []).extend(_words(child))
    return found


def _words(element: ET.Element) -> list[str]:
    lines = list(element.iter(_tag("rdf", "li")))
    is_choice = element.find(_tag("rdf", "Alt")) is not None
    if is_choice:
        lines.sort(key=lambda each: each.get(_LANGUAGE) != "x-default")
    said = [each.text for each in lines or [element] if each.text and each.text.strip("\0 \t\r\n")]
    return said[:1] if is_choice else said


# -- reading and writing


def _parsed(packet: bytes) -> ET.Element:
    """Parse a packet that is to be written again. Raises Unreadable."""
    if len(packet) > LARGEST_BYTES:
        raise Unreadable("is too large")
    root = _tree(packet, deepest=_DEEPEST)  # written by recursion
    if root.tag == _tag("rdf", "RDF"):
        meta = _empty()
        meta[:] = [root]
        return meta
    if root.find(_tag("rdf", "RDF")) is None:
        raise Unreadable("is no XMP")
    return root


def _tree(content: bytes, deepest: int | None = None) -> ET.Element:
    """Parse XML without a DOCTYPE, at most so deep. Raises Unreadable."""
    guard, depth = expat.ParserCreate(namespace_separator=" "), 0

    def enter(*_: object) -> None:
        nonlocal depth
        depth += 1
        if deepest is not None and depth > deepest:
            raise Unreadable("is nested too deeply")

    def leave(_name: str) -> None:
        nonlocal depth
        depth -= 1

    guard.StartElementHandler, guard.EndElementHandler = enter, leave
    guard.StartDoctypeDeclHandler = _refuse
    spaces = iter(range(_MOST_SPACES))  # the library looks through all of them for each

    def know(prefix: str | None, uri: str) -> None:
        if next(spaces, None) is not None:
            _know(prefix, uri)

    guard.StartNamespaceDeclHandler = know
    stripped = content if content[:2] in _BOMS else content.strip(b"\0 \t\r\n")
    try:
        guard.Parse(stripped, True)
        return ET.fromstring(stripped)  # noqa: S314  the guard refused every DOCTYPE
    except Unreadable:
        raise
    except (expat.ExpatError, ET.ParseError, ValueError, LookupError) as error:
        raise Unreadable(f"is not XML: {error}") from error


def _refuse(*_: object) -> None:
    raise Unreadable("has a DOCTYPE or entities, which are not read")


def _know(prefix: str | None, uri: str) -> None:
    """Keep the prefixes that a packet uses."""
    if prefix and uri not in _PREFIXES and not prefix.startswith("ns"):
        ET.register_namespace(prefix, uri)


def _parsed_or_new(packet: bytes) -> ET.Element:
    try:
        return _parsed(packet)
    except Unreadable:
        return _empty()


def _empty() -> ET.Element:
    root = ET.Element(_tag("x", "xmpmeta"))
    ET.SubElement(root, _tag("rdf", "RDF"))
    return root


def _written(root: ET.Element) -> bytes:
    for prefix, uri in _SPACES.items():
        ET.register_namespace(prefix, uri)
    return b"\n".join((_BEGIN, ET.tostring(root, "utf-8"), _END))


# -- properties: children or attributes of the descriptions


def _tag(prefix: str, name: str) -> str:
    return f"{{{_SPACES[prefix]}}}{name}"


def _name(tag: str) -> Name:
    uri, _, name = tag.removeprefix("{").partition("}")
    return _PREFIXES.get(uri, uri), name


def _descriptions(root: ET.Element) -> Iterator[ET.Element]:
    for rdf in root.iter(_tag("rdf", "RDF")):
        yield from rdf.findall(_tag("rdf", "Description"))


def _description(root: ET.Element) -> ET.Element:
    """Return the first description, which is made where there is none."""
    found = next(_descriptions(root), None)
    if found is None:
        rdf = next(root.iter(_tag("rdf", "RDF")))
        found = ET.SubElement(rdf, _tag("rdf", "Description"), {_tag("rdf", "about"): ""})
    return found


def _remove(root: ET.Element, unwanted: Callable[[Name], bool]) -> None:
    for description in _descriptions(root):
        description[:] = [each for each in description if not unwanted(_name(each.tag))]
        for key in [each for each in description.attrib if unwanted(_name(each))]:
            del description.attrib[key]


def _remove_private(root: ET.Element, private: Collection[str]) -> None:
    if "gps" in private:
        _remove(root, lambda name: name[0] == "exif" and name[1].startswith("GPS"))
    if "serials" in private:
        _remove(root, _SERIALS.__contains__)
    if "thumbnail" in private:
        _remove(root, ("xmp", "Thumbnails").__eq__)


def _change(root: ET.Element, name: Name, text: str) -> None:
    """Change a property where it is said at all."""
    tag = _tag(*name)
    for description in _descriptions(root):
        if tag in description.attrib:
            description.set(tag, text)
        for child in description.findall(tag):
            child.text = text


def _has(root: ET.Element, tag: str) -> bool:
    return any(tag in each.attrib or each.find(tag) is not None for each in _descriptions(root))


def _add_missing(root: ET.Element, other: ET.Element) -> None:
    """Add what another packet says and this one does not."""
    own = _description(root)
    said = {child.tag for each in _descriptions(root) for child in each}
    said |= {key for each in _descriptions(root) for key in each.attrib}
    for description in _descriptions(other):
        for child in description:
            if child.tag not in said:
                said.add(child.tag)
                own.append(child)
        for key, text in description.attrib.items():
            if key != _tag("rdf", "about") and key not in said:
                said.add(key)
                own.set(key, text)


def _add_text(root: ET.Element, prefix: str, name: str, form: str, values: Sequence[str]) -> None:
    tag = _tag(prefix, name)
    if _has(root, tag):
        return
    said = ET.SubElement(_description(root), tag)
    if not form:
        said.text = _sayable(values[0])
        return
    listed = ET.SubElement(said, _tag("rdf", form))
    for value in values:
        item = ET.SubElement(listed, _tag("rdf", "li"))
        item.text = _sayable(value)
        if form == "Alt":
            item.set(_LANGUAGE, "x-default")
