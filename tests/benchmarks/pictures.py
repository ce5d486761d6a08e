"""What it takes to prepare pictures: seconds, and the peak memory of daemon and workers together.

Each measurement runs in a process of its own. Memory is the proportional set size (pages shared by
several processes count once) of the process and its workers, looked at every few milliseconds.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from PIL import Image

from hotfolder.domain.preparation import Preparation
from hotfolder.kinds.workshop.workshop import Workshop
from tests.benchmarks.arena import MEGABYTE
from tests.benchmarks.frame import Figures, Measured, benchmark

LOOK_S = 0.01
CAMERA = (8256, 5504)  # 45 megapixels
SCAN = (12_248, 8165)  # 100 megapixels
BACK = (17_320, 11_547)  # 200 megapixels
SIZES = {"camera": CAMERA, "scan": SCAN, "back": BACK}
GROK = Preparation(types=("jpg", "png", "webp"), max_bytes=10 * MEGABYTE)
WANTED_JPEG_BYTES = 25 * MEGABYTE
SHORTER = 4
QUALITY = 92


@benchmark("prepare", unit="seconds", aim="at most 1.15 times")
def one(*, short: bool) -> Measured:
    """Prepare a JPEG of 45 megapixels and 25 MB for a model that takes 10 MB."""
    return _measured(["camera"], 1, short=short)


@benchmark("prepare-tiff", unit="seconds", aim="at most 1.15 times")
def tiff(*, short: bool) -> Measured:
    """Prepare a TIFF of 100 megapixels for the same model."""
    return _measured(["scan"], 1, short=short)


@benchmark("prepare-8", unit="seconds", aim="at most 1.15 times")
def eight(*, short: bool) -> Measured:
    """Prepare eight JPEGs of 45 megapixels and 25 MB at a time, within the default budget."""
    return _measured(["camera"], 1 if short else 8, short=short)


@benchmark("prepare-8-large", unit="seconds", aim="at most 1.15 times")
def large(*, short: bool) -> Measured:
    """Prepare a TIFF of 200 megapixels beside seven JPEGs of 45, within the default budget."""
    return _measured(["camera", "back"], 1 if short else 7, short=short)


def _measured(kinds: list[str], count: int, *, short: bool) -> Measured:
    """Measure in fresh processes, which have made no pictures of their own."""
    with tempfile.TemporaryDirectory() as folder:
        made = [str(_made(kind, Path(folder), short=short)) for kind in kinds]
        files = [made[0]] * count + made[1:]
        ours, bare = (_apart(way, files) for way in ("ours", "bare"))
    beside = ours | {"bare, CPU seconds": bare["CPU seconds"]}
    return Measured(ours=beside.pop("seconds"), bound=bare["seconds"], beside=beside)


def _apart(way: str, files: list[str]) -> Figures:
    answered = subprocess.run(
        [sys.executable, "-m", __name__, way, *files], check=True, capture_output=True, text=True
    )
    figures: Figures = json.loads(answered.stdout)
    return figures


def _made(kind: str, folder: Path, *, short: bool) -> Path:
    path = folder / kind
    size, form = SIZES[kind], "JPEG" if kind == "camera" else "TIFF"
    image = _photograph((size[0] // SHORTER, size[1] // SHORTER) if short else size)
    if form == "TIFF":
        image.save(path, form)
        return path
    for quality in range(99, 60, -2):  # as sharp as a camera's file of that size
        written = io.BytesIO()
        image.save(written, form, quality=quality)
        if written.tell() <= WANTED_JPEG_BYTES:
            break
    path.write_bytes(written.getvalue())
    return path


def _photograph(size: tuple[int, int]) -> Image.Image:
    """Make a picture with large forms and fine grain."""
    forms = Image.effect_noise((64, 43), 120).resize(size, Image.Resampling.BICUBIC)
    grain = Image.effect_noise((size[0] // 2, size[1] // 2), 40).resize(size)
    grey = Image.blend(forms, grain, 0.3)
    return Image.merge("RGB", (grey, forms, grain))


def main(way: str, files: list[str]) -> Figures:
    """Prepare files all at once, as the program does or by bare Pillow, and return the figures."""
    begun_s = time.monotonic()
    if way == "bare":
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(_bare, files))
        return {"seconds": time.monotonic() - begun_s, "CPU seconds": _cpu_s()}
    with _peak() as peak:
        sizes = asyncio.run(_prepare_all(files))
    return {
        "seconds": time.monotonic() - begun_s,
        "CPU seconds": _cpu_s(),
        "pictures": len(files),
        "MB of the largest source": max(Path(each).stat().st_size for each in files) / MEGABYTE,
        "MB of the largest sent": max(sizes) / MEGABYTE,
        "peak MB of daemon and workers": max(peak) / MEGABYTE,
    }


def _cpu_s() -> float:
    """Return what this process and its ended children took of processors, their start included."""
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def _bare(file: str) -> int:
    """Decode and encode a picture once, and nothing else; return the bytes of it."""
    Image.MAX_IMAGE_PIXELS = None
    written = io.BytesIO()
    with Image.open(file) as opened:
        opened.save(written, "JPEG", quality=QUALITY)
    return written.tell()


async def _prepare_all(files: list[str]) -> list[int]:
    workshop = Workshop()
    try:
        return await asyncio.gather(*(_prepare(workshop, each) for each in files))
    finally:
        workshop.close()


async def _prepare(workshop: Workshop, file: str) -> int:
    with open(file, "rb") as source, tempfile.TemporaryFile() as target:  # noqa: ASYNC230, PTH123
        files = [source.fileno(), target.fileno()]
        await workshop.work_on("prepare", files, asdict(GROK), most_pixels=GROK.most_pixels)
        return os.fstat(target.fileno()).st_size


@contextmanager
def _peak() -> Iterator[list[int]]:
    """Look at the memory of this process and its children while the block runs."""
    seen, over = [0], threading.Event()

    def look() -> None:
        while not over.wait(LOOK_S):
            seen.append(sum(map(_memory, [os.getpid(), *_children()])))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def _children() -> list[int]:
    found: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        found += map(int, (task / "children").read_text("ascii").split())
    return found


def _memory(pid: int) -> int:
    """Return a process's proportional set size in bytes; 0 for one that is gone."""
    try:
        rolled = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    except OSError:
        return 0
    told = re.search(r"^Pss:\s+(\d+) kB", rolled, re.MULTILINE)
    return int(told[1]) * 1024 if told else 0


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2:])))  # noqa: T201  the figures
