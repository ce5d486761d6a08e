"""What workers do with open files: each task's own work, which is done in a confined child."""

from __future__ import annotations

import mmap
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Final

from PIL import Image

from hotfolder.domain.preparation import Finish, Preparation
from hotfolder.kinds import decoding, formats, origin, played, provenance, proving, rows
from hotfolder.kinds.kind import NotProven, Proven
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
from hotfolder.kinds.workshop.answers import LARGEST_SIDE, LONGEST_CODEC, LONGEST_S
from hotfolder.kinds.workshop.needs import HEAD_BYTES, SIDES

_LONGEST_SIGNATURE: Final = 1024

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


def _look(files: Sequence[OpenFile], _order: Mapping[str, Any]) -> Answer:
    found = inspect.inspect(files[0].content)
    return {
        "type": found.type.value,
        "width": found.width,
        "height": found.height,
        "bytes": found.bytes,
    }


def _describe(files: Sequence[OpenFile], _order: Mapping[str, Any]) -> Answer:
    """Say at once all that planning asks of a source, whatever its name."""
    content = files[0].content
    if formats.sniff(content[:HEAD_BYTES]) is None:
        found_played = played.look(content)
        if found_played is not None:
            return _played(found_played)
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


def _played(found: Proven) -> Answer:
    traits = found.traits
    duration_s = traits.duration_s or 0.0
    codec = "".join(each for each in traits.codec if each.isprintable())
    return {
        "played": [found.kind.value, found.ending],
        "duration_s": duration_s if 0 < duration_s <= LONGEST_S else None,
        "width": traits.width if traits.width <= LARGEST_SIDE else 0,
        "height": traits.height if traits.height <= LARGEST_SIDE else 0,
        "has_sound": traits.has_sound,
        "codec": codec[:LONGEST_CODEC],
    }


def _sidecar(files: Sequence[OpenFile], _order: Mapping[str, Any]) -> Answer:
    """Say what an XMP file beside a picture says, or why it cannot be read."""
    try:
        said = fields.of_file(bytes(files[0].content))
    except packets.Unreadable as error:
        return {"broken": str(error), "prompt": None, "texts": {}}
    return {"broken": None, "prompt": said.prompt, "texts": said.texts}


def _decode(files: Sequence[OpenFile], _order: Mapping[str, Any]) -> Answer:
    source, *small = files
    found = inspect.decode(bytes(source.content), shown=_small_in(small))
    return {"type": found.type.value, "width": found.width, "height": found.height}


def _prove(files: Sequence[OpenFile], order: Mapping[str, Any]) -> Answer:
    found = decoding.closer(files[0].content, proving.prove(files[0].content, order))
    return {"proven": [found.kind.value, found.ending]}


def _keep(files: Sequence[OpenFile], order: Mapping[str, Any]) -> Answer:
    """Write what is to be kept of a picture that is sent as it is.

    With `decode` it must be sound; else one of which nothing can be said is sent all the same.
    """
    source, kept, *small = files
    try:
        if order["decode"]:
            found = strict.require_sound(source.content, _small_in(small))
        else:
            found = inspect.inspect(source.content)
        metadata = source_metadata.of(found, source.content)
    except formats.PictureError:
        if order["decode"]:
            raise
        metadata = source_metadata.NOTHING
    write(kept.number, metadata.encoded())
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
    write(target.number, made.content)
    write(companion.number, made.companion)
    return {"type": made.type.value, "notes": made.notes, "looks_the_same": made.looks_the_same}


def _prove_and_finish(files: Sequence[OpenFile], order: Mapping[str, Any]) -> Answer:
    """Decode a result to its last pixel, and finish it. Raises NotProven, PictureError."""
    count = 4 if order["has_source"] else 3
    raw = OpenFile(files[0].number, bytes(files[0].content))
    try:
        _decode([raw, *files[count:]], {})
    except formats.PictureError as error:
        raise NotProven(str(error)) from error
    return _finish([raw, *files[1:count]], order)


def _ingredient(files: Sequence[OpenFile], order: Mapping[str, Any]) -> Answer:
    source, target = files
    content = bytes(source.content)
    kind = formats.sniff(content[:HEAD_BYTES])
    media_type = kind.media_type if kind else order["format"]
    kept = provenance.ingredient(content, media_type, order["title"], order["label"])
    write(target.number, kept)
    return {}


def _origin(files: Sequence[OpenFile], order: Mapping[str, Any]) -> Answer:
    found = origin.of(bytes(files[0].content), order["format"])
    return {"lines": found.lines, "whole": found.whole}


def _sign(files: Sequence[OpenFile], order: Mapping[str, Any]) -> Answer:
    """Sign a result; the signature comes through a channel from whoever has the key."""
    finished, target, raw, channel, *source = files

    def ask(message: bytes) -> bytes:
        write(channel.number, len(message).to_bytes(4, "big") + message)
        return os.read(channel.number, _LONGEST_SIGNATURE)

    made, came = bytes(finished.content), bytes(raw.content)
    kept = bytes(source[0].content) if source else b""
    write(target.number, provenance.signed(made, came, kept, order, ask))
    return {}


def _prepare(files: Sequence[OpenFile], order: Mapping[str, Any]) -> Answer:
    source, target, *kept = files
    wanted = Preparation.of(order)
    made = prepare.prepare(source.content, wanted, _small_in(kept[1:]))
    write(target.number, made.content)
    for each in kept[:1]:
        found = inspect.inspect(source.content)
        metadata = source_metadata.of(found, source.content, made.source)
        write(each.number, metadata.encoded())
    return {
        "type": made.type.value,
        "width": made.width,
        "height": made.height,
        "notes": made.notes,
    }


def _thumbnail(files: Sequence[OpenFile], order: Mapping[str, Any]) -> Answer:
    source, target = files
    write(target.number, thumbnail.thumbnail(source.content, order["side"]))
    return {}


def _small_in(files: Sequence[OpenFile]) -> inspect.Shown | None:
    """Return what makes a decoded picture small in files, one of each side; None where in none.

    What is only looked at keeps nothing that is edited from it.
    """

    def make(image: Image.Image) -> None:
        with suppress(formats.PictureError, MemoryError, OSError):
            for file, made in zip(files, thumbnail.thumbnails(image, SIDES), strict=True):
                write(file.number, made)

    return make if files else None


def _rows(files: Sequence[OpenFile], order: Mapping[str, Any]) -> Answer:
    source, target = files
    try:
        found = rows.read(bytes(source.content), is_table=order["table"])
    except rows.NoRows as error:
        return {"broken": str(error)}
    write(target.number, rows.encoded(found))
    return {"broken": None}


def _locks(_files: Sequence[OpenFile], _order: Mapping[str, Any]) -> Answer:
    """Try what must be refused; answer what was not."""
    return {"open": [name for name, attempt in _FORBIDDEN.items() if _is_possible(attempt)]}


def _is_possible(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True


def write(file: int, content: bytes) -> None:
    """Write all of it. Raises OSError."""
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
    "prove_and_finish": _prove_and_finish,
    "ingredient": _ingredient,
    "sign": _sign,
    "origin": _origin,
    "thumbnail": _thumbnail,
    "rows": _rows,
    "locks": _locks,
}
