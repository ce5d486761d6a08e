"""Imaging: sources made fit for their upload."""

from __future__ import annotations

import functools
import struct
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageChops, PngImagePlugin

from hotfolder.domain.preparation import Preparation
from hotfolder.kinds.formats import (
    BrokenPicture,
    CannotFit,
    NoDecoder,
    NotAPicture,
    PictureError,
    PictureType,
    TruncatedPicture,
)
from hotfolder.kinds.metadata import containers, exif
from hotfolder.kinds.picture.inspect import inspect
from hotfolder.kinds.picture.prepare import Prepared, prepare, scaled
from tests import pictures
from tests.pictures import needs_heif, needs_rawpy, noise, opened, saved, scene, see_through, srgb

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MEGABYTE = 1024 * 1024
GROK = Preparation(types=("jpg", "png", "webp"), max_bytes=10 * MEGABYTE)


def prepared(content: bytes, folder: Path, wanted: Preparation = GROK) -> Prepared:
    """Prepare a picture that stands in a file."""
    path = folder / "source"
    path.write_bytes(content)
    return prepare(content, wanted)


def inverted(image: Image.Image) -> Image.Image:
    """Turn light to dark: a PSD writes ink as the light that it leaves."""
    return image.point(lambda value: 255 - value)


COLOURS = {"1": 0, "L": 1, "RGB": 3, "RGBA": 3, "CMYK": 4, "LAB": 9}


def psd(image: Image.Image, *, depth: int = 8, version: int = 1, layers: int = 0) -> bytes:
    """Write a PSD (version 2: a PSB), uncompressed; below zero layers it has transparency."""
    bands = image.split()
    channels = b"".join(
        struct.pack(f">{image.width * image.height}f", *_light(band))
        if depth == 32
        else band.tobytes()
        for band in bands
    )
    size = (image.height, image.width, depth, COLOURS[image.mode])
    head = struct.pack(">4sH6xHIIHH", b"8BPS", version, len(bands), *size)
    letter = "I" if version == 1 else "Q"
    told = struct.pack(f">{letter}h", 2, layers) if layers else b""
    head += bytes(8) + struct.pack(f">{letter}", len(told)) + told
    return head + struct.pack(">H", 0) + channels


def _light(band: Image.Image) -> list[float]:
    """Return how much light a screen gives for each value."""
    shares = (value / 255 for value in band.tobytes())
    return [each / 12.92 if each < 0.04 else ((each + 0.055) / 1.055) ** 2.4 for each in shares]


def deep_psd(image: Image.Image, *, packed: bool) -> bytes:
    """Write a flat PSD of 16 bits for a colour, whose low bytes are noise."""
    planes = []
    for band in image.split():
        wide = bytearray(2 * image.width * image.height)
        wide[::2] = band.tobytes()
        wide[1::2] = bytes(range(256)) * (len(wide) // 512) + bytes(len(wide) // 2 % 256)
        planes.append(bytes(wide))
    size = (image.height, image.width, 16, COLOURS[image.mode])
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, len(planes), *size) + bytes(12)
    if not packed:
        return head + struct.pack(">H", 0) + b"".join(planes)
    rows = [
        _packed(plane[at : at + 2 * image.width])
        for plane in planes
        for at in range(0, len(plane), 2 * image.width)
    ]
    lengths = b"".join(struct.pack(">H", len(row)) for row in rows)
    return head + struct.pack(">H", 1) + lengths + b"".join(rows)


def _packed(row: bytes) -> bytes:
    """Pack a row by PackBits, as literals only."""
    parts = [row[at : at + 128] for at in range(0, len(row), 128)]
    return b"".join(bytes([len(part) - 1]) + part for part in parts)


def heif(image: Image.Image, form: str = "HEIF") -> bytes:
    """Write a HEIC, with the package that only some have."""
    package = pytest.importorskip("pillow_heif")
    package.register_heif_opener()
    return saved(image, form, quality=95)


# An orientation that there is not, and a directory behind the end.
LYING = (
    b"Exif\0\0II*\0\x08\0\0\0\x02\0\x12\x01\x03\0\x01\0\0\0\x63\0\0\0"
    b"\x69\x87\x04\0\x01\0\0\0\xff\xff\xff\x7f\xff\xff\xff\xff"
)

