"""Real pictures of all kinds, made on the spot."""

from __future__ import annotations

import importlib.util
import io
import json
import shutil
import struct
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageCms

from hotfolder.kinds.formats import sniff
from hotfolder.kinds.metadata import containers

if TYPE_CHECKING:
    from collections.abc import Sequence

MAKE, ORIENTATION, EXIF, GPS = 0x010F, 0x0112, 0x8769, 0x8825

needs_heif = pytest.mark.skipif(
    importlib.util.find_spec("pillow_heif") is None, reason="pillow-heif is not installed"
)
needs_rawpy = pytest.mark.skipif(
    importlib.util.find_spec("rawpy") is None, reason="rawpy is not installed"
)


def saved(image: Image.Image, form: str, **options: Any) -> bytes:  # noqa: ANN401  Pillow's own options
    """Encode an image with Pillow."""
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def opened(content: bytes) -> Image.Image:
    """Decode a picture."""
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def scene(mode: str = "RGB", size: tuple[int, int] = (160, 120)) -> Image.Image:
    """Give a picture that is red at the upper left, green at the right, blue at the bottom."""
    small = Image.new("RGB", (2, 2))
    for place, colour in {(0, 0): "red", (1, 0): "lime", (0, 1): "blue", (1, 1): "white"}.items():
        small.putpixel(place, (0, 0, 0))
        small.paste(colour, (*place, place[0] + 1, place[1] + 1))
    return small.resize(size, Image.Resampling.NEAREST).convert(mode)


