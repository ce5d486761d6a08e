"""The other end of the workshop: one worker, which takes a task at a time from a socket.

Started as `python -m hotfolder.imaging.worker FD`. It gets open files, never names of users'
files; it may crash, hang or be killed for its memory, and nothing else dies of it.
"""

from __future__ import annotations

import contextlib
import errno
import json
import mmap
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from hotfolder.domain.preparation import Finish, Preparation
from hotfolder.kinds import formats
from hotfolder.kinds.metadata.xmp import Note
from hotfolder.kinds.picture import essence, finish, inspect, prepare, source_metadata, strict
from hotfolder.kinds.picture.source_metadata import SourceMetadata

LARGEST_MESSAGE: Final = 128 * 1024
# What libraries map besides a picture's own memory: themselves, thread stacks, arenas.
_SPARE_BYTES: Final = 256 * 1024 * 1024
_NICENESS: Final = 5
_FIRST_TO_GO: Final = "1000"
MEMORY_LACK: Final = "MemoryLack"
UNEXPECTED: Final = "Unexpected"
DISK_REFUSED: Final = "DiskRefused"
_OF_THE_DISK: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})

Answer = dict[str, Any]


def main() -> None:
    """Work until the other end is closed."""
    with socket.socket(fileno=int(sys.argv[1])) as end:
        _be_modest()
        while True:
            message, files, _, _ = socket.recv_fds(end, LARGEST_MESSAGE, 4)
            if not message:
                return
            end.send(json.dumps(_answer(json.loads(message), files)).encode())


def _be_modest() -> None:
    """Let everything else go first, and be the first to go; where the system allows that."""
    for modesty in (
        lambda: os.nice(_NICENESS),
        lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
        lambda: Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO, "ascii"),
    ):
        with contextlib.suppress(OSError, ValueError):
            modesty()


def _answer(order: Mapping[str, Any], files: list[int]) -> Answer:
    """Do a task within its limits; errors are answers, too."""
    signal.alarm(int(order["deadline_s"]) + 1)  # should the other end be gone by then
    # A map of a file counts as memory, too.
    _limit_memory(order["memory_bytes"] + sum(os.fstat(each).st_size for each in files))
    try:
        return TASKS[order["task"]](files, order["order"])
    except formats.PictureError as error:
        return {"error": type(error).__name__, "text": str(error)}
    except MemoryError:
        return {"error": MEMORY_LACK, "text": "not enough memory"}
    except Exception as error:  # noqa: BLE001  one place: whatever it is, it is told
        if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
            return {"error": DISK_REFUSED, "errno": error.errno}
        return {"error": UNEXPECTED, "text": f"{type(error).__name__}: {error}"}
    finally:
        signal.alarm(0)
        for each in files:
            os.close(each)


def _limit_memory(memory_bytes: int) -> None:
    mapped = int(_statm()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (mapped + memory_bytes + _SPARE_BYTES, hard))


def _statm() -> list[str]:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  the kernel's
        return file.read().split()


def _look(files: list[int], _order: Mapping[str, Any]) -> Answer:
    found = inspect.inspect(_content(files[0]))
    return {
        "type": found.type.value,
        "width": found.width,
        "height": found.height,
        "bytes": found.bytes,
    }


def _essence(files: list[int], _order: Mapping[str, Any]) -> Answer:
    return {"essence": essence.of(_content(files[0]))}


def _prove(files: list[int], _order: Mapping[str, Any]) -> Answer:
    found = inspect.decode(bytes(_content(files[0])))
    return {"type": found.type.value, "width": found.width, "height": found.height}


def _sound(files: list[int], _order: Mapping[str, Any]) -> Answer:
    found = strict.require_sound(_content(files[0]))
    return {"type": found.type.value}


def _finish(files: list[int], order: Mapping[str, Any]) -> Answer:
    raw, target, *kept = files
    of_source = SourceMetadata.decoded(bytes(_content(kept[0]))) if kept else None
    made = finish.finish(
        bytes(_content(raw)),
        of_source,
        Finish(**order["finish"]),
        Note(**order["note"]),
        converted=order["converted"],
    )
    _write(target, made.content)
    return {"type": made.type.value, "notes": made.notes}


def _prepare(files: list[int], order: Mapping[str, Any]) -> Answer:
    source, target, *kept = files
    wanted = Preparation.of(order)
    content, path = _content(source), f"/proc/self/fd/{source}"
    made = prepare.prepare(content, path, wanted)
    _write(target, made.content)
    for each in kept:
        _write(each, source_metadata.of(inspect.inspect(content), content, made.source).encoded())
    return {
        "type": made.type.value,
        "width": made.width,
        "height": made.height,
        "notes": made.notes,
    }


def _content(file: int) -> Any:  # noqa: ANN401  bytes or a map of a file
    """Map a file into memory, so that only what is looked at is read."""
    if not os.fstat(file).st_size:
        return b""
    return mmap.mmap(file, 0, access=mmap.ACCESS_READ)


def _write(file: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest) :]


TASKS: Final[Mapping[str, Callable[[list[int], Mapping[str, Any]], Answer]]] = {
    "look": _look,
    "essence": _essence,
    "prepare": _prepare,
    "prove": _prove,
    "sound": _sound,
    "finish": _finish,
}

if __name__ == "__main__":
    main()
