"""What stands in for results that are no pictures, by what a model makes: extension and content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# Enough for a client to tell the type by its first bytes; nobody should play them.
STAND_INS: Final[Mapping[str, tuple[str, bytes]]] = {
    "video": ("mp4", b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2SIMULATED"),
    "audio": ("mp3", b"ID3\x04\x00\x00\x00\x00\x00\x00SIMULATED"),
    "3d": ("glb", b"glTF\x02\x00\x00\x00\x0c\x00\x00\x00"),
    "string": ("txt", b"SIMULATED"),
}
