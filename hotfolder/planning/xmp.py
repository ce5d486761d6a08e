"""The prompt that an XMP sidecar holds, as Lightroom, Photo Mechanic and their like write it.

`photoshop:Instructions` is the field that says what is to be done with a picture; where it is
missing or empty, the caption `dc:description` counts. Each may be an attribute, an element, or
an rdf:Alt of languages, of which x-default counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from defusedxml import DefusedXmlException, ElementTree

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_RDF: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_FIELDS: Final = (
    "{http://ns.adobe.com/photoshop/1.0/}Instructions",
    "{http://purl.org/dc/elements/1.1/}description",
)


def prompt(content: bytes) -> str | None:
    """Return the prompt in an XMP file, or None where it says none.

    Raises ValueError for what is no XML, or has a DOCTYPE or entities.
    """
    try:
        root = ElementTree.fromstring(content, forbid_dtd=True)
    except DefusedXmlException as error:
        raise ValueError("has a DOCTYPE or entities, which are not read") from error
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise ValueError(f"is not XML: {error}") from error
    descriptions = list(root.iter(f"{_RDF}Description"))
    said = (
        words
        for field in _FIELDS
        for each in descriptions
        for words in _values(each, field)
        if words.strip("\0 \t\r\n")
    )
    return next(said, None)


def _values(description: Element, field: str) -> Iterator[str]:
    yield description.get(field, "")
    for element in description.findall(field):
        listed = element.findall(f"{_RDF}Alt/{_RDF}li")
        listed.sort(key=lambda each: each.get(_LANGUAGE) != "x-default")
        yield from (each.text or "" for each in listed)
        yield element.text or ""
