"""The essence of a picture: the same whatever is said of it, another where one sees another."""

from __future__ import annotations

import contextlib
import mmap
import struct
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hotfolder.kinds.formats import PictureError, PictureType
from hotfolder.kinds.metadata import containers
from hotfolder.kinds.metadata.containers import Blocks
from hotfolder.kinds.picture import essence
from tests.cases import every
from tests.pictures import (
    cr3,
    dng,
    exif,
    mpo,
    needs_exiftool,
    noise,
    raf,
    rw2,
    saved,
    scene,
    see_through,
    srgb,
    tag,
    tagged,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

quick = settings(derandomize=True, max_examples=60, deadline=None, database=None)


def _heif(image: Image.Image, form: str) -> bytes:
    pytest.importorskip("pillow_heif").register_heif_opener()
    return saved(image, form)


def _animated(image: Image.Image, form: str) -> bytes:
    return saved(image, form, save_all=True, append_images=[noise(image.size)])


def _psd(image: Image.Image) -> bytes:
    """Give a Photoshop file without layers."""
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, image.height, image.width, 8, 3)
    return head + bytes(12) + bytes(2) + b"".join(band.tobytes() for band in image.split())


KINDS: dict[str, Callable[[Image.Image], bytes]] = {
    "jpg": lambda image: saved(image, "JPEG", icc_profile=srgb()),
    "jpg progressive": lambda image: saved(image, "JPEG", progressive=True),
    "jpg of several": lambda image: mpo(image, noise(image.size)),
    "png": lambda image: saved(image, "PNG", icc_profile=srgb()),
    "png palette": lambda image: saved(image.quantize(16), "PNG"),
    "png animated": lambda image: _animated(image, "PNG"),
    "webp": lambda image: saved(image, "WEBP"),
    "webp lossless": lambda image: saved(image, "WEBP", lossless=True, icc_profile=srgb()),
    "webp animated": lambda image: _animated(image, "WEBP"),
    "gif": lambda image: saved(image, "GIF"),
    "gif animated": lambda image: _animated(image, "GIF"),
    "tif": lambda image: saved(image, "TIFF", icc_profile=srgb()),
    "tif lzw": lambda image: saved(image, "TIFF", compression="tiff_lzw"),
    "tif pages": lambda image: _animated(image, "TIFF"),
    "psd": _psd,
    "heic": lambda image: _heif(image, "HEIF"),
    "avif": lambda image: _heif(image, "AVIF"),
    "dng": lambda image: dng((image.width, image.height), preview=image),
}
# What people's programs write into pictures without changing them.
EDITS = {
    "rated": ["-XMP:Rating=4", "-XMP:Label=Red"],
    "described": ["-XMP-dc:Subject=wedding", "-IPTC:Keywords=wedding", "-EXIF:Artist=Ann"],
    "a long story": [f"-XMP-dc:Description={'long ' * 4000}", "-GPSLatitude=48.1"],
    "stripped": ["-all=", "-tagsfromfile", "@", "-icc_profile", "-orientation"],
}
# exiftool takes nothing out of these.
KEPT = frozenset({"dng", "psd"})


@needs_exiftool
@every("name", EDITS)
def test_metadata_is_no_part_of_the_essence(tmp_path: Path, name: str) -> None:
    """What exiftool, Lightroom and others write beside the image leaves the essence as it is."""
    kinds = [each for each in KINDS if name != "stripped" or each not in KEPT]
    originals = {each: KINDS[each](scene()) for each in kinds}
    paths = {each: tmp_path / f"{each}.{each.partition(' ')[0]}" for each in kinds}
    for kind, path in paths.items():
        path.write_bytes(originals[kind])
    tag(list(paths.values()), "-m", *EDITS[name])
    for kind, path in paths.items():
        original, edited = originals[kind], path.read_bytes()
        assert edited != original or name == "stripped", kind
        assert essence.of(edited) == essence.of(original) is not None, kind


@pytest.mark.parametrize("kind", KINDS)
def test_another_image_has_another_essence(kind: str) -> None:
    """A crop, a retouched corner and another picture of the same size are new."""
    image = scene()
    retouched = image.copy()
    retouched.paste("black", (100, 80, 140, 110))
    made = KINDS[kind]
    versions = [image, image.crop((0, 0, 120, 120)), noise(image.size), retouched]
    if kind == "dng":  # its pixels are made from the size alone
        versions = versions[:2]
    found = [essence.of(made(each)) for each in versions]
    assert None not in found
    assert len(set(found)) == len(versions)


@needs_exiftool
@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "tif", "dng"])
def test_a_turned_picture_is_another(tmp_path: Path, kind: str) -> None:
    """EXIF's orientation is seen; upright is the same as nothing said."""
    original = KINDS[kind](scene())
    path = tmp_path / f"ann.{kind}"
    found = {}
    for turned in (1, 6, 8):
        path.write_bytes(original)
        found[turned] = essence.of(tagged(path, f"-IFD0:Orientation#={turned}"))
    assert found[1] == essence.of(original)
    assert len(set(found.values())) == 3


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_another_profile_is_another_picture(kind: str) -> None:
    """The ICC profile decides what the numbers look like."""
    plain, profiled = saved(scene(), kind), saved(scene(), kind, icc_profile=srgb())
    assert essence.of(plain) != essence.of(profiled)


