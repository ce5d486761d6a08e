"""What a file says of where it comes from, in plain words, whichever program wrote it.

Runs in a worker. Nothing of it is vouched for: a signature tells that nothing was changed
since, and metadata tells what somebody wrote.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hotfolder.kinds import provenance
from hotfolder.kinds.formats import Picture, PictureError
from hotfolder.kinds.metadata import exif_texts, iptc, manifests, marks, xmp
from hotfolder.kinds.metadata.containers import Blocks
from hotfolder.kinds.picture import source_metadata
from hotfolder.kinds.picture.inspect import inspect

MOST_LINES: Final = 60
LONGEST_LINE: Final = 300
_MOST_PARTS: Final = 20
_UNTRUSTED: Final = "signingCredential.untrusted"
_ROLES: Final = {
    "parentOf": "made from",
    "componentOf": "with",
    "inputTo": "by means of",
}
_IN_XMP: Final[Mapping[tuple[str, str], str]] = {
    ("Iptc4xmpExt", "DigitalSourceType"): "kind of source",
    ("Iptc4xmpExt", "AISystemUsed"): "AI system",
    ("Iptc4xmpExt", "AISystemVersionUsed"): "its version",
    ("Iptc4xmpExt", "AIPromptInformation"): "asked for",
    ("Iptc4xmpExt", "AIPromptWriterName"): "asked by",
    ("dc", "creator"): "by",
    ("dc", "rights"): "rights",
    ("xmp", "CreatorTool"): "program",
    ("hotfolder", "Model"): "edited by the model",
    ("hotfolder", "TaskId"): "task of the service",
    ("hotfolder", "EditedAt"): "edited at",
    ("hotfolder", "SourceType"): "kind of source before",
}
_IN_IPTC: Final = {80: "by", 110: "credit", 115: "source", 116: "rights"}


@dataclass(frozen=True, slots=True)
class Origin:
    """What a file says, in lines, and whether its manifest is whole; None = it has none to read."""

    lines: tuple[str, ...]
    whole: bool | None


def of(content: bytes, media_type: str) -> Origin:
    """Return what a file says of its origin; the type counts where its bytes tell none."""
    picture = _picture(content)
    media_type = picture.type.media_type if picture else media_type
    found, whole = _manifest(content, media_type, picture)
    said = [*found, *(_metadata(picture, content) if picture else ())]
    lines = [each[:LONGEST_LINE] for each in said or ["nothing in it says where it comes from"]]
    return Origin(tuple(lines[:MOST_LINES]), whole)


def _picture(content: bytes) -> Picture | None:
    try:
        return inspect(content)
    except PictureError:
        return None


# -- the manifest


def _manifest(
    content: bytes, media_type: str, picture: Picture | None
) -> tuple[list[str], bool | None]:
    if importlib.util.find_spec("c2pa") is None:
        is_bound = picture is not None and manifests.is_bound(picture.type, content)
        needed = "C2PA: a manifest, which pip install 'hotfolder[c2pa]' lets be read"
        return ([needed] if is_bound else []), None
    try:
        told = provenance.told(content, media_type)
    except Exception as error:  # noqa: BLE001  whatever the library says of a stranger's file
        if "ManifestNotFound" in type(error).__name__ or "NotSupported" in type(error).__name__:
            return [], None
        return [f"C2PA: a manifest that cannot be read ({error})"], False
    return ([], None) if told is None else _told(told)


def _told(told: Mapping[str, Any]) -> tuple[list[str], bool]:
    failed = [
        each.get("code", "?")
        for each in told.get("validation_status") or ()
        if each.get("code") != _UNTRUSTED
    ]
    failed = list(dict.fromkeys(failed))
    whole = not failed and told.get("validation_state") in ("Valid", "Trusted")
    active = told.get("manifests", {}).get(told.get("active_manifest"), {})
    signature = active.get("signature_info", {})
    who = signature.get("issuer") or signature.get("common_name") or "somebody without a name"
    when = signature.get("time") or "at a time that no time stamp proves"
    verdict = "whole: nothing was changed since" if whole else f"BROKEN ({', '.join(failed)})"
    lines = [
        f"C2PA: {verdict}",
        f"  signed by {who}, {when}; whether that is who it says is not looked up",
        *_actions(active),
        *_ingredients(active),
    ]
    return lines, whole


def _actions(active: Mapping[str, Any]) -> Iterator[str]:
    for assertion in active.get("assertions", ()):
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            for each in assertion.get("data", {}).get("actions", ())[:_MOST_PARTS]:
                kind = str(each.get("digitalSourceType", "")).rpartition("/")[2]
                agent = each.get("softwareAgent", "")
                name = agent.get("name", "") if isinstance(agent, dict) else agent
                parts = [str(each.get("action", "?")).removeprefix("c2pa."), kind, name]
                parts += [str(each.get("when", "")), _asked(each.get("parameters", {}))]
                yield "  " + ", ".join(str(part) for part in parts if part)


def _asked(parameters: Mapping[str, Any]) -> str:
    said = {key: text for key, text in parameters.items() if isinstance(text, str)}
    return json.dumps(said, ensure_ascii=False) if said else ""


def _ingredients(active: Mapping[str, Any]) -> Iterator[str]:
    found = active.get("ingredients", ())
    for each in found[:_MOST_PARTS]:
        role = _ROLES.get(each.get("relationship"), "with")
        results = each.get("validation_results", {}).get("activeManifest", {})
        failed = [one.get("code") for one in results.get("failure", ())]
        own = ""
        if each.get("active_manifest"):
            bad = [code for code in failed if code != _UNTRUSTED]
            own = f", whose own manifest was {'BROKEN' if bad else 'whole'}"
        yield f"  {role} {json.dumps(each.get('title', '?'), ensure_ascii=False)}{own}"
    if len(found) > _MOST_PARTS:
        yield f"  and {len(found) - _MOST_PARTS} more"


# -- metadata


def _metadata(picture: Picture, content: bytes) -> Iterator[str]:
    blocks = source_metadata.of(picture, content).blocks
    yield from _of_xmp(blocks)
    for label, text in exif_texts.named(blocks.exif).items():
        yield f"EXIF: {label}: {text}"
    for number, values in iptc.fields(blocks.iptc).items():
        if number in _IN_IPTC:
            yield f"IPTC: {_IN_IPTC[number]}: {'; '.join(values)}"
    for each in marks.named(picture.type, content):
        yield f"also: {each}"


def _of_xmp(blocks: Blocks) -> Iterator[str]:
    said = xmp.texts(blocks.xmp)
    for name, label in _IN_XMP.items():
        if said.get(name):
            yield f"XMP: {label}: {'; '.join(said[name])}"
    if xmp.REMOTE_MANIFEST in said:
        yield f"XMP: names a manifest at {said[xmp.REMOTE_MANIFEST][0]}, which is not fetched"
    if xmp.verbatim(blocks.xmp):
        yield "XMP: the service's own EXIF, XMP or IPTC, word for word"
