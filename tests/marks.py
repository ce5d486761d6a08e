"""The table of marks: `python -m tests.marks FOLDER` edits marked files of every kind.

Each result bears what a service may put into it, each source what a camera does; both are signed by
somebody. They are made in the folder where they are not there yet, which takes the library that
signs; without it they are edited unsigned alone. What comes back is read by exiftool and, where it
is there, by the library.
"""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import structlog

from hotfolder.kinds.provenance import SIGNED
from hotfolder.simulator import Settings, in_thread
from tests.flow.test_signing import sign
from tests.pictures import noise, saved, scene, tagged
from tests.provenance import HAS_LIBRARY, signed, state, told
from tests.studio import RULE, Studio

MEDIA: Final = Path(__file__).parent / "media"
FORMS: Final = {"jpg": "JPEG", "tif": "TIFF"}
ENDINGS: Final = [each for each in SIGNED if each != "heic"]  # which is no result
MARKS: Final = {
    "EXIF": ("-EXIF:Artist=mark-exif", "-EXIF:ImageDescription=Signature: mark-exif"),
    "XMP": ("-XMP-dc:Creator=mark-xmp",),
    "IPTC": ("-IPTC:By-line=mark-iptc",),
    "comment": ("-Comment=mark-comment",),
    "tag": ("-ItemList:Title=mark-tag",),
}
SOURCE: Final = ("-EXIF:Copyright=mark-source", "-XMP-dc:Rights=mark-source")


def main() -> None:
    """Print the table."""
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    _row("file", "the service's file bears", "unsigned", "signed")
    _row(*4 * ["---"])
    with in_thread(Settings(task_s=0.0)) as server, tempfile.TemporaryDirectory() as homes:
        for number, ending in enumerate(ENDINGS):
            result, source = _result(folder, ending), _source(folder, number)
            runs = ("unsigned", "signed") if HAS_LIBRARY else ("unsigned",)
            cells = []
            for run in runs:
                home = Path(homes, f"{ending}-{run}")
                home.mkdir()
                studio = Studio(home, server)
                cells.append(_edited(studio, result, source, is_signed=run == "signed"))
            _row(ending, ", ".join(_said(result)), *cells)


def _row(*cells: str) -> None:
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


def _result(folder: Path, ending: str) -> Path:
    path = folder / f"result.{ending}"
    if not path.exists():
        path.write_bytes(_plain(ending))
        for tags in MARKS.values():
            command = ["exiftool", "-q", "-overwrite_original", *tags, str(path)]
            subprocess.run(command, check=False, stderr=subprocess.DEVNULL)  # as far as it goes
        _sign(path, SIGNED[ending], "service")
    return path


def _plain(ending: str) -> bytes:
    if ending in ("mp4", "mov"):
        return (MEDIA / f"film.{ending}").read_bytes()
    if SIGNED[ending].startswith("audio"):
        return (MEDIA / f"sound.{ending}").read_bytes()
    return saved(scene("P" if ending == "gif" else "RGB"), FORMS.get(ending, ending.upper()))


def _source(folder: Path, number: int) -> Path:
    path = folder / f"source-{number}.jpg"
    if not path.exists():
        path.write_bytes(saved(noise((64, 48), number), "JPEG"))
        tagged(path, *SOURCE)
        _sign(path, "image/jpeg", "camera")
    return path


def _sign(path: Path, media_type: str, by: str) -> None:
    path.write_bytes(signed(media_type, path.read_bytes(), by))


def _edited(studio: Studio, result: Path, source: Path, *, is_signed: bool) -> str:
    """Return what the outputs of one edit bear, and what of the marks is lost."""
    studio.configure(rules=[RULE])
    if is_signed:
        sign(studio)
    studio.simulator.update_settings(result_file=result)
    studio.drop("ann.jpg", source.read_bytes())
    asyncio.run(studio.once(timeout_s=60.0))
    found = {name: set(_said(studio.output / name)) for name in studio.outputs()}
    wanted = {*_said(result), "source"} - ({"C2PA: whole"} if is_signed else set())
    lost = sorted(wanted - set().union(*found.values()))
    shown = [f"{name}: {', '.join(sorted(said))}" for name, said in found.items()]
    return "; ".join([*shown, *([f"**lost: {', '.join(lost)}**"] if lost else [])])


def _said(path: Path) -> Iterator[str]:
    """Yield the marks of a file."""
    command = ["exiftool", "-a", "-u", "-ee", "-G1", str(path)]
    text = subprocess.run(command, capture_output=True, check=False).stdout.decode(
        "utf-8", "replace"
    )
    for mark in MARKS:
        if f"mark-{mark.lower()}" in text:
            yield mark
    if "mark-source" in text:
        yield "source"
    if HAS_LIBRARY and path.suffix != ".xmp":
        yield from _manifest(path)


def _manifest(path: Path) -> Iterator[str]:
    media_type, content = SIGNED[path.suffix[1:]], path.read_bytes()
    if verdict := state(media_type, content):
        yield "C2PA: whole" if verdict == "Valid" else f"C2PA: BROKEN {verdict}"
        found = told(media_type, content)
        active = found["manifests"][found["active_manifest"]]
        own = [each for each in active.get("ingredients", ()) if each.get("active_manifest")]
        if own:
            yield f"{len(own)} ingredients with manifests"


if __name__ == "__main__":
    main()
