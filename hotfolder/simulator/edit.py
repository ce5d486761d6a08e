"""The simulated edit: a visible, deterministic change of a picture's pixels.

Owns Pillow inside the simulator, with the looks. Nobody should take a result for the real
service's work, so the word SIMULATED stands in every one.
"""

from __future__ import annotations

import hashlib
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError

from hotfolder.simulator import looks

MARK = "SIMULATED"
CANVAS_SIZE = (1024, 1024)
# Sharp edges need no more, and level 1 is ten times as quick as the default.
_PNG_LEVEL = 1
_JPEG_QUALITY = 90
_COMMENT_BYTES = 65_533  # the most that one comment holds
_MARK_WIDTH = 0.16
_MARK_HEIGHT = 0.05
_MARK_LEAST = 8.0
_MARK_MARGIN = 0.6
_STROKE_SHARE = 14


class UnreadablePictureError(ValueError):
    """The bytes are not a picture, or are cut short."""


def edit(
    source: bytes | None,
    prompt: str,
    index: int,
    result_type: str,
    model: str = "",
    size: tuple[int, int] | None = None,
) -> bytes:
    """Return the edit of a picture, encoded and free of metadata.

    source: the picture's file; None starts from an empty canvas, as models do that
        make a picture from text alone.
    prompt: what its words ask for is done as far as simple means go.
    index, model: which of several results of one task, and whose; each looks different.
    result_type: "png" or "jpg".

    size: in pixels, to which the picture is cut; None = that of the picture as it is shown (its
        EXIF orientation applied).

    Raises UnreadablePictureError.
    """
    picture, alpha = _open(source)
    if size is not None:
        picture, alpha = ImageOps.fit(picture, size), None
    digest = hashlib.sha256(f"{model}\0{index}\0{prompt}".encode()).digest()
    edited = _mark(looks.developed(picture, prompt, digest))
    if alpha is not None and result_type == "png":
        edited.putalpha(alpha)
    return _encode(edited, result_type)


def padded(jpeg: bytes, size: int, filling: bytes = b"\0") -> bytes:
    """Return a JPEG filled up with comments to at least `size` bytes; `filling` is repeated."""
    missing = max(0, size - len(jpeg))
    count = -(-missing // _COMMENT_BYTES)
    comment = (filling * (_COMMENT_BYTES // len(filling) + 1))[:_COMMENT_BYTES]
    head = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big")
    return jpeg[:2] + (head + comment) * count + jpeg[2:]


def size_of(source: bytes) -> tuple[int, int]:
    """Return how large a picture is as it is shown. Raises UnreadablePictureError."""
    picture, _ = _open(source)
    return picture.size


def result_type(extension: str) -> str:
    """Return the type a result has for a source of this type."""
    return "png" if extension == "png" else "jpg"


def _open(source: bytes | None) -> tuple[Image.Image, Image.Image | None]:
    if source is None:
        return Image.linear_gradient("L").resize(CANVAS_SIZE).convert("RGB"), None
    try:
        with Image.open(BytesIO(source)) as opened:
            upright = ImageOps.exif_transpose(opened)
            alpha = upright.convert("RGBA").getchannel("A") if _is_see_through(upright) else None
            return upright.convert("RGB"), alpha
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        SyntaxError,  # Pillow's PNG reader raises it for broken chunks
        ValueError,
    ) as error:
        raise UnreadablePictureError(str(error)) from error


def _is_see_through(picture: Image.Image) -> bool:
    return picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info


def _mark(picture: Image.Image) -> Image.Image:
    """Write the mark small into the lower right corner, readable on any ground."""
    width, height = picture.size
    share = ImageFont.load_default(100).getlength(MARK) / 100
    size = max(_MARK_LEAST, min(width * _MARK_WIDTH / share, height * _MARK_HEIGHT))
    margin = size * _MARK_MARGIN
    ImageDraw.Draw(picture).text(
        (width - margin, height - margin),
        MARK,
        font=ImageFont.load_default(size),
        fill="white",
        stroke_fill="black",
        stroke_width=max(1, int(size / _STROKE_SHARE)),
        anchor="rb",
    )
    return picture


def _encode(picture: Image.Image, result_type: str) -> bytes:
    out = BytesIO()
    if result_type == "png":
        picture.save(out, "PNG", compress_level=_PNG_LEVEL)
    else:
        picture.save(out, "JPEG", quality=_JPEG_QUALITY)
    return out.getvalue()
