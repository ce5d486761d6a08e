"""C2PA manifests: written, by the only library that knows how. Runs in a worker.

It reads strangers' manifests, so it gets no key: for each manifest it asks whoever has it for one
signature over a digest. Nothing is asked of the network, and a manifest that is only named by an
address stays unread.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from hotfolder.kinds.kind import FORMATS
from hotfolder.kinds.metadata.source_types import EDITED_BY_AI, MADE_BY_AI

# What can be signed, by its ending, and its media type.
SIGNED: Final[Mapping[str, str]] = {each.ending: each.media_type for each in FORMATS if each.signed}
# The labels of a source that is edited, and of one that a result is only made by means of.
SOURCE: Final = "source"
INPUT: Final = "input"
MOST_INGREDIENTS: Final = 30
_RESULT: Final = "result"
_KEPT: Final = b"hotfolder ingredients 1\n"
_FRAME: Final = struct.Struct(">HQ")
_DIGESTS: Final = {"es256": "sha256", "es384": "sha384", "es512": "sha512", "ps256": "sha256"}
_OFFLINE: Final = {
    "verify": {
        "remote_manifest_fetch": False,
        "ocsp_fetch": False,
        "verify_trust": False,
        "verify_after_sign": True,
    },
    "builder": {"thumbnail": {"enabled": False}},
}


def ingredient(content: bytes, media_type: str, title: str, label: str = SOURCE) -> bytes:
    """Return what a manifest keeps of a material: its hash, and its own manifest if it has one.

    It needs the file no longer, and stands in one file with others, each with a `label` of its own.
    Raises the library's errors.
    """
    c2pa = _library()
    builder = c2pa.Builder({"format": media_type}, context=_context())
    relationship = "parentOf" if label == SOURCE else "inputTo"
    named = {"title": title, "relationship": relationship, "label": label}
    builder.add_ingredient(named, media_type, io.BytesIO(content))
    kept = io.BytesIO()
    builder.write_ingredient_archive(label, kept)
    name, archive = label.encode(), kept.getvalue()
    return _KEPT + _FRAME.pack(len(name), len(archive)) + name + archive


def _unpacked(kept: bytes) -> list[tuple[str, bytes]]:
    """Return the kept ingredients with their labels; an older program kept one without."""
    if not kept.startswith(_KEPT):
        return [(SOURCE, kept)] if kept else []
    found, at = [], 0
    while at < len(kept):
        at += len(_KEPT)
        name_bytes, archive_bytes = _FRAME.unpack_from(kept, at)
        at += _FRAME.size
        label = kept[at : at + name_bytes].decode()
        at += name_bytes
        found.append((label, kept[at : at + archive_bytes]))
        at += archive_bytes
    return found


def signed(
    content: bytes,
    raw: bytes,
    materials: bytes,
    said: Mapping[str, Any],
    ask: Callable[[bytes], bytes],
) -> bytes:
    """Return a finished result with its manifest, proved valid.

    `raw` is the result as the service made it, `materials` what `ingredient` kept, one after the
    other, of which those count whose labels are `said`; without the source of an edit the result is
    what all begins with. `said` is what is to be told of it; `ask` has a digest signed, or for
    Ed25519 what is to be signed itself. Raises the library's errors.
    """
    c2pa = _library()
    kept = [each for each in _unpacked(materials) if each[0] in said["materials"]]
    labels = [label for label, _ in kept]
    builder = c2pa.Builder(_manifest(said, labels), context=_context())
    for _, archive in kept:
        builder.add_ingredient_from_archive(io.BytesIO(archive))
    begins = not said["created"] and SOURCE not in labels
    relationship = "parentOf" if begins else "componentOf"
    named = {"title": f"as {said['model']} made it", "relationship": relationship}
    builder.add_ingredient({**named, "label": _RESULT}, said["raw_format"], io.BytesIO(raw))
    algorithm = said["algorithm"]

    def sign(told: bytes) -> bytes:
        digest = _DIGESTS.get(algorithm)
        return ask(hashlib.new(digest, told).digest() if digest else told)

    kind = c2pa.C2paSigningAlg[algorithm.upper()]
    signer = c2pa.Signer.from_callback(sign, kind, said["chain"], None)
    made = io.BytesIO()
    builder.sign(signer, said["format"], io.BytesIO(content), made)
    return made.getvalue()


def told(content: bytes, media_type: str) -> dict[str, Any] | None:
    """Return what the library reads of a file; None where there is no manifest.

    Raises the library's errors.
    """
    reader = _library().Reader.try_create(media_type, io.BytesIO(content), context=_context())
    return None if reader is None else dict(json.loads(reader.json()))


def _manifest(said: Mapping[str, Any], labels: Sequence[str]) -> dict[str, Any]:
    return {
        "claim_generator_info": [{"name": "hotfolder", "version": said["version"]}],
        "title": said["title"],
        "format": said["format"],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": list(_actions(said, labels))}}
        ],
    }


def _actions(said: Mapping[str, Any], labels: Sequence[str]) -> Iterable[dict[str, Any]]:
    """Yield what was done, in its order: each ingredient is that of one action."""
    placed = {"action": "c2pa.placed", "parameters": {"ingredientIds": [_RESULT]}}
    if said["created"]:
        yield _made("c2pa.created", MADE_BY_AI, said, labels)
        yield placed
        return
    first = SOURCE if SOURCE in labels else _RESULT
    yield {"action": "c2pa.opened", "parameters": {"ingredientIds": [first]}}
    yield _made("c2pa.edited", EDITED_BY_AI, said, [each for each in labels if each != SOURCE])
    if first == SOURCE:
        yield placed


def _made(action: str, kind: str, said: Mapping[str, Any], given: Sequence[str]) -> dict[str, Any]:
    return {
        "action": action,
        "when": said["at"],
        "digitalSourceType": kind,
        "softwareAgent": {"name": said["model"]},
        "parameters": {
            "hotfolder.service": said["service"],
            "hotfolder.task": said["task_id"],
            **({"hotfolder.prompt": said["prompt"]} if said["prompt"] else {}),
            **({"ingredientIds": list(given)} if given else {}),
        },
    }


def _context() -> Any:  # noqa: ANN401  the library's own
    return _library().Context.from_dict(_OFFLINE)


def _library() -> Any:  # noqa: ANN401  as above
    import c2pa  # noqa: PLC0415  only who signs has it

    return c2pa