def test_what_decides_a_pngs_colours_counts() -> None:
    """Its gamma does, unless a profile outranks it; resolution and text do not."""
    plain = saved(scene(), "PNG")
    gamma = _chunk(b"gAMA", struct.pack(">I", 100_000))
    size = _chunk(b"pHYs", struct.pack(">IIB", 300, 300, 1))
    profiled = saved(scene(), "PNG", icc_profile=srgb())
    assert essence.of(_with_chunk(plain, gamma)) != essence.of(plain)
    assert essence.of(_with_chunk(plain, size)) == essence.of(plain)
    assert essence.of(_with_chunk(profiled, gamma)) == essence.of(profiled)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return containers._chunk(kind, body)  # noqa: SLF001


def _with_chunk(content: bytes, chunk: bytes) -> bytes:
    return content[:33] + chunk + content[33:]


def test_adobes_word_on_a_jpegs_colours_counts() -> None:
    """The same numbers as RGB instead of YCbCr are another picture."""
    content = saved(scene(), "JPEG")
    body = b"Adobe\0\x64\0\0\0\0"
    head = content[:2] + b"\xff\xee\0\x0e" + body
    assert essence.of(head + b"\1" + content[2:]) != essence.of(head + b"\0" + content[2:])


def test_the_first_of_several_pictures_counts() -> None:
    """Cut after its first picture, or with another second one, a phone's file is the same."""
    whole = mpo(scene(), noise((64, 48)))
    first = whole[: whole.index(b"\xff\xd8\xff", 4)]
    other = mpo(scene(), noise((64, 48), seed=2))
    assert essence.of(whole) == essence.of(first) == essence.of(other)
    assert essence.of(first + b"a film of the moment") == essence.of(first)


def test_raw_files_of_all_makes_have_one() -> None:
    """Canon's, Fujifilm's and Panasonic's are known by their pixels."""
    preview = saved(scene(), "JPEG")
    rated = containers.write(PictureType.JPEG, preview, Blocks(xmp=b"<x:xmpmeta/>"))
    assert essence.of(cr3(b"<x>1</x>")) == essence.of(cr3(b"<x>22</x>")) is not None
    assert essence.of(raf(preview)) == essence.of(raf(rated)) is not None
    assert essence.of(raf(preview)) != essence.of(raf(saved(noise((160, 120)), "JPEG")))
    assert essence.of(rw2()) is not None


def test_a_kind_without_metadata_is_its_bytes() -> None:
    """A BMP has no essence of its own."""
    assert essence.of(saved(scene(), "BMP")) is None


SPLICED: dict[PictureType, list[bytes]] = {
    PictureType.JPEG: [saved(scene(), "JPEG", exif=exif(orientation=6), icc_profile=srgb())],
    PictureType.PNG: [saved(scene(), "PNG"), saved(see_through(), "PNG", icc_profile=srgb())],
    PictureType.WEBP: [saved(scene(), "WEBP"), saved(see_through(), "WEBP", lossless=True)],
}


@quick
@given(data=st.data())
def test_splicing_any_metadata_leaves_the_essence(data: st.DataObject) -> None:
    """Whatever stands in the blocks, if the picture's profile and turn stay as they are."""
    kind = data.draw(st.sampled_from(list(SPLICED)))
    content = data.draw(st.sampled_from(SPLICED[kind]))
    own = containers.read(kind, content)
    drawn = st.binary(max_size=3000)
    blocks = Blocks(
        exif=own.exif, icc=own.icc, xmp=data.draw(drawn), iptc=data.draw(st.binary(max_size=300))
    )
    assert essence.of(containers.write(kind, content, blocks)) == essence.of(content)


@quick
@given(data=st.data())
def test_no_damaged_file_breaks_it(data: st.DataObject) -> None:
    """Bytes changed anywhere give an essence or a PictureError, nothing else."""
    kind = data.draw(st.sampled_from([each for each in KINDS if each not in {"heic", "avif"}]))
    content = bytearray(_small(kind))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(len(content) // 2, len(content)))
    with contextlib.suppress(PictureError):
        essence.of(bytes(content[:cut]))


_SMALL: dict[str, bytes] = {}


def _small(kind: str) -> bytes:
    return _SMALL.setdefault(kind, KINDS[kind](scene(size=(40, 32))))


def test_parts_that_lie_over_each_other_end_soon() -> None:
    """A TIFF whose every strip is the whole file is refused instead of hashed a thousand times."""
    strips = 4000
    size = 2_000_000
    entries: list[tuple[int, int, int, Any]] = [
        (256, 4, 1, 4000),
        (257, 4, 1, 4000),
        (262, 3, 1, 1),
        (273, 4, strips, 1000),
        (279, 4, strips, 1000 + 4 * strips),
    ]
    table = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHII", *entry) for entry in entries
    )
    content = bytearray(size)
    content[:8] = b"II*\0" + struct.pack("<I", 8)
    content[8 : 8 + len(table)] = table
    content[1000 : 1000 + 4 * strips] = struct.pack("<I", 8) * strips
    at = 1000 + 4 * strips
    content[at : at + 4 * strips] = struct.pack("<I", size - 8) * strips
    with pytest.raises(PictureError):
        essence.of(bytes(content))


def test_it_reads_a_map_of_a_file(tmp_path: Path) -> None:
    """A file need not be in memory."""
    content = saved(scene(), "JPEG")
    path = tmp_path / "ann.jpg"
    path.write_bytes(content)
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        assert essence.of(mapped) == essence.of(content)
