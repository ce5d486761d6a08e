"""Whether a source or reference may be sent as it is: by what it is, the model and the rule.

Touches no pixels: `kinds.picture.prepare` does what is decided here.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from hotfolder import config
from hotfolder.domain import file_failures
from hotfolder.domain.failures import Failure
from hotfolder.domain.preparation import Preparation
from hotfolder.kinds.formats import EXTENSIONS, SPLICED, Picture, PictureType
from hotfolder.kinds.media import Media
from hotfolder.kinds.packages import missing
from hotfolder.planning import fitting_media
from hotfolder.runninghub.catalog import MEGABYTE, UPLOAD_MB, Parameter

MEGAPIXEL = 1_000_000
_MAKEABLE = (PictureType.JPEG, PictureType.PNG, PictureType.WEBP)


def fit(
    found: Picture | Media, place: Parameter, rule: config.Rule
) -> Preparation | Failure | None:
    """Return what a file needs before it is sent in a parameter, why it cannot be, or None."""
    if not isinstance(found, Picture):
        return fitting_media.fit(found, place, rule)
    size = found.width, found.height
    may_shrink = rule.prepare == "auto"
    wrong = next(fitting_media.wrong_look(size, place, may_shrink=may_shrink), None)
    return wrong or _fit(found, place, rule)


def _fit(found: Picture, place: Parameter, rule: config.Rule) -> Preparation | Failure | None:
    if min(found.width, found.height) == 1:
        return file_failures.TOO_FEW_PIXELS
    refused = _refused(found, place, rule)
    reasons = (*refused, *_better_changed(found, place, rule))
    if rule.prepare == "never":
        return next(iter(refused.values()), None) or _stripped(found, rule)
    if reasons and rule.prepare == "fail":
        return _not_wanted(reasons)
    if not reasons:
        return _stripped(found, rule)
    needed = missing(found.type)
    if needed is not None:
        return file_failures.no_decoder(_name(found.type), needed)
    return Preparation(
        types=tuple(kind.extension for kind in _MAKEABLE if _takes(place, kind)),
        max_bytes=_max_bytes(place, rule),
        max_pixels=_max_pixels(found, place, rule),
        reasons=reasons,
    )


def _stripped(found: Picture, rule: config.Rule) -> Preparation | None:
    if not rule.strip or found.type not in SPLICED:
        return None
    names = ", ".join(rule.strip)
    reasons = (f"private metadata ({names}) is not sent",)
    return Preparation(convert=False, strip=tuple(rule.strip), reasons=reasons)


def _refused(found: Picture, place: Parameter, rule: config.Rule) -> dict[str, Failure]:
    """Return why a picture would be refused as it is: the reason, and how it fails by that."""
    reasons = {}
    if not _takes(place, found.type):
        reason = f"it is a {_name(found.type)}, which this edit does not take"
        reasons[reason] = _wrong_type(found, place)
    limit = _max_bytes(place, rule)
    if found.bytes > limit:
        most = f"{limit / MEGABYTE:.0f} MB" if limit >= MEGABYTE else f"{limit} bytes"
        reason = f"it has {found.bytes / MEGABYTE:.1f} MB, more than the {most} that may be sent"
        reasons[reason] = _too_large(found.bytes, limit)
    return reasons


def _max_pixels(found: Picture, place: Parameter, rule: config.Rule) -> int:
    """Return how many pixels may be sent, 0 = any number: none of its sides is then too long."""
    limits = [round(rule.max_megapixels * MEGAPIXEL)]
    if _is_too_long(found, place):
        share = Fraction(place.max_side or 0, max(found.width, found.height))
        limits.append(int(found.width * found.height * share**2))
    return min((each for each in limits if each), default=0)


def _is_too_long(found: Picture, place: Parameter) -> bool:
    return place.max_side is not None and max(found.width, found.height) > place.max_side


def _better_changed(found: Picture, place: Parameter, rule: config.Rule) -> Iterator[str]:
    """Yield why a picture is not sent as it is although the model takes files of its kind."""
    if rule.strip and found.type not in SPLICED:
        yield "private metadata is not sent"
    if _is_too_long(found, place):
        yield f"a side of it has more than {place.max_side} pixels"
    if rule.max_megapixels and found.width * found.height > rule.max_megapixels * MEGAPIXEL:
        yield f"it has more than {rule.max_megapixels:g} megapixels"
    header = found.header
    told = {
        "it is stored turned, which not every model heeds": header.orientation != 1,
        "it is in CMYK": header.cmyk,
        "it has more than 8 bits for a colour": header.deep,
        "it has several frames or pages, of which the first is sent": header.several,
    }
    yield from (reason for reason, holds in told.items() if holds)


def _max_bytes(place: Parameter, rule: config.Rule) -> int:
    limits = (
        int((place.max_mb or 0) * MEGABYTE),
        UPLOAD_MB * MEGABYTE,
        int(rule.max_mb * MEGABYTE),
    )
    return min(limit for limit in limits if limit)


def _takes(place: Parameter, kind: PictureType) -> bool:
    accepted = set(place.accept)
    return not accepted or bool(accepted.intersection(EXTENSIONS[kind]))


def _name(kind: PictureType) -> str:
    return "camera's raw file" if kind is PictureType.RAW else kind.extension.upper()


def _wrong_type(found: Picture, place: Parameter) -> Failure:
    kinds = ", ".join(each.upper() for each in place.accept)
    return Failure(
        "unsupported_type",
        f"The picture is a {_name(found.type)}, which this edit does not take.",
        f"Save it as one of {kinds} and drop it again.",
    )


def _too_large(size: int, limit: int) -> Failure:
    return Failure(
        "too_large",
        f"The picture has {size / MEGABYTE:.1f} MB; this edit takes at most "
        f"{limit / MEGABYTE:.0f} MB.",
        "Save it smaller and drop it again.",
    )


def _not_wanted(reasons: tuple[str, ...]) -> Failure:
    return Failure(
        "needs_conversion",
        f"The picture cannot be sent as it is: {'; '.join(reasons)}.",
        'Save it so that it can and drop it again, or set prepare = "auto" in the rule.',
    )
