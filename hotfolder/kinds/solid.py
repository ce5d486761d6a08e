"""3D models: GLB, OBJ and STL, and the archives that several files of one come in.

An archive is tested, never unpacked: its files are read once, up to a limit, and let go.
"""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from typing import Any, Final

from hotfolder.kinds.kind import Kind, NotProven, Proven
from hotfolder.kinds.picture.stream import stream

GLB: Final = b"glTF"
ZIP: Final = b"PK\x03\x04"
MOST_UNPACKED_BYTES: Final = 1024 * 1024 * 1024
MOST_FILES: Final = 10_000
LONGEST_JSON_BYTES: Final = 16 * 1024 * 1024

_SHORT: Final = "it ends too early: the file is shorter than it states"
_DAMAGED_ARCHIVE: Final = "the archive is damaged"
_JSON_CHUNK: Final = 0x4E4F534A
_BINARY_STL_HEADER_BYTES: Final = 84
_TRIANGLE_BYTES: Final = 50
_LOOKED_AT_BYTES: Final = 1024 * 1024
_TAIL_BYTES: Final = 4096
_READ_BYTES: Final = 1024 * 1024
_IS_ENCRYPTED: Final = 1
_OBJ_WORDS: Final = frozenset(
    {"v", "vn", "vt", "vp", "f", "l", "p", "g", "o", "s", "mtllib", "usemtl", "cstype", "deg"}
)
# What the standard library raises for archives that are none, besides its own error.
_ZIP_ERRORS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
)


def glb(content: bytes) -> Proven:
    """Read a GLB's header and its description; raises NotProven."""
    if len(content) < 20:  # noqa: PLR2004  its header and that of its first chunk
        raise NotProven(_SHORT)
    length, first, kind = struct.unpack_from("<III", content, 8)
    if length > len(content) or 20 + first > length:
        raise NotProven(_SHORT)
    if kind != _JSON_CHUNK or first > LONGEST_JSON_BYTES:
        raise NotProven("its description is damaged")
    _require_chunks(content, 20 + first, length)
    if not _has_meshes(bytes(content[20 : 20 + first])):
        raise NotProven("it has no shape in it")
    return Proven(Kind.SOLID, "glb")


def _require_chunks(content: bytes, at: int, end: int) -> None:
    while at + 8 <= end:
        (size,) = struct.unpack_from("<I", content, at)
        at += 8 + size
        if at > end:
            raise NotProven(_SHORT)


def _has_meshes(description: bytes) -> bool:
    try:
        said: Any = json.loads(description.decode())
    except (ValueError, RecursionError) as error:
        raise NotProven("its description is damaged") from error
    return isinstance(said, dict) and bool(said.get("meshes"))


def archive(content: bytes) -> Proven:
    """Test an archive by its own checksums; raises NotProven."""
    try:
        with zipfile.ZipFile(stream(content)) as opened:
            files = [each for each in opened.infolist() if not each.is_dir()]
            _require_sane(files)
            left = MOST_UNPACKED_BYTES
            for each in files:
                left = _tested(opened, each, left)
    except _ZIP_ERRORS as error:
        raise NotProven(_DAMAGED_ARCHIVE) from error
    return Proven(Kind.SOLID, "zip")


def _require_sane(files: list[zipfile.ZipInfo]) -> None:
    if not files or not any(each.file_size for each in files):
        raise NotProven("the archive is empty")
    if len(files) > MOST_FILES:
        raise NotProven(f"the archive holds more than {MOST_FILES} files")
    if any(each.flag_bits & _IS_ENCRYPTED for each in files):
        raise NotProven("the archive is locked with a password")


def _tested(opened: zipfile.ZipFile, each: zipfile.ZipInfo, left: int) -> int:
    """Read a file to its checksum; return how many bytes more may be read of the archive."""
    with opened.open(each) as file:
        while found := file.read(_READ_BYTES):
            left -= len(found)
            if left < 0:
                raise NotProven("the archive unpacks to more than any 3D model")
    return left


def is_stl(content: bytes) -> bool:
    """Whether it is an STL: a text that says so, or as long as its number of triangles says."""
    if len(content) > _BINARY_STL_HEADER_BYTES:
        (triangles,) = struct.unpack_from("<I", content, 80)
        if triangles and len(content) == _BINARY_STL_HEADER_BYTES + _TRIANGLE_BYTES * triangles:
            return True
    head = bytes(content[:_TAIL_BYTES]).lower()
    return head.startswith(b"solid") and b"facet" in head and b"\0" not in head


def stl(content: bytes) -> Proven:
    """Look at an STL's end; raises NotProven."""
    head = bytes(content[:_TAIL_BYTES]).lower()
    tail = bytes(content[-_TAIL_BYTES:]).lower()
    is_text = head.startswith(b"solid") and b"facet" in head and b"\0" not in head
    if is_text and b"endsolid" not in tail:
        raise NotProven(_SHORT)
    return Proven(Kind.SOLID, "stl")


def is_obj(content: bytes) -> bool:
    """Whether it begins as an OBJ does: lines of its words, among them vertices."""
    lines = _lines(content)
    words = [each.split(None, 1)[0] for each in lines]
    return bool(words) and _OBJ_WORDS.issuperset(words) and "v" in words


def obj(content: bytes) -> Proven:
    """Look at an OBJ's vertices and its end; raises NotProven."""
    vertices = [each.split()[1:] for each in _lines(content) if each.startswith(("v ", "v\t"))]
    tail = bytes(content[-_TAIL_BYTES:])
    if b"\0" in tail or not tail.strip():
        raise NotProven(_SHORT)
    if not all(_is_place(each) for each in vertices):
        raise NotProven("its vertices are damaged")
    return Proven(Kind.SOLID, "obj")


def _lines(content: bytes) -> list[str]:
    """Return the whole lines of what is looked at, without comments and empty ones."""
    head = bytes(content[:_LOOKED_AT_BYTES])
    if len(content) > len(head):
        head = head[: head.rfind(b"\n") + 1]
    lines = (each.strip() for each in head.decode("latin-1").splitlines())
    return [each for each in lines if each and not each.startswith("#")]


def _is_place(numbers: list[str]) -> bool:
    try:
        return len([float(each) for each in numbers]) >= 3  # noqa: PLR2004  dimensions
    except ValueError:
        return False
