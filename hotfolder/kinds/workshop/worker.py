"""The other end of the workshop: one worker, which takes a task at a time from a socket.

Started as `python -m hotfolder.kinds.workshop.worker FD`. It looks at no file itself: for each task
it forks a child, which gets open files, gives up everything else (see `confinement`), answers and
ends, so that nothing of one customer's picture is there when the next one comes. A child may crash,
hang or be killed for its memory, and nothing but its worker dies of it.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import gc
import importlib
import json
import math
import mmap
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from PIL import Image

from hotfolder.domain.preparation import Finish, Preparation
from hotfolder.kinds import formats, origin, provenance, proving
from hotfolder.kinds.kind import NotProven
from hotfolder.kinds.metadata import packets, xmp
from hotfolder.kinds.picture import (
    essence,
    fields,
    finish,
    inspect,
    prepare,
    source_metadata,
    strict,
    thumbnail,
)
from hotfolder.kinds.picture.source_metadata import SourceMetadata
from hotfolder.kinds.workshop import confinement
from hotfolder.kinds.workshop.answers import (
    DISK_REFUSED,
    LARGEST_MESSAGE,
    MEMORY_LACK,
    UNEXPECTED,
)

# What libraries map besides a picture's own memory: themselves, thread stacks, arenas.
_SPARE_BYTES: Final = 256 * 1024 * 1024
_MOST_FILES: Final = 32
_MOST_GIVEN: Final = 6
_LONGEST_SIGNATURE: Final = 1024
_HEAD_BYTES: Final = 64
_BY_THREADS: Final = frozenset({formats.PictureType.HEIC})
_LAST_CPU_S: Final = 2
_NICENESS: Final = 5
_SPARE_NICENESS: Final = 19
_FIRST_TO_GO: Final = "1000"
_OF_THE_DISK: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})

# Imported by libraries, and by tasks, only when they are first needed.
_LATE_MODULES: Final = (
    *("pillow_heif", "rawpy", "PIL.AvifImagePlugin", "PIL.PsdImagePlugin", "c2pa"),
)
_LATE_CODECS: Final = ("cp1252", "cp437")

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that was handed over: its descriptor, and what stood in it then, as a map.

    Only what is looked at is read.
    """

    number: int
    content: Any

    @classmethod
    def of(cls, number: int) -> OpenFile:
        """Map an open file into memory. Raises OSError."""
        if not os.fstat(number).st_size:
            return cls(number, b"")
        return cls(number, mmap.mmap(number, 0, access=mmap.ACCESS_READ))


Task = Callable[[Sequence[OpenFile], Mapping[str, Any]], Answer]


def main(
    tasks: Mapping[str, Task] | None = None, confine: Callable[[], object] = confinement.confine
) -> None:
    """Have children do tasks until the other end is closed; `tasks` = these too, for tests.

    `confine` takes everything from a child that its task does not need.
    """
    known = {**TASKS, **(tasks or {})}
    with socket.socket(fileno=int(sys.argv[1])) as end:
        _be_modest()
        preload()
        while True:
            message, files, _, _ = socket.recv_fds(end, LARGEST_MESSAGE, _MOST_GIVEN)
            if not message:
                return
            end.send(_answered_by_child(end, known, confine, message, files))


def preload() -> None:
    """Import whatever a task may need: a child can open no module any more."""
    Image.preinit()
    for name in _LATE_MODULES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for name in _LATE_CODECS:
        codecs.lookup(name)
    confinement.prepare()
    gc.freeze()  # what a child does not touch stays shared


def _be_modest() -> None:
    """Let everything else go first, and be the first to go; where the system allows that."""
    for modesty in (
        lambda: os.nice(_NICENESS),
        lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
        lambda: Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO, "ascii"),
    ):
        with contextlib.suppress(OSError, ValueError):
            modesty()


