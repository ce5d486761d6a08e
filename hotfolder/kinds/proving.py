"""What a result proves to be, whatever it is called: for everything but pictures.

By its first bytes each file goes to the module of its kind, which looks whether it is whole. What
is none of them is told by its name where that is known: a program, a web page, a document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from hotfolder.kinds import audio, ebml, isobmff, solid, text
from hotfolder.kinds.formats import PictureError
from hotfolder.kinds.kind import NotProven, Proven

_HEAD_BYTES: Final = 1024
_EMPTY: Final = "it is empty"
_UNWRITTEN: Final = "it has nothing but zeros in it"
# What is never published, by its first bytes, and what people call it.
_OTHERS: Final[Mapping[bytes, str]] = {
    b"MZ": "a program for Windows",
    b"\x7fELF": "a program for Linux",
    b"\xcf\xfa\xed\xfe": "a program for macOS",
    b"\xca\xfe\xba\xbe": "a program for macOS or Java",
    b"#!": "a script",
    b"%PDF": "a PDF document",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"Kaydara FBX": "an FBX file",
    b"ply": "a PLY file",
    b"FLV\x01": "a Flash film",
    b"\x30\x26\xb2\x75": "a Windows Media file",
}


def prove(content: bytes, order: Mapping[str, Any]) -> Proven:
    """Return what a file's content proves to be. Raises NotProven.

    `order`: `said` = it is a text of the service's own answer; `text` = a text is expected.
    """
    if not len(content):
        raise NotProven(_EMPTY)
    if order["said"]:
        return text.prove(content, said=True)
    head = bytes(content[:_HEAD_BYTES])
    try:
        prover = _prover(content, head)
        return prover(content) if prover else _plain(content, head, order)
    except PictureError as error:
        raise NotProven(str(error)) from error


def _prover(content: bytes, head: bytes) -> Callable[[bytes], Proven] | None:
    """Return what looks at a file of its kind, by how it begins."""
    if head[4:8] in isobmff.FIRST_BOXES:
        return isobmff.prove
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return audio.wav
    by_magic = {
        ebml.MAGIC: ebml.prove,
        b"OggS": audio.ogg,
        solid.GLB: solid.glb,
        solid.ZIP: solid.archive,
    }
    return by_magic.get(head[:4]) or audio.frames(content) or _loose(content)


def _loose(content: bytes) -> Callable[[bytes], Proven] | None:
    """Return what looks at a 3D model whose kind begins with no magic of its own."""
    if solid.is_stl(content):
        return solid.stl
    return solid.obj if solid.is_obj(content) else None


def _plain(content: bytes, head: bytes, order: Mapping[str, Any]) -> Proven:
    for magic, name in _OTHERS.items():
        if head.startswith(magic):
            raise NotProven(f"it is {name}")
    if not head.strip(b"\0"):
        raise NotProven(_UNWRITTEN)
    found = text.prove(content, said=False)
    if not order["text"]:
        raise NotProven("it is a text, where none was to come")
    return found