KINDS: dict[str, Callable[[], bytes]] = {
    "tiff": lambda: saved(scene(), "TIFF"),
    "tiff lzw": lambda: saved(scene(), "TIFF", compression="tiff_lzw"),
    "tiff plane by plane": lambda: pictures.planar(bits=8),
    "tiff of 16 bits plane by plane": lambda: pictures.planar(bits=16),
    "tiff pages": lambda: saved(scene(), "TIFF", save_all=True, append_images=[noise((9, 9))]),
    "tiff cmyk": lambda: saved(scene("CMYK"), "TIFF"),
    "jpeg cmyk": lambda: saved(scene("CMYK"), "JPEG", quality=95),
    "bmp": lambda: saved(scene(), "BMP"),
    "gif animated": lambda: saved(scene(), "GIF", save_all=True, append_images=[noise((160, 120))]),
    "png palette": lambda: saved(scene().quantize(8), "PNG"),
    "psd": lambda: psd(scene()),
    "psd cmyk": lambda: psd(inverted(scene("CMYK"))),
    "psd 32 bit": lambda: psd(scene(), depth=32),
    "psb": lambda: psd(scene(), version=2),
    "psb with layers": lambda: psd(scene(), version=2, layers=3),
    "psd 16 bit": lambda: deep_psd(scene(), packed=False),
    "psd 16 bit packed": lambda: deep_psd(scene(), packed=True),
    "psd 16 bit cmyk": lambda: deep_psd(inverted(scene("CMYK")), packed=True),
    "avif": lambda: saved(scene(), "AVIF", quality=95),
    "heic": lambda: heif(scene()),
    "dng with preview": lambda: pictures.dng((160, 120), scene()),
    "jpeg whose exif lies": lambda: saved(scene(), "JPEG", exif=LYING, quality=95),
}
needs = {"heic": needs_heif, "dng with preview": needs_rawpy}


@pytest.mark.parametrize(
    "make", [pytest.param(KINDS[name], id=name, marks=needs.get(name, ())) for name in KINDS]
)
def test_every_kind_becomes_a_picture_that_models_take(
    make: Callable[[], bytes], tmp_path: Path
) -> None:
    """Whatever is dropped is sent as a JPEG in sRGB that looks the same."""
    made = prepared(make(), tmp_path)
    assert (made.type, made.width, made.height) == (PictureType.JPEG, 160, 120)
    image = opened(made.content)
    assert image.mode == "RGB"
    for place, wanted in {(20, 20): (255, 0, 0), (140, 20): (0, 255, 0)}.items():
        found = image.getpixel(place)
        assert isinstance(found, tuple)
        assert max(abs(a - b) for a, b in zip(found, wanted, strict=True)) < 25, found
    assert made.notes[-1] == "sent as JPG of quality 95"
    assert prepared(make(), tmp_path).content == made.content


@needs_rawpy
@pytest.mark.parametrize("preview", [None, (40, 30)])
def test_a_raw_file_without_a_full_preview_is_developed(
    preview: tuple[int, int] | None, tmp_path: Path
) -> None:
    """A small preview is no stand-in for the picture: the raw pixels are developed."""
    small = scene(size=preview) if preview else None
    made = prepared(pictures.dng((160, 120), small), tmp_path)
    assert (made.type, made.width, made.height) == (PictureType.JPEG, 160, 120)
    assert any("developed" in note for note in made.notes)


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
def test_transparency_is_kept_where_the_model_takes_it(form: str, tmp_path: Path) -> None:
    """A half-transparent picture is sent as PNG; on white where only JPEG is taken."""
    content = saved(see_through(), form)
    made = prepared(content, tmp_path)
    assert made.type is PictureType.PNG
    assert opened(made.content).getchannel("A").getextrema() == (128, 128)
    plain = prepared(content, tmp_path, Preparation(types=("jpg",), max_bytes=MEGABYTE))
    assert plain.type is PictureType.JPEG
    assert any("on white" in note for note in plain.notes)


def test_an_alpha_channel_that_hides_nothing_is_left_out(tmp_path: Path) -> None:
    """An opaque picture with an alpha channel is sent as JPEG."""
    image = scene()
    image.putalpha(255)
    assert prepared(saved(image, "PNG"), tmp_path).type is PictureType.JPEG


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_sent_upright(orientation: int, tmp_path: Path) -> None:
    """The way a camera was held is applied to the pixels, and not stated any more."""
    content = saved(scene(), "JPEG", exif=pictures.exif(orientation=orientation))
    assert inspect(content).header.orientation == orientation
    made = prepared(content, tmp_path)
    assert (made.width < made.height) == (orientation >= 5)
    assert inspect(made.content).header.orientation == 1
    assert not containers.read(PictureType.JPEG, made.content).exif