def _answered_by_child(
    end: socket.socket,
    tasks: Mapping[str, Task],
    confine: Callable[[], object],
    message: bytes,
    files: list[int],
) -> bytes:
    """Let a child do a task, and pass its answer on unread; die as it did where it died."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        end.close()
        os.close(reading)
        _work(tasks, confine, json.loads(message), files, writing)
    for each in (writing, *files):
        os.close(each)
    with open(reading, "rb") as pipe:  # noqa: PTH123  an open file of this process
        answer = pipe.read(LARGEST_MESSAGE + 1)
    if len(answer) > LARGEST_MESSAGE:
        sys.exit("a child says too much")  # and ends with this process
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        _die_of(os.WTERMSIG(status))
    if status:
        sys.exit(os.waitstatus_to_exitcode(status))
    return answer


def _die_of(number: int) -> None:
    with contextlib.suppress(OSError):  # of SIGKILL
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _work(
    tasks: Mapping[str, Task],
    confine: Callable[[], object],
    order: Mapping[str, Any],
    files: list[int],
    writing: int,
) -> NoReturn:
    """Do a task as a process of its own, which has nothing but its files, and end."""
    try:
        confinement.die_with_parent()
        _write(writing, json.dumps(_answer(tasks, confine, order, files)).encode())
    except BaseException:  # noqa: BLE001  a child must never come back from here
        os._exit(1)
    os._exit(0)


def _answer(
    tasks: Mapping[str, Task],
    confine: Callable[[], object],
    order: Mapping[str, Any],
    numbers: list[int],
) -> Answer:
    """Do a task within its limits; errors are answers, too."""
    try:
        files = [OpenFile.of(each) for each in numbers]
        signal.alarm(math.ceil(order["deadline_s"]) + 1)  # should the other end be gone by then
        if order["spare"]:
            os.nice(_SPARE_NICENESS)
        _limit(order, files)
        confine()
        return tasks[order["task"]](files, order["order"])
    except (formats.PictureError, NotProven) as error:
        return _error(type(error).__name__, str(error))
    except MemoryError:
        return _error(MEMORY_LACK, "not enough memory")
    except Exception as error:  # noqa: BLE001  one place: whatever it is, it is told
        if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
            return _error(DISK_REFUSED, "the disk refuses", error.errno)
        return _error(UNEXPECTED, f"{type(error).__name__}: {error}")


def _error(kind: str, text: str, errno: int = 0) -> Answer:
    return {"error": kind, "text": text, "errno": errno}


def _limit(order: Mapping[str, Any], files: Sequence[OpenFile]) -> None:
    """Let this process take no more than its task does, for good.

    What it makes stands in its memory before it is written, so that bounds what it writes, too.
    """
    # A map of a file counts as memory, too.
    own_bytes = order["memory_bytes"] + sum(len(each.content) for each in files)
    with open("/proc/self/statm", "rb", buffering=0) as statm:  # noqa: PTH123  the cheapest way
        mapped_bytes = int(statm.read().split()[0]) * resource.getpagesize()
    cpu_s = math.ceil(order["cpu_s"])
    for limited, most in (
        (resource.RLIMIT_AS, mapped_bytes + own_bytes + _SPARE_BYTES),
        (resource.RLIMIT_FSIZE, own_bytes),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_NOFILE, _MOST_FILES),
        *(() if _takes_threads(files) else ((resource.RLIMIT_NPROC, 0),)),
    ):
        _, hard = resource.getrlimit(limited)
        wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
        # The kernel ends at once who is at a hard limit of time.
        grace = _LAST_CPU_S if limited == resource.RLIMIT_CPU else 0
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(limited, (wanted, wanted + grace))


def _takes_threads(files: Sequence[OpenFile]) -> bool:
    """Whether a picture's library begins threads, however few it is told to."""
    head = bytes(files[0].content[:_HEAD_BYTES]) if files else b""
    return formats.sniff(head) in _BY_THREADS


def _look(files: Sequence[OpenFile], _order: Mapping[str, Any]) -> Answer:
    found = inspect.inspect(files[0].content)
    return {
        "type": found.type.value,
        "width": found.width,
        "height": found.height,
        "bytes": found.bytes,
    }


def _describe(files: Sequence[OpenFile], _order: Mapping[str, Any]) -> Answer:
    """Say at once all that planning asks of a picture."""
    content = files[0].content
    found = inspect.inspect(content)
    try:
        digest = essence.of(content, found)
    except formats.PictureError:
        digest = None
    return {
        "type": found.type.value,
        "width": found.width,
        "height": found.height,
        "header": asdict(found.header),
        "reach": found.reach,
        "essence": digest,
        "texts": fields.read(found, content),
    }


def _sidecar(files: Sequence[OpenFile], _order: Mapping[str, Any]) -> Answer:
    """Say what an XMP file beside a picture says, or why it cannot be read."""
    try:
        said = fields.of_file(bytes(files[0].content))
    except packets.Unreadable as error:
        return {"broken": str(error), "prompt": None, "texts": {}}
    return {"broken": None, "prompt": said.prompt, "texts": said.texts}


