"""What a result proves to be, by a worker's word: pictures are decoded, all else looked over."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

from hotfolder.kinds import formats
from hotfolder.kinds.kind import Kind, NotProven, Proven
from hotfolder.kinds.workshop.needs import HEAD_BYTES, LEAST_S, LOOK_BYTES
from hotfolder.kinds.workshop.workshop import Workshop

LARGEST_PICTURE_BYTES: Final = 256 * 1024 * 1024  # held in memory to be proved whole
# Of what is no picture: as much is read in a second at least, and held at once at most.
_BYTES_IN_A_SECOND: Final = 10 * 1024 * 1024
_HELD_BYTES: Final = 16 * 1024 * 1024
_HELD_TIMES: Final = 8


async def prove(
    workshop: Workshop, file: int, order: Mapping[str, Any], small: Sequence[int] = ()
) -> Proven:
    """Let a worker say what an open file proves to be; `order` as for `proving.prove`.

    A picture is decoded to its last pixel, and made small in the files `small`. Raises NotProven,
    WorkerFailed.
    """
    size = os.fstat(file).st_size
    if order["said"] or formats.sniff(os.pread(file, HEAD_BYTES, 0)) is None:
        answer = await workshop.work(
            "prove",
            [file],
            order,
            memory_bytes=LOOK_BYTES + min(size, _HELD_BYTES) * _HELD_TIMES,
            deadline_s=LEAST_S + size / _BYTES_IN_A_SECOND,
        )
        kind, ending = answer["proven"]
        return Proven(Kind(kind), ending)
    if size > LARGEST_PICTURE_BYTES:
        raise NotProven("it is larger than any picture should be")
    try:
        answer = await workshop.work_on("decode", [file, *small], {})
    except formats.PictureError as error:
        raise NotProven(str(error)) from error
    return Proven(Kind.PICTURE, formats.PictureType(answer["type"]).extension)
