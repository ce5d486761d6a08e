"""XMP packets as trees: parsed, looked through, changed and written.

A packet is RDF in XML and comes from anywhere: with a DOCTYPE, too large or broken it is
unreadable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final
from xml.etree import ElementTree as ET
from xml.parsers import expat

LARGEST_BYTES: Final = 4 * 1024 * 1024
_DEEPEST: Final = 100
_MOST_SPACES: Final = 200

SPACES: Final = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
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
_PREFIXES = {uri: prefix for prefix, uri in SPACES.items()}
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_BEGIN = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'.encode()
_END = b'<?xpacket end="w"?>'
_BOMS = (b"\xff\xfe", b"\xfe\xff")

# A namespace's prefix, and a property's name.
Name = tuple[str, str]


class Unreadable(ValueError):
    """Not XMP that may be read; the text says why."""


# -- reading and writing


def parsed(packet: bytes) -> ET.Element:
    """Parse a packet that is to be written again. Raises Unreadable."""
    if len(packet) > LARGEST_BYTES:
        raise Unreadable("is too large")
    root = parsed_tree(packet, deepest=_DEEPEST)  # written by recursion
    if root.tag == tag_of("rdf", "RDF"):
        meta = empty()
        meta[:] = [root]
        return meta
    if root.find(tag_of("rdf", "RDF")) is None:
        raise Unreadable("is no XMP")
    return root


def parsed_tree(content: bytes, deepest: int | None = None) -> ET.Element:
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


def parsed_or_new(packet: bytes) -> ET.Element:
    """Parse a packet as `parsed` does; an empty one for what cannot be read."""
    try:
        return parsed(packet)
    except Unreadable:
        return empty()


def empty() -> ET.Element:
    """Return a packet that says nothing."""
    root = ET.Element(tag_of("x", "xmpmeta"))
    ET.SubElement(root, tag_of("rdf", "RDF"))
    return root


def written(root: ET.Element) -> bytes:
    """Write a packet."""
    for prefix, uri in SPACES.items():
        ET.register_namespace(prefix, uri)
    return b"\n".join((_BEGIN, ET.tostring(root, "utf-8"), _END))


# -- properties: children or attributes of the descriptions


def tag_of(prefix: str, name: str) -> str:
    """Return a property as the parser names it."""
    return f"{{{SPACES[prefix]}}}{name}"


def name_of(tag: str) -> Name:
    """Return the prefix and name of what the parser found."""
    uri, _, name = tag.removeprefix("{").partition("}")
    return _PREFIXES.get(uri, uri), name


def descriptions(root: ET.Element) -> Iterator[ET.Element]:
    """Yield what holds the properties."""
    for rdf in root.iter(tag_of("rdf", "RDF")):
        yield from rdf.findall(tag_of("rdf", "Description"))


def description(root: ET.Element) -> ET.Element:
    """Return the first description, which is made where there is none."""
    found = next(descriptions(root), None)
    if found is None:
        rdf = next(root.iter(tag_of("rdf", "RDF")))
        found = ET.SubElement(rdf, tag_of("rdf", "Description"), {tag_of("rdf", "about"): ""})
    return found


def remove(root: ET.Element, unwanted: Callable[[Name], bool]) -> None:
    """Remove properties."""
    for holder in descriptions(root):
        holder[:] = [each for each in holder if not unwanted(name_of(each.tag))]
        for key in [each for each in holder.attrib if unwanted(name_of(each))]:
            del holder.attrib[key]


def change(root: ET.Element, name: Name, text: str) -> None:
    """Change a property where it is said at all."""
    tag = tag_of(*name)
    for holder in descriptions(root):
        if tag in holder.attrib:
            holder.set(tag, text)
        for child in holder.findall(tag):
            child.text = text


def has(root: ET.Element, tag: str) -> bool:
    """Whether a property is said."""
    return any(tag in each.attrib or each.find(tag) is not None for each in descriptions(root))


def add_missing(root: ET.Element, other: ET.Element) -> None:
    """Add what another packet says and this one does not."""
    own = description(root)
    said = {child.tag for each in descriptions(root) for child in each}
    said |= {key for each in descriptions(root) for key in each.attrib}
    for holder in descriptions(other):
        for child in holder:
            if child.tag not in said:
                said.add(child.tag)
                own.append(child)
        for key, text in holder.attrib.items():
            if key != tag_of("rdf", "about") and key not in said:
                said.add(key)
                own.set(key, text)


def add_items(root: ET.Element, name: Name, values: Sequence[str]) -> None:
    """Add to a list what it does not say; what is no list stays as it is."""
    tag = tag_of(*name)
    for said in (each.find(tag) for each in descriptions(root)):
        listed = said.find(tag_of("rdf", "Seq")) if said is not None else None
        if said is not None and listed is not None:
            known = set(words(said))
            for value in dict.fromkeys(each for each in values if each not in known):
                ET.SubElement(listed, tag_of("rdf", "li")).text = sayable(value)
            return


def add_text(root: ET.Element, prefix: str, name: str, form: str, values: Sequence[str]) -> None:
    """Say something that is not said yet; `form` is "", Seq, Bag or Alt."""
    tag = tag_of(prefix, name)
    if has(root, tag):
        return
    said = ET.SubElement(description(root), tag)
    if not form:
        said.text = sayable(values[0])
        return
    listed = ET.SubElement(said, tag_of("rdf", form))
    for value in values:
        item = ET.SubElement(listed, tag_of("rdf", "li"))
        item.text = sayable(value)
        if form == "Alt":
            item.set(LANGUAGE, "x-default")


# -- what is said in words


def texts_in(root: ET.Element) -> dict[Name, list[str]]:
    """Return what a packet says in words, by prefix and name."""
    found: dict[Name, list[str]] = {}
    for holder in descriptions(root):
        for tag, text in holder.attrib.items():
            found.setdefault(name_of(tag), []).append(text)
        for child in holder:
            found.setdefault(name_of(child.tag), []).extend(words(child))
    return found


def words(element: ET.Element) -> list[str]:
    """Return the words of a property; of several languages the default."""
    lines = list(element.iter(tag_of("rdf", "li")))
    is_choice = element.find(tag_of("rdf", "Alt")) is not None
    if is_choice:
        lines.sort(key=lambda each: each.get(LANGUAGE) != "x-default")
    said = [each.text for each in lines or [element] if each.text and each.text.strip("\0 \t\r\n")]
    return said[:1] if is_choice else said


def sayable(text: str) -> str:
    """Leave out what XML cannot hold."""
    return "".join(each for each in text if each in "\t\n\r" or ord(each) >= ord(" "))
