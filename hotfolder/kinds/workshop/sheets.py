"""The rows of a file, by a worker's word."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from typing import BinaryIO, Final

from hotfolder.kinds import rows
from hotfolder.kinds.rows import NoRows, Row
from hotfolder.kinds.workshop.errors import WorkerFailed
from hotfolder.kinds.workshop.needs import LEAST_S
from hotfolder.kinds.workshop.workshop import Workshop

# Of a table of 16 MiB, as Python keeps it.
MEMORY_BYTES: Final = 400 * 1024 * 1024
BYTES_IN_A_SECOND: Final = 2 * 1024 * 1024
LEAST_CPU_S: Final = 2.0
_MOST_SAID: Final = 8 * rows.MOST_BYTES


async def read(
    workshop: Workshop, file: BinaryIO, folder: Path | None, *, is_table: bool
) -> list[Row]:
    """Let a worker read an open file; what it says is kept in a folder meanwhile, without a name.

    Raises NoRows, WorkerFailed.
    """
    more_s = os.fstat(file.fileno()).st_size / BYTES_IN_A_SECOND
    with tempfile.TemporaryFile(dir=folder, buffering=0) as target:
        answer = await workshop.work(
            "rows",
            [file.fileno(), target.fileno()],
            {"table": is_table},
            memory_bytes=MEMORY_BYTES,
            deadline_s=LEAST_S + more_s,
            cpu_s=LEAST_CPU_S + more_s,
        )
        if answer["broken"] is not None:
            raise NoRows(answer["broken"])
        return await asyncio.to_thread(_read, target)


def _read(target: BinaryIO) -> list[Row]:
    if os.fstat(target.fileno()).st_size > _MOST_SAID:
        raise WorkerFailed("it says too much")
    target.seek(0)
    try:
        return rows.decoded(target.read())
    except ValueError as error:
        raise WorkerFailed(str(error)) from error
