"""What a film or sound is, by a worker's word."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import BinaryIO, Final

from hotfolder.kinds.formats import NotAPicture
from hotfolder.kinds.kind import Kind, Traits
from hotfolder.kinds.media import Media
from hotfolder.kinds.workshop.answers import Answer
from hotfolder.kinds.workshop.needs import LEAST_S, LOOK_BYTES
from hotfolder.kinds.workshop.workshop import Workshop

# Slower than any machine that is to digest a file.
BYTES_IN_A_SECOND: Final = 20 * 1024 * 1024
LEAST_CPU_S: Final = 2.0


async def described(workshop: Workshop, file: BinaryIO, size: int) -> Answer:
    """Let a worker say all that planning asks of an open file. Raises UnfitFile, WorkerFailed."""
    return await asked(workshop, "describe", file, size)


async def asked(workshop: Workshop, task: str, file: BinaryIO, size: int) -> Answer:
    """Let a worker do a task that reads a file once. Raises UnfitFile, WorkerFailed."""
    more_s = size / BYTES_IN_A_SECOND
    return await workshop.work(
        task,
        [file.fileno()],
        {},
        memory_bytes=LOOK_BYTES,
        deadline_s=LEAST_S + more_s,
        cpu_s=LEAST_CPU_S + more_s,
    )


async def look_at_played(workshop: Workshop, file: BinaryIO) -> Media:
    """Return which film or sound an open file is. Raises UnfitFile, WorkerFailed."""
    size = os.fstat(file.fileno()).st_size
    found = played(await described(workshop, file, size), size)
    if found is None:
        raise NotAPicture("it is neither film nor sound")
    return found


def played(answer: Answer, size: int) -> Media | None:
    """Return the film or sound that a description tells of, None where it is a picture's."""
    if "played" not in answer:
        return None
    kind, ending = answer["played"]
    traits = Traits(**{each.name: answer[each.name] for each in fields(Traits)})
    return Media(kind=Kind(kind), ending=ending, bytes=size, traits=traits)
