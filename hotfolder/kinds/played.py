"""What films and sounds are by their content: for confined workers, which alone read them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hotfolder.kinds import audio, avi, decoding, ebml, isobmff
from hotfolder.kinds.kind import EndsEarly, NotProven, Proven
from hotfolder.kinds.media import CutShort, NotPlayable

Prover = Callable[[bytes], Proven]

_RIFF: Final = (b"RIFF", b"RF64", b"BW64")
_LEAST_BYTES: Final = 12
_MAGIC: Final = {ebml.MAGIC: ebml.prove, b"OggS": audio.ogg}


def look(content: bytes) -> Proven | None:
    """Return which film or sound a file is, None where it is neither. Raises UnfitFile."""
    prover = _prover(content)
    if prover is None:
        return None
    try:
        return decoding.closer(content, prover(content))
    except EndsEarly as error:
        raise CutShort(str(error)) from error
    except NotProven as error:
        raise NotPlayable(str(error)) from error


def _prover(content: bytes) -> Prover | None:
    head = bytes(content[:_LEAST_BYTES])
    if head[4:8] in isobmff.FIRST_BOXES:
        return isobmff.prove
    if head[:4] in _RIFF:
        return {b"WAVE": audio.wav, b"AVI ": avi.look}.get(head[8:12])
    return _MAGIC.get(head[:4]) or audio.frames(content)