@pytest.mark.parametrize(
    ("mode", "form"), [("I;16", "PNG"), ("I;16", "TIFF"), ("I", "TIFF"), ("F", "TIFF")]
)
def test_deep_greys_are_scaled_not_cut_off(mode: str, form: str, tmp_path: Path) -> None:
    """The middle of 16 bits is the middle of 8."""
    middle: dict[str, float] = {"I;16": 32_768, "I": 32_768, "F": 0.5}
    image = Image.new(mode, (64, 64), middle[mode])
    made = prepared(saved(image, form), tmp_path)
    grey = opened(made.content).convert("L").getpixel((9, 9))
    assert isinstance(grey, int)
    assert abs(grey - 128) <= 2


def test_a_picture_too_large_is_compressed_more_before_it_loses_pixels(tmp_path: Path) -> None:
    """The best quality that fits is taken; every pixel stays while the quality is decent."""
    content = saved(noise((800, 600)), "BMP")
    full = prepared(content, tmp_path)
    for share, whole in ((0.8, True), (0.2, False)):
        limit = int(len(full.content) * share)
        made = prepared(content, tmp_path, Preparation(types=("jpg",), max_bytes=limit))
        assert limit * 0.6 < len(made.content) <= limit
        assert ((made.width, made.height) == (800, 600)) is whole
        assert any("scaled to" in note for note in made.notes) is not whole


def test_a_rule_limits_the_pixels(tmp_path: Path) -> None:
    """A picture with more pixels than wanted is scaled in proportion."""
    wanted = Preparation(types=("png",), max_bytes=MEGABYTE, max_pixels=4800)
    made = prepared(saved(scene(), "PNG"), tmp_path, wanted)
    assert (made.width, made.height) == (80, 60)


def test_a_picture_that_no_jpeg_can_hold_is_scaled(tmp_path: Path) -> None:
    """A JPEG has at most 65,535 pixels a side."""
    image = Image.new("RGB", (100_000, 20), "red")
    made = prepared(saved(image, "PNG"), tmp_path, Preparation(types=("jpg",), max_bytes=MEGABYTE))
    assert made.width <= 65_500
    assert opened(made.content).width == made.width


def test_nothing_fits_nowhere(tmp_path: Path) -> None:
    """Where nothing can be made that the model takes, this is said instead of trying for ever."""
    for wanted in (
        Preparation(types=("gif",), max_bytes=MEGABYTE),
        Preparation(types=("jpg",), max_bytes=100),
    ):
        with pytest.raises(CannotFit):
            prepared(saved(scene(), "TIFF"), tmp_path, wanted)


def test_colours_are_converted_by_the_profile(tmp_path: Path) -> None:
    """A picture is sent in sRGB with that profile; a damaged profile is left out and told."""
    made = prepared(saved(scene(), "TIFF", icc_profile=srgb()), tmp_path)
    assert opened(made.content).info["icc_profile"][36:40] == b"acsp"
    damaged = prepared(saved(scene(), "TIFF", icc_profile=b"nonsense" * 40), tmp_path)
    assert any("profile is damaged" in note for note in damaged.notes)


def test_only_what_is_private_is_taken_out_of_a_picture_that_fits(tmp_path: Path) -> None:
    """Stripping leaves every pixel and all other metadata as it was."""
    content = saved(scene(), "JPEG", exif=pictures.exif(orientation=6), icc_profile=srgb())
    wanted = Preparation(convert=False, strip=("gps", "serials"))
    made = prepared(content, tmp_path, wanted)
    assert opened(made.content).tobytes() == opened(content).tobytes()
    left = opened(made.content).getexif()
    assert left[pictures.MAKE] == "Leica"
    assert pictures.GPS not in left
    assert 0xA431 not in left.get_ifd(pictures.EXIF)
    assert b"SN-42" not in made.content
    bare = prepared(content, tmp_path, Preparation(convert=False, strip=("all",)))
    assert dict(opened(bare.content).getexif()) == {pictures.ORIENTATION: 6}
    assert opened(bare.content).info["icc_profile"] == srgb()


@functools.cache
def sound() -> dict[str, bytes]:
    """Give one whole picture of each kind that is decoded without further packages."""
    return {
        name: KINDS[name]() for name in KINDS if name not in needs and name != "gif animated"
    } | {"jpeg": saved(scene(), "JPEG", exif=pictures.exif()), "webp": saved(scene(), "WEBP")}