def noise(size: tuple[int, int], seed: int = 1) -> Image.Image:
    """Give a picture that does not compress, always the same."""
    count = size[0] * size[1] * 3
    state = bytearray()
    number = seed
    while len(state) < min(count, 60_000):
        number = (number * 1_103_515_245 + 12_345) % 2**31
        state += struct.pack("<I", number)[:3]
    return Image.frombytes("RGB", size, bytes(state) * (count // len(state) + 1))


def mpo(*images: Image.Image) -> bytes:
    """Give a JPEG of several pictures, as phones and cameras write them."""
    return saved(images[0], "MPO", save_all=True, append_images=images[1:])


def rated(content: bytes, stars: int, caption: str = "") -> bytes:
    """Give a JPEG, PNG or WebP with a rating and caption, as photo programs write them."""
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
        f'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmp:Rating="{stars}" '
        f'photoshop:Headline="{caption}"/></rdf:RDF></x:xmpmeta>'
    )
    kind = sniff(content[:64])
    assert kind is not None
    blocks = containers.read(kind, content)
    return containers.write(kind, content, replace(blocks, xmp=packet.encode()))


def see_through(size: tuple[int, int] = (160, 120)) -> Image.Image:
    """Give the scene, half transparent."""
    image = scene(size=size)
    image.putalpha(128)
    return image


@cache
def srgb() -> bytes:
    """Give a profile of sRGB; the same each time, though the time of day is in it."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def exif(**tags: Any) -> bytes:  # noqa: ANN401  values of all types
    """Give an EXIF block with maker, rights, place and time, and some tags more."""
    block = Image.Exif()
    block[MAKE] = "Leica"
    block[0x8298] = "(c) Ann"
    block.get_ifd(EXIF).update({0x9003: "2026:05:01 12:00:00", 0xA431: "SN-42", 0xA002: 4000})
    block.get_ifd(GPS).update({1: "N", 2: (48.0, 8.0, 0.0), 3: "E", 4: (11.0, 34.0, 0.0)})
    for name, value in tags.items():
        block[{"orientation": ORIENTATION}[name]] = value
    return block.tobytes()


def _tiff(tables: list[dict[int, tuple[str, Any]]], blobs: dict[int, bytes]) -> bytes:
    """Write a TIFF: directories of tag -> (struct's letter, values); blobs by strip marker."""
    letters = {"B": 1, "s": 2, "H": 3, "I": 4, "r": 10}
    blob_at, at = {}, 8
    for marker, blob in blobs.items():
        blob_at[marker] = at
        at += len(blob) + len(blob) % 2
    content = b"".join(blob + bytes(len(blob) % 2) for blob in blobs.values())
    first = at
    directories = b""
    for number, table in enumerate(tables):
        values_at = at + 2 + 12 * len(table) + 4
        entries, values = b"", b""
        for tag, (letter, given) in sorted(table.items()):
            packed, count = _packed(letter, given, blob_at)
            inline = packed.ljust(4, b"\0")
            if len(packed) > 4:
                inline = struct.pack("<I", values_at + len(values))
                values += packed + bytes(len(packed) % 2)
            entries += struct.pack("<HHI", tag, letters[letter], count) + inline
        at = values_at + len(values)
        following = at if number + 1 < len(tables) else 0
        directories += struct.pack("<H", len(table)) + entries
        directories += struct.pack("<I", following) + values
    return b"II*\0" + struct.pack("<I", first) + content + directories


def _packed(letter: str, given: Any, blob_at: dict[int, int]) -> tuple[bytes, int]:  # noqa: ANN401
    if letter == "s":
        text = given.encode() + b"\0"
        return text, len(text)
    if letter == "r":
        return b"".join(struct.pack("<ii", *each) for each in given), len(given)
    values = [blob_at[-each] if each < 0 else each for each in given]
    return struct.pack(f"<{len(values)}{letter}", *values), len(values)


def planar(*, bits: int, sample: int = 1) -> bytes:
    """Give a TIFF of the scene whose colours stand plane by plane, as numbers of a TIFF's kind."""
    image = scene()
    planes = [band.tobytes() for band in image.split()]
    if bits == 16:
        planes = [bytes(each for value in plane for each in (0, value)) for plane in planes]
    table: dict[int, tuple[str, Any]] = {
        256: ("I", [image.width]),
        257: ("I", [image.height]),
        258: ("H", [bits] * 3),
        259: ("H", [1]),
        262: ("H", [2]),
        273: ("I", [-1, -2, -3]),
        277: ("H", [3]),
        278: ("I", [image.height]),
        279: ("I", [len(plane) for plane in planes]),
        284: ("H", [2]),
        339: ("H", [sample] * 3),
    }
    return _tiff([table], dict(enumerate(planes, 1)))


def dng(size: tuple[int, int] = (320, 240), preview: Image.Image | None = None) -> bytes:
    """Give a raw file as a camera writes it, with a JPEG preview if one is given."""
    width, height = size
    mosaic = b"".join(
        struct.pack("<H", 20_000 + (column * 37 + row * 11) % 9_000)
        for row in range(height)
        for column in range(width)
    )
    table: dict[int, tuple[str, Any]] = {
        254: ("I", [0]),
        256: ("I", [width]),
        257: ("I", [height]),
        258: ("H", [16]),
        259: ("H", [1]),
        262: ("H", [32803]),
        271: ("s", "Leica"),
        272: ("s", "Q3"),
        273: ("I", [-1]),
        274: ("H", [1]),
        277: ("H", [1]),
        278: ("I", [height]),
        279: ("I", [len(mosaic)]),
        33421: ("H", [2, 2]),
        33422: ("B", [0, 1, 1, 2]),
        50706: ("B", [1, 4, 0, 0]),
        50708: ("s", "Leica Q3"),
        50717: ("I", [65_535]),
        50721: ("r", [(1, 1), (0, 1), (0, 1), (0, 1), (1, 1), (0, 1), (0, 1), (0, 1), (1, 1)]),
        50728: ("r", [(1, 1), (1, 1), (1, 1)]),
        50778: ("H", [21]),
    }
    tables, blobs = [table], {1: mosaic}
    if preview is not None:
        blobs[2] = saved(preview, "JPEG")
        tables.append(
            {
                254: ("I", [1]),
                256: ("I", [preview.width]),
                257: ("I", [preview.height]),
                258: ("H", [8, 8, 8]),
                259: ("H", [7]),
                262: ("H", [6]),
                273: ("I", [-2]),
                277: ("H", [3]),
                278: ("I", [preview.height]),
                279: ("I", [len(blobs[2])]),
            }
        )
    return _tiff(tables, blobs)


def tags(**values: Any) -> bytes:  # noqa: ANN401  values of all types
    """Give a little TIFF with some tags, t0x010F=... by their numbers."""
    block = Image.Exif()
    block.endian = "<"
    for name, value in values.items():
        block[int(name[1:], 16)] = value
    return block.tobytes()[6:]


def box(kind: bytes, *parts: bytes) -> bytes:
    """Give a box of a HEIC or CR3."""
    content = b"".join(parts)
    return struct.pack(">I", 8 + len(content)) + kind + content


CANON = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
CANON_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def cr3(xmp: bytes = b"") -> bytes:
    """Give what a CR3 says of a picture that stands upright, 6000 x 4000, and no pixels."""
    parts = (
        box(b"CMT1", tags(t0x0100=6000, t0x0101=4000, t0x010F="Canon", t0x0112=8)),
        box(b"CMT2", tags(t0x8827=400, t0xA434="RF50mm")),
        box(b"CMT4", tags(t0x0001="N")),
    )
    return (
        box(b"ftyp", b"crx ", bytes(4), b"crx isom")
        + box(b"moov", box(b"uuid", CANON, *parts), box(b"trak", b"left alone"))
        + box(b"uuid", CANON_XMP, xmp)
        + box(b"mdat", bytes(64))
    )


def raf(preview: bytes, sensor: tuple[int, int] = (4352, 1444)) -> bytes:
    """Give a RAF without pixels: Fujifilm's header, a preview, and how large the sensor is."""
    head = bytearray(b"FUJIFILMCCD-RAW 0201".ljust(0x94, b"\0"))
    records = struct.pack(">IHHHH", 1, 0x0100, 4, sensor[1], sensor[0])
    at = len(head)
    struct.pack_into(">IIIIII", head, 0x54, at, len(preview), at + len(preview), len(records), 0, 0)
    return bytes(head) + preview + records


def rw2(**values: Any) -> bytes:  # noqa: ANN401  values of all types
    """Give what an RW2 says of 32 x 24 pixels, and pixels that are none."""
    return b"IIU\0" + tags(t0x0002=32, t0x0003=24, **values)[4:] + bytes(9000)


needs_exiftool = pytest.mark.skipif(
    shutil.which("exiftool") is None, reason="exiftool (libimage-exiftool-perl) is not installed"
)


def told_by_exiftool(path: Path) -> dict[str, Any]:
    """Read all metadata of a file with a program that has none of our code; by group and tag."""
    command = ["exiftool", "-json", "-G1", "-n", "-charset", "iptc=latin1", str(path)]
    answered = subprocess.run(command, capture_output=True, check=True)
    found: dict[str, Any] = json.loads(answered.stdout)[0]
    return found


def tagged(path: Path, *tags: str) -> bytes:
    """Write metadata into a file with exiftool and return its content."""
    tag([path], *tags)
    return path.read_bytes()


def tag(paths: Sequence[Path], *tags: str) -> None:
    """Write metadata into files with exiftool, which takes long to begin."""
    command = ["exiftool", "-q", "-n", "-overwrite_original", *tags, *map(str, paths)]
    subprocess.run(command, check=True)


STUDIO_TAGS = (
    "-EXIF:Make=Leica",
    "-EXIF:Model=Q3",
    "-EXIF:Artist=Ann",
    "-EXIF:Copyright=(c) Ann",
    "-EXIF:DateTimeOriginal=2026:05:01 12:00:00",
    "-EXIF:SerialNumber=SN-42",
    "-EXIF:ExifImageWidth=4000",
    "-EXIF:ExifImageHeight=3000",
    "-GPS:GPSLatitude=48.1",
    "-GPS:GPSLatitudeRef=N",
    "-GPS:GPSLongitude=11.5",
    "-GPS:GPSLongitudeRef=E",
    "-XMP-dc:Rights=(c) Ann",
    "-XMP-dc:Creator=Ann",
    "-XMP-xmp:Rating=4",
    "-XMP-exif:GPSLatitude=48.1",
    "-XMP-photoshop:Headline=Summer in Münich",
)
