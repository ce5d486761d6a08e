"""Whether a film or sound may be sent: as it is, or not at all. Nothing of it is ever changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hotfolder import config
from hotfolder.domain.failures import Failure
from hotfolder.kinds.kind import Kind
from hotfolder.kinds.media import Media
from hotfolder.runninghub.catalog import MEGABYTE, UPLOAD_MB, Parameter

# No model is known that takes more; a parameter that says `max_seconds` may.
LONGEST_S: Final = 600.0
# How films are coded that services can be expected to open, as their containers write it.
CODECS: Final = frozenset(
    {
        *("avc1", "avc3", "hvc1", "hev1", "dvh1", "dvhe", "mp4v", "av01", "vp08", "vp09"),
        *("h264", "x264", "h265", "hevc", "xvid", "divx", "dx50", "fmp4", "mjpg", "jpeg"),
        *("v_mpeg4/iso/avc", "v_mpegh/iso/hevc", "v_vp8", "v_vp9", "v_av1", "v_mpeg4/iso/asp"),
        *("mpeg4", "vp8", "vp9", "av1", "mjpeg"),
    }
)
# What programs write into a container is not exact.
_ROUNDED_S: Final = 0.1
_NAMES: Final = {Kind.VIDEO: "film", Kind.AUDIO: "sound"}


def fit(found: Media, place: Parameter, rule: config.Rule) -> Failure | None:
    """Return why a film or sound cannot be sent in a parameter, or None."""
    return next(_refused(found, place, rule), None)


def _refused(found: Media, place: Parameter, rule: config.Rule) -> Iterator[Failure]:
    name, traits = _NAMES[found.kind], found.traits
    if place.accept and found.ending not in place.accept:
        *others, last = (each.upper() for each in place.accept)
        endings = f"{', '.join(others)} or {last}" if others else last
        yield Failure(
            "unsupported_type",
            f"The {name} is of the type {found.ending.upper()}, which this edit does not take.",
            f"Export it as {endings} and drop it again.",
        )
    if found.kind is Kind.VIDEO and traits.codec and traits.codec.lower() not in CODECS:
        yield Failure(
            "unsupported_codec",
            f"The film is coded as {traits.codec}, which services cannot open.",
            "Export it as MP4 with H.264 and drop it again.",
        )
    most_mb = min(place.max_mb or UPLOAD_MB, rule.max_mb or float("inf"))
    if found.bytes > most_mb * MEGABYTE:
        yield Failure(
            "too_large",
            f"The {name} has {found.bytes / MEGABYTE:.1f} MB; this edit takes at most "
            f"{most_mb:.0f} MB.",
            "Make it shorter or export it smaller, and drop it again.",
        )
    yield from _wrong_length(name, traits.duration_s, place)
    yield from wrong_look((traits.width, traits.height), place)
    if place.sound and traits.has_sound is False:
        yield Failure(
            "no_sound",
            "The film has no sound, which this edit needs.",
            "Export it with its sound and drop it again.",
        )


def _wrong_length(name: str, lasts_s: float | None, place: Parameter) -> Iterator[Failure]:
    if lasts_s is None:
        return
    least, most = place.min_seconds or 0.0, place.max_seconds or LONGEST_S
    if lasts_s < least:
        yield Failure(
            "too_short",
            f"The {name} lasts {lasts_s:.1f} s; this edit takes no less than {least:g} s.",
            "Export a longer one and drop it again.",
        )
    if lasts_s > most + _ROUNDED_S:
        yield Failure(
            "too_long",
            f"The {name} lasts {_spoken(lasts_s)}; this edit takes at most {_spoken(most)}.",
            "Cut it and drop it again.",
        )


def wrong_look(
    size: tuple[int, int], place: Parameter, *, may_shrink: bool = False
) -> Iterator[Failure]:
    """Yield why what is seen has too few or too many pixels for a parameter, or is too narrow.

    `size` is in pixels, 0 = not known; with `may_shrink` a size too large is made smaller.
    """
    shorter, longer = sorted(size)
    if not shorter:
        return
    told = f"It has {size[0]} x {size[1]} pixels; this edit takes"
    least, most = place.min_side or 0, place.max_side or longer
    shrunk = shorter * min(1.0, most / longer) if may_shrink else shorter
    if shrunk < least or (longer > most and not may_shrink):
        yield Failure(
            "wrong_size",
            f"{told} sides {_taken(place)} pixels.",
            "Export it in another size and drop it again.",
        )
    if place.max_ratio and longer > place.max_ratio * shorter:
        yield Failure(
            "wrong_ratio",
            f"{told} at most {place.max_ratio:g} times as many on one side as on the other.",
            "Crop it and drop it again.",
        )


def _taken(place: Parameter) -> str:
    if not place.max_side:
        return f"of at least {place.min_side}"
    least = place.min_side
    return f"from {least} to {place.max_side}" if least else f"of up to {place.max_side}"


def _spoken(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.3g} s"