def _decode(files: Sequence[OpenFile], _order: Mapping[str, Any]) -> Answer:
    found = inspect.decode(bytes(files[0].content))
    return {"type": found.type.value, "width": found.width, "height": found.height}


def _prove(files: Sequence[OpenFile], order: Mapping[str, Any]) -> Answer:
    found = proving.prove(files[0].content, order)
    return {"proven": [found.kind.value, found.ending]}


def _keep(files: Sequence[OpenFile], order: Mapping[str, Any]) -> Answer:
    """Write what is to be kept of a picture that is sent as it is.

    With `decode` it must be sound; else one of which nothing can be said is sent all the same.
    """
    source, kept = files
    try:
        look = strict.require_sound if order["decode"] else inspect.inspect
        metadata = source_metadata.of(look(source.content), source.content)
    except formats.PictureError:
        if order["decode"]:
            raise
        metadata = source_metadata.NOTHING
    _write(kept.number, metadata.encoded())
    return {}


def _finish(files: Sequence[OpenFile], order: Mapping[str, Any]) -> Answer:
    raw, target, companion, *kept = files
    of_source = SourceMetadata.decoded(bytes(kept[0].content)) if kept else None
    made = finish.finish(
        bytes(raw.content),
        of_source,
        Finish(**order["finish"]),
        xmp.Note(**order["note"]),
        converted=order["converted"],
        signed=order["signed"],
    )
    _write(target.number, made.content)
    _write(companion.number, made.companion)
    return {"type": made.type.value, "notes": made.notes}


def _ingredient(files: Sequence[OpenFile], order: Mapping[str, Any]) -> Answer:
    source, target = files
    content = bytes(source.content)
    kind = formats.sniff(content[:_HEAD_BYTES])
    media_type = kind.media_type if kind else order["format"]
    _write(target.number, provenance.ingredient(content, media_type, order["title"]))
    return {}


def _origin(files: Sequence[OpenFile], order: Mapping[str, Any]) -> Answer:
    found = origin.of(bytes(files[0].content), order["format"])
    return {"lines": found.lines, "whole": found.whole}


def _sign(files: Sequence[OpenFile], order: Mapping[str, Any]) -> Answer:
    """Sign a result; the signature comes through a channel from whoever has the key."""
    finished, target, raw, channel, *source = files

    def ask(digest: bytes) -> bytes:
        os.write(channel.number, digest)
        return os.read(channel.number, _LONGEST_SIGNATURE)

    made, came = bytes(finished.content), bytes(raw.content)
    kept = bytes(source[0].content) if source else b""
    _write(target.number, provenance.signed(made, came, kept, order, ask))
    return {}


def _prepare(files: Sequence[OpenFile], order: Mapping[str, Any]) -> Answer:
    source, target, *kept = files
    wanted = Preparation.of(order)
    made = prepare.prepare(source.content, wanted)
    _write(target.number, made.content)
    for each in kept:
        found = inspect.inspect(source.content)
        metadata = source_metadata.of(found, source.content, made.source)
        _write(each.number, metadata.encoded())
    return {
        "type": made.type.value,
        "width": made.width,
        "height": made.height,
        "notes": made.notes,
    }


def _thumbnail(files: Sequence[OpenFile], order: Mapping[str, Any]) -> Answer:
    source, target = files
    _write(target.number, thumbnail.thumbnail(source.content, order["side"]))
    return {}


def _locks(_files: Sequence[OpenFile], _order: Mapping[str, Any]) -> Answer:
    """Try what must be refused; answer what was not."""
    return {"open": [name for name, attempt in _FORBIDDEN.items() if _is_possible(attempt)]}


def _is_possible(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True


def _write(file: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest) :]


# What a person is told of a worker that is not confined: it can...
_FORBIDDEN: Final[Mapping[str, Callable[[], object]]] = {
    "open files": lambda: os.open("/", os.O_RDONLY),
    "open sockets": lambda: socket.socket().close(),
    "start programs": lambda: os.fork() or os._exit(0),
    "signal others": lambda: os.kill(os.getppid(), 0),
}

TASKS: Final[Mapping[str, Task]] = {
    "look": _look,
    "describe": _describe,
    "sidecar": _sidecar,
    "prepare": _prepare,
    "decode": _decode,
    "prove": _prove,
    "keep": _keep,
    "finish": _finish,
    "ingredient": _ingredient,
    "sign": _sign,
    "origin": _origin,
    "thumbnail": _thumbnail,
    "locks": _locks,
}

if __name__ == "__main__":
    main()
