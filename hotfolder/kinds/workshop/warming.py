"""Work that a worker does before the first task, so that no child of it has to do it anew."""

from __future__ import annotations

import io
import os
from dataclasses import asdict
from typing import Final

from PIL import Image

from hotfolder.domain.preparation import Finish
from hotfolder.kinds.metadata.xmp import Note
from hotfolder.kinds.picture import inspect, source_metadata
from hotfolder.kinds.workshop.tasks import TASKS, OpenFile

# From so many on Python runs a function in its quickest form.
_ROUNDS: Final = 8
_FINISH: Final = {
    "finish": asdict(Finish()),
    "note": asdict(Note(model="", task_id="", at="")),
    "converted": False,
    "signed": False,
    "has_source": True,
}


def warm_up() -> None:
    """Do what every picture takes a few times with one of our own.

    A child that finds patterns compiled, caches filled and code in its quick form has less to do,
    and writes to fewer pages of memory that it shares.
    """
    written = io.BytesIO()
    Image.new("RGB", (16, 16)).save(written, "JPEG")
    picture = written.getvalue()
    source = source_metadata.of(inspect.inspect(picture), picture).encoded()
    nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    try:
        given, made = OpenFile(nowhere, picture), OpenFile(nowhere, b"")
        kept = OpenFile(nowhere, source)
        for _ in range(_ROUNDS):
            TASKS["describe"]([given], {})
            TASKS["keep"]([given, made], {"decode": True})
            TASKS["prove_and_finish"]([given, made, made, kept], _FINISH)
    finally:
        os.close(nowhere)