@pytest.mark.parametrize("name", [*sound()])
def test_broken_pictures_are_told_as_such(name: str, tmp_path: Path) -> None:
    """Cut off anywhere or with bytes overwritten, a picture is prepared or a PictureError."""
    content = sound()[name]
    for cut in range(0, len(content), max(1, len(content) // 25)):
        damaged = bytearray(content)
        damaged[cut : cut + 8] = b"\xff\x00\x80\x7f" * 2
        for bad in (content[:cut], bytes(damaged)):
            try:
                prepared(bad, tmp_path)
            except PictureError:
                continue


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    """A text, and a picture cut short, are refused before anything is decoded."""
    with pytest.raises(NotAPicture):
        prepared(b"Dear customer" * 9, tmp_path)
    with pytest.raises(TruncatedPicture):
        prepared(saved(scene(), "TIFF", compression="tiff_lzw")[:300], tmp_path)


def test_a_bomb_of_text_does_not_go_off(tmp_path: Path) -> None:
    """A PNG whose small text inflates to gigabytes is refused or sent, within the memory."""
    text = PngImagePlugin.PngInfo()
    text.add_text("bomb", "0" * 30_000_000, zip=True)
    with pytest.raises(BrokenPicture):
        prepared(saved(scene(), "PNG", pnginfo=text), tmp_path)


@pytest.mark.parametrize("lie", [b"", b"II*\0", b"II*\0\xff\xff\xff\xff", b"MM\0*" + b"\xff" * 40])
def test_exif_that_lies_is_passed_over(lie: bytes) -> None:
    """A block that is cut short or leads nowhere counts as upright, and strips to nothing."""
    assert exif.orientation(lie) == 1
    assert exif.upright(lie, 1, 1) == b""
    content = saved(scene(), "JPEG", exif=b"Exif\0\0" + lie) if lie else saved(scene(), "JPEG")
    assert inspect(content).header.orientation == 1


def test_a_tiff_of_a_kind_that_nothing_reads_is_told(tmp_path: Path) -> None:
    """It is not damaged: the numbers are of a kind that pictures hardly have."""
    with pytest.raises(NoDecoder, match="unusual colours or depth"):
        prepared(pictures.planar(bits=16, sample=2), tmp_path)


@pytest.mark.parametrize("size", [(101, 77), (640, 1000), (1500, 2000)])
def test_bands_leave_no_seams(size: tuple[int, int]) -> None:
    """A picture scaled in bands is the one that is scaled at once."""
    image = noise((900, 1200))
    lanczos = Image.Resampling.LANCZOS
    whole = image.resize((size[0], image.height), lanczos).resize(size, lanczos)
    difference = ImageChops.difference(scaled(image, size), whole).convert("L")
    assert difference.point(lambda value: value > 1 and 255).getbbox() is None


def test_the_sources_size_is_that_which_is_seen(tmp_path: Path) -> None:
    """Upright, and not as it was scaled for the upload: size = "source" means this one."""
    content = saved(noise((600, 400)), "JPEG", exif=pictures.exif(orientation=6))
    made = prepared(content, tmp_path, replace(GROK, max_pixels=10_000))
    assert made.source == (400, 600)
    assert made.width * made.height <= 10_000
    assert f"scaled to {made.width} x {made.height}" in made.notes


def test_a_psds_bitmap_is_no_negative(tmp_path: Path) -> None:
    """A PSD of one bit says where ink is, not light."""
    image = Image.new("1", (16, 8), 1)
    image.paste(0, (0, 0, 8, 8))
    content = psd(
        Image.frombytes("1", image.size, bytes(255 - each for each in image.tobytes())), depth=1
    )
    made = opened(prepared(content, tmp_path).content).convert("L")
    assert made.getpixel((2, 4)) == pytest.approx(0, abs=9)
    assert made.getpixel((13, 4)) == pytest.approx(255, abs=9)


def test_transparency_of_a_psd_is_kept_and_a_saved_selection_is_none(tmp_path: Path) -> None:
    """Its layers' number says what the fourth channel is."""
    clear = prepared(psd(see_through(), layers=-2), tmp_path)
    assert (clear.type, opened(clear.content).mode) == (PictureType.PNG, "RGBA")
    opaque = prepared(psd(see_through(), layers=2), tmp_path)
    assert (opaque.type, opened(opaque.content).mode) == (PictureType.JPEG, "RGB")


def test_a_psd_of_unknown_colours_is_told(tmp_path: Path) -> None:
    """It is not damaged, but nothing here can show it."""
    content = bytearray(psd(scene("L")))
    content[24:26] = b"\0\7"
    with pytest.raises(NoDecoder, match="this kind of colours"):
        prepared(bytes(content), tmp_path)


@needs_rawpy
def test_a_raw_file_of_an_unknown_camera_is_told(tmp_path: Path) -> None:
    """It is not damaged: a newer library may know it."""
    with pytest.raises(NoDecoder, match="newer rawpy"):
        prepared(pictures.rw2(t0x010F="Nobody"), tmp_path)
