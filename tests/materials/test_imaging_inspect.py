"""Imaging: what a picture is, told from bytes, and whether it is all there."""

from __future__ import annotations

import functools
import io
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hotfolder.kinds.picture.inspect import (
    BrokenPicture,
    EmptyPicture,
    NotAPicture,
    PictureError,
    PictureType,
    TooManyPixels,
    TruncatedPicture,
    decode,
    inspect,
    sniff,
)

quick = settings(derandomize=True, max_examples=50, deadline=None, database=None)


def saved(image: Image.Image, form: str, **options: Any) -> bytes:  # noqa: ANN401 - Pillow's own options
    """Encode an image with Pillow."""
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def noise(mode: str = "RGB", seed: int = 1) -> Image.Image:
    """Give a picture of 120 x 80 pixels that does not compress away, always the same."""
    line = bytes((n * n * 31 + n * seed * 7) % 251 for n in range(120 * 80))
    return Image.frombytes("L", (120, 80), line).convert(mode)


def with_thumbnail(jpeg: bytes) -> bytes:
    """Put a whole small JPEG, end marker included, into an EXIF segment of another."""
    thumbnail = b"Exif\0\0" + saved(noise().resize((40, 30)), "JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    return jpeg[:2] + segment + jpeg[2:]


@functools.cache
def pictures() -> dict[str, bytes]:
    """Give one sound picture of each kind that a studio has."""
    rgb = noise()
    frames = [noise(seed=seed) for seed in (2, 3, 4)]
    return {
        "jpg": saved(rgb, "JPEG"),
        "jpg progressive": saved(rgb, "JPEG", progressive=True),
        "jpg cmyk": saved(noise("CMYK"), "JPEG"),
        "jpg grey": saved(noise("L"), "JPEG", optimize=True),
        "jpg restarts": saved(rgb, "JPEG", restart_marker_rows=1),
        "jpg thumbnail": with_thumbnail(saved(rgb, "JPEG")),
        "png": saved(rgb, "PNG"),
        "png 16 bit": saved(noise("L").convert("I;16"), "PNG"),
        "png palette": saved(rgb.quantize(16), "PNG"),
        "png animated": saved(rgb, "PNG", save_all=True, append_images=frames),
        "webp": saved(rgb, "WEBP"),
        "webp lossless": saved(rgb, "WEBP", lossless=True),
        "webp alpha": saved(noise("RGBA"), "WEBP", exif=b"Exif\0\0II*\0"),
        "webp animated": saved(rgb, "WEBP", save_all=True, append_images=frames),
        "gif": saved(rgb, "GIF"),
        "gif animated": saved(rgb, "GIF", save_all=True, append_images=frames),
        "bmp": saved(rgb, "BMP"),
        "bmp one bit": saved(noise("1"), "BMP"),
        "tif": saved(rgb, "TIFF"),
        "tif lzw": saved(rgb, "TIFF", compression="tiff_lzw"),
        "tif jpeg": saved(rgb, "TIFF", compression="jpeg"),
        "tif pages": saved(rgb, "TIFF", save_all=True, append_images=frames),
        "tif big": saved(rgb, "TIFF", big_tiff=True),
    }


NAMES = tuple(pictures())
COMPRESSED = tuple(name for name in NAMES if name[:3] not in {"bmp", "tif"})


def cuts(content: bytes, first: int = 1, last: int = 1) -> list[int]:
    """Give many lengths that a copy may have reached: all at the ends, some between."""
    end = len(content) - last
    inner = range(first + 30, end - 30, max(1, end // 60))
    return sorted({*range(first, first + 30), *inner, *range(end - 30, end + 1)})


@pytest.mark.parametrize("name", NAMES)
def test_tells_type_and_size_of_every_kind(name: str) -> None:
    """Inspecting and decoding a sound picture agree on type, size and bytes."""
    content = pictures()[name]
    picture = inspect(content)
    assert picture.type == PictureType(name.partition(" ")[0])
    assert (picture.width, picture.height, picture.bytes) == (120, 80, len(content))
    assert decode(content) == picture


@pytest.mark.parametrize("name", NAMES)
def test_finds_every_truncation(name: str) -> None:
    """A picture cut off anywhere is truncated, never whole and never something else."""
    content = pictures()[name]
    # A later page of a TIFF is not looked at; a BMP shows itself with its second header.
    last = 3 * 120 * 80 * 3 + 1000 if name == "tif pages" else 1
    for cut in cuts(content, 18 if name.startswith("bmp") else 1, last):
        with pytest.raises(TruncatedPicture):
            inspect(content[:cut])


@pytest.mark.parametrize("name", COMPRESSED)
def test_finds_the_zero_tail_of_a_reserved_file(name: str) -> None:
    """A copy that reserved its full length first is truncated until the last block is there."""
    content = pictures()[name]
    for cut in cuts(content, 0, 300 if name.startswith("webp") else 1):
        with pytest.raises(TruncatedPicture):
            inspect(content[:cut].ljust(len(content), b"\0"))


@pytest.mark.parametrize("name", NAMES)
def test_tolerates_bytes_after_the_end(name: str) -> None:
    """What phones append after the end marker, another JPEG included, does no harm."""
    content = pictures()[name]
    for junk in (b"\0" * 5000, b"SEFT" * 9, pictures()["jpg"][:700]):
        assert inspect(content + junk).width == 120
        assert decode(content + junk).height == 80


@pytest.mark.parametrize(
    "content",
    [
        b"Dear Ann, see attached.",
        b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>",
        b"BMW drivers wanted, and a longer text about that",
        b"PK\x03\x04" + b"zip" * 20,
        b"RIFF\x24\x00\x00\x00WAVEfmt and more sound",
        b'{"code": 0}',
    ],
)
def test_refuses_what_is_no_picture(content: bytes) -> None:
    """Bytes decide, not names: a text, page, archive or sound is not a picture."""
    assert sniff(content) is None
    for depth in (inspect, decode):
        with pytest.raises(NotAPicture):
            depth(content)


def test_an_empty_file_is_its_own_case() -> None:
    """Zero bytes are said to be empty, as that is what a person can look for."""
    with pytest.raises(EmptyPicture):
        inspect(b"")


@pytest.mark.parametrize("tags", [{50706: b"\1\4\0\0"}, {254: 1}])
def test_tells_camera_raw_files(tags: dict[int, Any]) -> None:
    """A raw file that looks like a TIFF is none: its first page is a thumbnail."""
    assert inspect(saved(noise(), "TIFF", tiffinfo=tags)).type is PictureType.RAW


def test_a_flipped_bit_in_png_pixels_shows() -> None:
    """A PNG whose checksum does not fit is broken, found without decoding."""
    content = bytearray(pictures()["png"])
    content[len(content) // 2] ^= 1
    with pytest.raises(BrokenPicture):
        inspect(bytes(content))


@pytest.mark.parametrize("name", ["webp lossless", "gif", "tif lzw"])
def test_decoding_finds_damage_inside(name: str) -> None:
    """Pixels overwritten with nonsense pass a look at the layout, and fail to decode."""
    content = bytearray(pictures()[name])
    at = 900 if name == "gif" else 60
    start = content[:at]
    damaged = bytes(start) + bytes(b ^ 0x55 if b not in {0, 0xFF} else b for b in content[at:])
    with pytest.raises(PictureError):
        decode(damaged)


def png_header(width: int, height: int) -> bytes:
    """Give a PNG that states a size and holds one byte of pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + checksum

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0"))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + pixels + chunk(b"IEND", b"")


def test_refuses_a_bomb_by_its_header() -> None:
    """A picture above the limit is refused before a pixel of it is decoded."""
    with pytest.raises(TooManyPixels, match="60000 x 60000 pixels, more than the 250000000"):
        decode(png_header(60_000, 60_000))


def test_the_limit_itself_is_allowed() -> None:
    """Exactly as many pixels as the limit pass, one fewer allowed refuses."""
    content = pictures()["jpg"]
    assert decode(content, limit=120 * 80).width == 120
    with pytest.raises(TooManyPixels):
        inspect(content, limit=120 * 80 - 1)


def test_a_gif_frame_beyond_its_screen_counts() -> None:
    """The size of a GIF is that of its largest frame, whatever its header says."""
    content = bytearray(pictures()["gif"])
    content[6:10] = struct.pack("<HH", 1, 1)
    assert (inspect(bytes(content)).width, inspect(bytes(content)).height) == (120, 80)


def test_a_size_of_zero_is_broken() -> None:
    """A header without a size is damage, not a small picture."""
    with pytest.raises(BrokenPicture):
        inspect(png_header(0, 5))


def test_types_know_their_names() -> None:
    """Every type has its media type and an extension without a dot."""
    assert PictureType.JPEG.media_type == "image/jpeg"
    extensions = "jpg png webp gif bmp tif heic avif psd raw"
    assert [kind.extension for kind in PictureType] == extensions.split()
    assert all(kind.media_type.startswith("image/") for kind in PictureType)


@pytest.mark.parametrize("name", NAMES)
@quick
@given(changes=st.lists(st.tuples(st.integers(0, 1200), st.binary(min_size=1, max_size=8))))
def test_nothing_else_escapes(name: str, changes: list[tuple[int, bytes]]) -> None:
    """Whatever is overwritten, the answer is a picture or a PictureError."""
    content = bytearray(pictures()[name])
    for at, piece in changes:
        content[at : at + len(piece)] = piece
    try:
        decode(bytes(content), limit=1_000_000)
    except PictureError:
        return


def box(kind: bytes, content: bytes = b"") -> bytes:
    """Give a box of a HEIC."""
    return struct.pack(">I", 8 + len(content)) + kind + content


def nested(kind: bytes, depth: int) -> bytes:
    """Give boxes within boxes."""
    return functools.reduce(lambda inner, _: box(kind, inner), range(depth), b"")


FULL = bytes(4)
WITHOUT_WIDTHS = bytes(2)
# Of the first item the first property; the property is nothing but its name.
TURNED_BY_NOTHING = box(
    b"iprp", box(b"ipma", FULL + struct.pack(">IHBB", 1, 1, 1, 1)) + box(b"ipco", box(b"irot"))
)
MANY_EMPTY_PLACES = struct.pack(">H", 5000) + struct.pack(">HHH", 1, 0, 5000) * 5000
DAMAGED_HEICS = {
    "no number of the picture": box(b"meta", FULL + box(b"pitm")),
    "no kinds": box(b"meta", FULL + box(b"iinf")),
    "turned by nothing": box(b"meta", FULL + box(b"pitm", FULL + b"\0\1") + TURNED_BY_NOTHING),
    "places that take no bytes": box(
        b"meta", FULL + box(b"iloc", FULL + WITHOUT_WIDTHS + MANY_EMPTY_PLACES)
    ),
    "boxes without end": nested(b"iprp", 5000),
}


@pytest.mark.parametrize("damage", DAMAGED_HEICS)
def test_a_damaged_heic_is_broken(damage: str) -> None:
    """Whatever its lists say: they neither raise something else, nor take minutes or memory."""
    content = box(b"ftyp", b"heic\0\0\0\0heicmif1") + DAMAGED_HEICS[damage]
    with pytest.raises(BrokenPicture):
        inspect(content)


def test_a_psb_with_a_section_of_any_length_is_broken() -> None:
    """Its sections' lengths have 64 bits."""
    head = b"8BPS" + struct.pack(">H6xHIIHH", 2, 3, 10, 10, 8, 3)
    with pytest.raises(BrokenPicture):
        inspect(head + bytes(8) + struct.pack(">Q", 2**64 - 1))


def test_a_tiff_in_millions_of_strips_is_broken() -> None:
    """They would all be listed in memory; no picture has so many."""
    tags = {256: 10, 257: 10, 273: 8, 279: 8}
    count = 1_100_000
    entries = b"".join(
        struct.pack("<HHII", tag, 1, count if tag > 257 else 1, value)
        for tag, value in tags.items()
    )
    head = b"II*\0" + struct.pack("<IH", 8, len(tags))
    with pytest.raises(BrokenPicture):
        inspect(head + entries + bytes(count + 8))
