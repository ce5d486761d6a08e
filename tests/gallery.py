"""The table of real files: `python -m tests.gallery [FILE…]` edits and prints them.

The files are made by programs of others (ImageMagick, libheif's heif-enc, Pillow, exiftool), or are
those that are named; the metadata is read by exiftool. What is not installed is left out and said.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from PIL import Image

from hotfolder.simulator import Settings, in_thread
from tests import pictures
from tests.pictures import STUDIO_TAGS, noise, opened, saved, see_through, srgb
from tests.studio import Studio
from tests.tiles import phone_heic

SIZE = "1200x800"
# What is looked for, by the names of exiftool; the first that is there counts.
TAGS = {
    "rights": ("IFD0:Copyright", "XMP-dc:Rights"),
    "taken": ("ExifIFD:DateTimeOriginal",),
    "place": ("GPS:GPSLatitude",),
    "headline": ("IPTC:Headline", "XMP-photoshop:Headline"),
    "rating": ("XMP-xmp:Rating",),
    "turned": ("IFD0:Orientation",),
    "profile": ("ICC_Profile:ProfileDescription",),
    "by model": ("XMP-iptcExt:DigitalSourceType",),
}
IPTC = "-IPTC:Headline=Sommer in München"


@dataclass(frozen=True)
class Exhibit:
    """One file: how it is made (`tool` is needed for that), and its metadata before."""

    name: str
    what: str
    make: Callable[[Path], None]
    tool: str = ""
    tags: tuple[str, ...] = (*STUDIO_TAGS, IPTC)
    is_given: bool = False


def magick(*options: str, size: str = SIZE) -> Callable[[Path], None]:
    """Return what makes a file with ImageMagick."""

    def make(path: Path) -> None:
        command = ["convert", "-size", size, "-seed", "7", "plasma:tan-navy", *options, str(path)]
        subprocess.run(command, check=True, capture_output=True)

    return make


def heif(path: Path) -> None:
    """Make a HEIC or AVIF with libheif's own program."""
    with tempfile.TemporaryDirectory() as folder:
        png = Path(folder, "a.png")
        magick("-depth", "8")(png)
        subprocess.run(
            ["heif-enc", "-q", "85", str(png), "-o", str(path)], check=True, capture_output=True
        )


def written(content: Callable[[], bytes]) -> Callable[[Path], None]:
    """Return what writes a content."""
    return lambda path: _write(path, content())


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def camera() -> bytes:
    """Give a JPEG of 45 megapixels and some 25 MB."""
    grain = Image.effect_noise((4128, 2752), 40).resize((8256, 5504))
    image = Image.merge("RGB", (grain, grain.rotate(180), grain))
    return saved(image, "JPEG", quality=94)


def large_tiff() -> bytes:
    """Give a TIFF of 60 MB."""
    return saved(noise((5200, 4000)), "TIFF")


def large_profile() -> bytes:
    """Give a JPEG with a profile that takes two segments."""
    profile = bytearray(srgb().ljust(100_000, b"\0"))
    profile[:4] = len(profile).to_bytes(4, "big")
    return saved(noise((600, 400)), "JPEG", icc_profile=bytes(profile))


