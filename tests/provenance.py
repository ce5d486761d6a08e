"""Pictures with C2PA manifests: made and read by the library, or made to look so."""

from __future__ import annotations

import importlib
import importlib.util
import io
import json
import struct
import tempfile
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from hotfolder.kinds.formats import PictureType
from tests.certificates import Authority

HAS_LIBRARY = importlib.util.find_spec("c2pa") is not None
c2pa: Any = importlib.import_module("c2pa") if HAS_LIBRARY else None
needs_c2pa = pytest.mark.skipif(not HAS_LIBRARY, reason="c2pa-python is not installed")
OFFLINE = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": False},
    "builder": {"thumbnail": {"enabled": False}},
}
CAPTURED = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"


def looks_signed(kind: PictureType, content: bytes) -> bytes:
    """Put in what stands where a manifest does, and is none."""
    described = b"c2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x008\x9bq\x03c2pa\0"
    inner = struct.pack(">I", 8 + len(described)) + b"jumd" + described
    box = struct.pack(">I", 8 + len(inner)) + b"jumb" + inner
    if kind is PictureType.JPEG:
        body = b"JP" + struct.pack(">HI", 1, 1) + box
        return content[:2] + b"\xff\xeb" + struct.pack(">H", 2 + len(body)) + body + content[2:]
    if kind is PictureType.PNG:
        chunk = struct.pack(">I", len(box)) + b"caBX" + box
        chunk += struct.pack(">I", zlib.crc32(b"caBX" + box))
        return content[:33] + chunk + content[33:]
    chunk = b"C2PA" + struct.pack("<I", len(box)) + box + bytes(len(box) % 2)
    whole = content[8:] + chunk
    return b"RIFF" + struct.pack("<I", len(whole)) + whole


@cache
def authority() -> Authority:
    """Return an authority for all tests of this process."""
    return Authority(Path(tempfile.mkdtemp(prefix="hotfolder-authority-")))


@cache
def signatory(name: str) -> tuple[str, bytes]:
    """Return a chain of certificates and its key, in PEM."""
    chain, key = authority().signer(name)
    return chain.read_text(), key.read_bytes()


def signed(media_type: str, content: bytes, by: str = "camera", remote: str = "") -> bytes:
    """Sign a picture as a camera would; with `remote` its manifest is only at that address."""
    chain, key = signatory(by)
    info = c2pa.C2paSignerInfo(b"es256", chain.encode(), key, None)
    manifest = {
        "claim_generator_info": [{"name": by}],
        "format": media_type,
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": CAPTURED}]},
            }
        ],
    }
    builder = c2pa.Builder(manifest, context=c2pa.Context.from_dict(OFFLINE))
    if remote:
        builder.set_no_embed()
        builder.set_remote_url(remote)
    made = io.BytesIO()
    builder.sign(c2pa.Signer.from_info(info), media_type, io.BytesIO(content), made)
    return made.getvalue()


def told(media_type: str, content: bytes) -> dict[str, Any]:
    """Return what the library reads of a picture; {} where there is no manifest."""
    context = c2pa.Context.from_dict(OFFLINE)
    reader = c2pa.Reader.try_create(media_type, io.BytesIO(content), context=context)
    if reader is None:
        return {}
    found: dict[str, Any] = json.loads(reader.json())
    return found


def state(media_type: str, content: bytes) -> str:
    """Return the library's verdict on a picture, with what failed; "" without a manifest."""
    found = told(media_type, content)
    failed = [
        each["code"]
        for each in found.get("validation_status", ())
        if each["code"] != "signingCredential.untrusted"
    ]
    return " ".join([found.get("validation_state", ""), *failed])
