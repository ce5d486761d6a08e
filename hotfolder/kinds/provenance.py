"""C2PA manifests: written, by the only library that knows how. Runs in a worker.

It reads strangers' manifests, so it gets no key: for each manifest it asks whoever has it for one
signature over a digest. Nothing is asked of the network, and a manifest that is only named by an
address stays unread.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from hotfolder.kinds.metadata.xmp import EDITED_BY_AI

_DIGESTS: Final = {"es256": "sha256", "es384": "sha384", "es512": "sha512", "ps256": "sha256"}
_SOURCE, _RESULT = "source", "result"
_OFFLINE: Final = {
    "verify": {
        "remote_manifest_fetch": False,
        "ocsp_fetch": False,
        "verify_trust": False,
        "verify_after_sign": True,
    },
    "builder": {"thumbnail": {"enabled": False}},
}


def ingredient(content: bytes, media_type: str, title: str) -> bytes:
    """Return what a manifest keeps of a source: its hash, and its own manifest if it has one.

    It needs the source no longer. Raises the library's errors.
    """
    c2pa = _library()
    builder = c2pa.Builder({"format": media_type}, context=_context())
    named = {"title": title, "relationship": "parentOf", "label": _SOURCE}
    builder.add_ingredient(named, media_type, io.BytesIO(content))
    kept = io.BytesIO()
    builder.write_ingredient_archive(_SOURCE, kept)
    return kept.getvalue()


def signed(
    content: bytes,
    raw: bytes,
    source: bytes,
    said: Mapping[str, Any],
    ask: Callable[[bytes], bytes],
) -> bytes:
    """Return a finished result with its manifest, proved valid.

    `raw` is the result as the service made it, `source` what `ingredient` kept of the source, b""
    = nothing could be: then the result is what all begins with. `said` is what is to be told of
    the edit; `ask` has a digest signed. Raises the library's errors.
    """
    c2pa = _library()
    builder = c2pa.Builder(_manifest(said, has_source=bool(source)), context=_context())
    if source:
        builder.add_ingredient_from_archive(io.BytesIO(source))
    relationship = "componentOf" if source else "parentOf"
    named = {"title": f"as {said['model']} made it", "relationship": relationship}
    builder.add_ingredient({**named, "label": _RESULT}, said["raw_format"], io.BytesIO(raw))
    algorithm = said["algorithm"]

    def sign(told: bytes) -> bytes:
        return ask(hashlib.new(_DIGESTS[algorithm], told).digest())

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


def _manifest(said: Mapping[str, Any], *, has_source: bool) -> dict[str, Any]:
    edited = {
        "action": "c2pa.edited",
        "when": said["at"],
        "digitalSourceType": EDITED_BY_AI,
        "softwareAgent": {"name": said["model"]},
        "parameters": {
            "hotfolder.service": said["service"],
            "hotfolder.task": said["task_id"],
            **({"hotfolder.prompt": said["prompt"]} if said["prompt"] else {}),
        },
    }
    first = _SOURCE if has_source else _RESULT
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": [first]}}
    placed = {"action": "c2pa.placed", "parameters": {"ingredientIds": [_RESULT]}}
    actions = [opened, edited, *([placed] if has_source else [])]
    return {
        "claim_generator_info": [{"name": "hotfolder", "version": said["version"]}],
        "title": said["title"],
        "format": said["format"],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
    }


def _context() -> Any:  # noqa: ANN401  the library's own
    return _library().Context.from_dict(_OFFLINE)


def _library() -> Any:  # noqa: ANN401  as above
    import c2pa  # noqa: PLC0415  only who signs has it

    return c2pa
