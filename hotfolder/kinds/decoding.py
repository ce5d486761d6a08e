"""Films and sounds opened by PyAV, where it is installed: one frame is decoded, to prove them.

It fills in what a container does not tell. Runs in confined workers only. What it cannot say, for
want of a decoder or of memory, is left as it was.
"""

from __future__ import annotations

import importlib
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from hotfolder.kinds.kind import FORMATS, Kind, NotProven, Proven

if TYPE_CHECKING:
    from collections.abc import Iterator

# What FFmpeg calls the containers. No other is opened, and none that names further files.
_CONTAINERS: Final = {each.ending: each.container for each in FORMATS if each.container}
_MOST_PACKETS: Final = 2_000_000
_MOST_FAILED: Final = 100
_UNDECODED: Final = "not one frame of it can be decoded"


def _pyav() -> Any:  # noqa: ANN401  PyAV has no types here
    """Return PyAV, which a worker has loaded by then; None = the extra `media` is not installed."""
    try:
        return importlib.import_module("av")
    except ImportError:
        return None


def closer(content: bytes, found: Proven) -> Proven:
    """Return what a proven film or sound is, with what a decoder tells. Raises NotProven."""
    av = _pyav()
    if av is None or found.ending not in _CONTAINERS:
        return found
    try:
        file = content if hasattr(content, "read") else io.BytesIO(content)
        with av.open(file, format=_CONTAINERS[found.ending]) as opened:
            return _told(opened, found)
    except MemoryError:
        return found
    except av.error.DecoderNotFoundError:
        return found
    except av.error.FFmpegError as error:
        raise NotProven(f"{_UNDECODED} ({error.strerror})") from error
    except (ArithmeticError, AttributeError, TypeError, ValueError):  # what PyAV did not expect
        return found


def _told(opened: Any, found: Proven) -> Proven:  # noqa: ANN401  PyAV's own
    streams = opened.streams.video if found.kind is Kind.VIDEO else opened.streams.audio
    if not streams:
        raise NotProven(_UNDECODED)
    stream, traits = streams[0], found.traits
    if stream.codec_context is None:  # coded as nothing that FFmpeg knows
        return found
    duration_s = traits.duration_s or _stated_s(opened)
    stream.codec_context.thread_count = 1
    packets = iter(opened.demux(stream))
    if not any(frame is not None for frame in _frames(packets)):
        raise NotProven(_UNDECODED)
    if duration_s is None:
        duration_s = _last_s(packets)
    sides = {}
    if found.kind is Kind.VIDEO and not traits.width:
        sides = {"width": stream.codec_context.width, "height": stream.codec_context.height}
    codec = traits.codec or stream.codec_context.name
    has_sound = bool(opened.streams.audio)
    return replace(
        found,
        traits=replace(traits, duration_s=duration_s, has_sound=has_sound, codec=codec, **sides),
    )


def _frames(packets: Iterator[Any]) -> Iterator[Any]:
    """Yield frames; a stream may begin in the middle, with packets that lack their first frame."""
    failed = 0
    for packet in packets:
        try:
            yield from packet.decode()
        except _pyav().error.InvalidDataError:
            failed += 1
            if failed == _MOST_FAILED:
                raise


def _stated_s(opened: Any) -> float | None:  # noqa: ANN401  PyAV's own
    return opened.duration / _pyav().time_base if opened.duration else None


def _last_s(packets: Iterator[Any]) -> float | None:
    """Return when the last of the packets ends, in seconds."""
    last_s = 0.0
    for _, packet in zip(range(_MOST_PACKETS), packets, strict=False):
        if packet.pts is not None and packet.time_base is not None:
            last_s = max(last_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    return last_s or None