EXHIBITS = (
    Exhibit("plain.jpg", "JPEG", magick("-quality", "92"), "convert"),
    Exhibit("alpha.png", "PNG with alpha", written(lambda: saved(see_through((600, 400)), "PNG"))),
    Exhibit("web.webp", "WebP", written(lambda: saved(noise((600, 400)), "WEBP"))),
    Exhibit(
        "turned.jpg", "JPEG turned by EXIF", magick(), "convert", (*STUDIO_TAGS, "-Orientation=6")
    ),
    Exhibit("camera.jpg", "JPEG, 45 megapixels", written(camera)),
    Exhibit("large.tif", "TIFF, 60 MB", written(large_tiff)),
    Exhibit("deep.tif", "TIFF, 16 bit, LZW", magick("-depth", "16", "-compress", "lzw"), "convert"),
    Exhibit(
        "deep.png", "PNG, 16 bit", magick("-depth", "16", "-define", "png:bit-depth=16"), "convert"
    ),
    Exhibit("press.jpg", "JPEG, CMYK without profile", magick("-colorspace", "CMYK"), "convert"),
    Exhibit("press.tif", "TIFF, CMYK", magick("-colorspace", "CMYK"), "convert"),
    Exhibit(
        "grey.tif", "TIFF, grey, 16 bit", magick("-colorspace", "Gray", "-depth", "16"), "convert"
    ),
    Exhibit("pages.tif", "TIFF of 2 pages", magick("(", "-size", SIZE, "xc:red", ")"), "convert"),
    Exhibit("layers.psd", "PSD", magick(), "convert"),
    Exhibit("large.psb", "PSB", magick(), "convert"),
    Exhibit("press.psd", "PSD, CMYK", magick("-colorspace", "CMYK"), "convert"),
    Exhibit("plain.psd", "PSD, bitmap", magick("-monochrome"), "convert"),
    Exhibit("old.bmp", "BMP", magick("-type", "truecolor"), "convert", ()),
    Exhibit(
        "moving.gif", "GIF, 2 frames", magick("(", "-size", SIZE, "xc:red", ")"), "convert", ()
    ),
    Exhibit("phone.heic", "HEIC", heif, "heif-enc", STUDIO_TAGS),
    Exhibit(
        "tiles.heic",
        "HEIC of 48 tiles, turned",
        written(lambda: phone_heic(8, 6, exif=pictures.exif(), quarter_turns=3)),
        "",
        STUDIO_TAGS,
    ),
    Exhibit(
        "words.jpg",
        "JPEG, 100 KB of XMP",
        magick(),
        "convert",
        (*STUDIO_TAGS, IPTC, f"-XMP-dc:Description={'The sea. ' * 12_000}"),
    ),
    Exhibit("print.jpg", "JPEG, 100 KB of profile", written(large_profile), "", STUDIO_TAGS),
    Exhibit(
        "phone.avif", "AVIF", written(lambda: saved(noise((600, 400)), "AVIF")), "", STUDIO_TAGS
    ),
    Exhibit(
        "preview.dng",
        "DNG, full preview",
        written(lambda: pictures.dng((640, 480), noise((640, 480)))),
        "",
        STUDIO_TAGS,
    ),
    Exhibit(
        "bare.dng", "DNG, no preview", written(lambda: pictures.dng((640, 480))), "", STUDIO_TAGS
    ),
    Exhibit(
        "wrong.jpg", "PNG named .jpg", written(lambda: saved(noise((600, 400)), "PNG")), "", ()
    ),
    Exhibit("cut.tif", "TIFF cut short", written(lambda: large_tiff()[:30_000_000]), "", ()),
    Exhibit("pixel.png", "1 x 1", written(lambda: saved(noise((1, 1)), "PNG")), "", ()),
    Exhibit(
        "thread.png", "100,000 x 1", written(lambda: saved(noise((100_000, 1)), "PNG")), "", ()
    ),
    Exhibit(
        "bomb.png",
        "PNG, 4,225 megapixels",
        written(lambda: saved(Image.new("1", (65_000, 65_000)), "PNG")),
        "",
        (),
    ),
    Exhibit("text.jpg", "a text named .jpg", written(lambda: b"Dear customer"), "", ()),
    Exhibit("empty.jpg", "zero bytes", written(bytes), "", ()),
)


def main() -> None:
    """Make the files, edit them, and print what became of each."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    rows: list[tuple[str, ...]] = [
        ("source", "MB", "what was sent", "MB", "what came back", "before", "after")
    ]
    given = [Path(each) for each in sys.argv[1:]]
    for each in [_given(path) for path in given] or EXHIBITS:
        if each.tool and not shutil.which(each.tool):
            sys.stderr.write(f"{each.name} is left out: {each.tool} is not installed\n")
            continue
        rows.append(_shown(each))
        sys.stderr.write(".")
    head, *body = [" | ".join(row) for row in rows]
    lines = [head, " | ".join("---" for _ in rows[0]), *body]
    sys.stdout.write("\n" + "\n".join(f"| {line} |" for line in lines) + "\n")


def _given(path: Path) -> Exhibit:
    return Exhibit(path.name, path.name, written(path.read_bytes), "", (), is_given=True)


def _shown(exhibit: Exhibit) -> tuple[str, ...]:
    with tempfile.TemporaryDirectory() as folder, in_thread(Settings(task_s=0.0)) as server:
        studio = Studio(Path(folder), server)
        made = Path(folder, exhibit.name)
        exhibit.make(made)
        if exhibit.tags:
            pictures.tagged(made, *exhibit.tags)
        content = made.read_bytes()
        before = _told(made) if exhibit.tags or exhibit.is_given else ""
        studio.drop(exhibit.name, content)
        asyncio.run(studio.once(timeout_s=120.0))
        return (
            f"{exhibit.what}",
            _megabytes(content),
            *_sent(studio, content),
            *_came_back(studio, exhibit.name),
            before,
            _told(studio.output / studio.outputs()[0]) if studio.outputs() else "",
        )


def _sent(studio: Studio, original: bytes) -> tuple[str, str]:
    tasks = studio.ledger().tasks
    if not tasks:
        return "nothing", ""
    content = studio.simulator.material(tasks[0].input_sha256[0])
    image = opened(content)
    same = ", byte for byte" if content == original else ""
    return f"{image.format} {image.width} x {image.height} {image.mode}{same}", _megabytes(content)


def _came_back(studio: Studio, name: str) -> tuple[str]:
    if not studio.jobs():
        return (studio.explain(name)["reason"],)
    job = studio.job(name)
    if not studio.outputs():
        return (f"{job['state']}: {job['error']['message']}",)
    image = opened((studio.output / studio.outputs()[0]).read_bytes())
    return (f"{studio.outputs()[0]}, {image.width} x {image.height}",)


def _megabytes(content: bytes) -> str:
    return f"{len(content) / 1024 / 1024:.2f}"


def _told(path: Path) -> str:
    found: dict[str, Any] = pictures.told_by_exiftool(path)
    said = {
        word: next((found[tag] for tag in tags if tag in found), None)
        for word, tags in TAGS.items()
    }
    shown = {word: "yes" if word == "by model" else value for word, value in said.items() if value}
    return "; ".join(f"{word} {value}" for word, value in shown.items())


if __name__ == "__main__":
    main()
