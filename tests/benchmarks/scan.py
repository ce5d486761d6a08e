"""How fast a whole tree is held against the journal, in how much memory, beside a bare walk.

HOTFOLDER_TREE names a folder that keeps the tree from run to run; else one is made and removed.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from hotfolder import config
from hotfolder.clock import MACHINE_CLOCK
from hotfolder.journal.acceptance import register_watch
from hotfolder.journal.backlog import looked_at_whole
from hotfolder.journal.journal import Journal
from hotfolder.journal.session import Session
from hotfolder.planning.looks import Looks
from hotfolder.planning.staleness import StaleCheck
from hotfolder.simulator import Settings, in_thread
from hotfolder.watching.backlog import Backlog, Eligibility
from hotfolder.watching.finding import Finder
from tests.benchmarks.arena import Spent, memory_kb
from tests.benchmarks.frame import Figures, Measured, benchmark, trial
from tests.studio import Studio, picture

FOLDERS, FOLDERS_SHORT = 10_000, 100
FILES_EACH = 100
PATIENCE_S = 300.0

Work = Callable[[], None]
Opened = Callable[[Path, Path], AbstractContextManager[Work]]


@benchmark("scan", unit="CPU seconds", aim="at most 1.5 times, at most 100 MB")
def scan(*, short: bool) -> Measured:
    """Scan of 1,000,000 files in 10,000 folders, all in the journal, against a bare walk."""
    folders = FOLDERS_SHORT if short else FOLDERS
    with _tree(folders) as root, tempfile.TemporaryDirectory() as state:
        fill_journal(root, Path(state), folders, _watch(root, Path(state)).edits)
        bare = _apart(_bare, root, Path(state))
        ours = _apart(_ours, root, Path(state))
    return Measured(
        ours=ours.cpu_s,
        bound=bare.cpu_s,
        beside={
            "files": folders * FILES_EACH,
            "seconds": ours.wall_s,
            "bare walk, seconds": bare.wall_s,
            "peak MB": ours.peak_mb,
            "bare walk, peak MB": bare.peak_mb,
        },
    )


@trial("scan-new-file")
def scan_new_file() -> Figures:
    """How soon a new file at the start of that scan is accepted, by the whole daemon."""
    with (
        _tree(FOLDERS) as root,
        tempfile.TemporaryDirectory() as folder,
        in_thread(Settings(task_s=0.0)) as server,
    ):
        studio = Studio(Path(folder), server)
        studio.input = root
        studio.configure(watch='detect = "scan"\nsettle = 2.0')
        studio.state.mkdir()
        watch = studio.config.watch[0]
        fill_journal(root, studio.state, FOLDERS, watch.edits)
        with studio.journal() as journal:
            journal.run_blocking(looked_at_whole, 1, Eligibility.of(watch).encoded())
        new = root / "d000" / "aaa.jpg"
        new.write_bytes(picture())
        try:
            accepted_s, scanned_s = asyncio.run(_follow(studio))
        finally:
            new.unlink()
    return {
        "accepted after, seconds": round(accepted_s, 2),
        "scan ended after": round(scanned_s, 2),
    }


async def _follow(studio: Studio) -> tuple[float, float]:
    began_s = time.monotonic()
    stop = asyncio.Event()
    service = studio.service()
    daemon = asyncio.create_task(service.run(stop))
    accepted_s = None
    while time.monotonic() - began_s < PATIENCE_S:
        await asyncio.sleep(0.05)
        if accepted_s is None and studio.jobs():
            accepted_s = time.monotonic() - began_s
        parts = service.parts
        if parts and parts.watches.watchers and parts.watches.watchers[0].scanned:
            break
    scanned_s = time.monotonic() - began_s
    stop.set()
    await daemon
    return accepted_s or PATIENCE_S, scanned_s


@contextmanager
def _tree(folders: int) -> Iterator[Path]:
    kept = os.environ.get("HOTFOLDER_TREE")
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(kept or temporary)
        if not (root / f"d{(folders - 1) // 100:03}").exists():
            make_tree(root, folders)
        yield root


def make_tree(root: Path, folders: int) -> None:
    """Make so many folders with FILES_EACH empty files each."""
    for folder in _folders(root, folders):
        folder.mkdir(parents=True)
        for name in _names():
            (folder / name).touch()


def _folders(root: Path, count: int) -> Iterator[Path]:
    for number in range(count):
        yield root / f"d{number // 100:03}" / f"e{number % 100:02}"


def _names() -> list[str]:
    return [f"p{number:03}.jpg" for number in range(FILES_EACH)]


def _watch(root: Path, state: Path) -> config.Watch:
    folders = {"input": str(root), "output": str(state)}
    return config.Watch.model_validate({"name": "studio", **folders})


def fill_journal(root: Path, state: Path, folders: int, beside: str) -> None:
    """Let the journal know every file as it is; `beside` is the mark of all of them."""
    with Journal(state) as journal:
        number = journal.run_blocking(register_watch, "studio", str(root), str(state))
        for folder in _folders(root, folders):
            journal.run_blocking(_put, number, root, folder, beside)


def _put(session: Session, watch: int, root: Path, folder: Path, beside: str) -> None:
    for name in _names():
        status = (folder / name).lstat()
        session.change(
            "put_source",
            watch=watch,
            path=os.fsencode((folder / name).relative_to(root)),
            size=status.st_size,
            mtime_ns=str(status.st_mtime_ns),
            inode=str(status.st_ino),
            beside=beside,
            content_hash=None,
            identity=None,
            verdict="job",
            reason=None,
        )


@contextmanager
def _bare(root: Path, _state: Path) -> Iterator[Work]:
    def walk() -> None:
        folders = [os.fspath(root)]
        while folders:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        entry.stat(follow_symlinks=False)

    yield walk


@contextmanager
def _ours(root: Path, state: Path) -> Iterator[Work]:
    with Journal(state, clock=MACHINE_CLOCK) as journal:
        number = journal.run_blocking(register_watch, "studio", str(root), str(state))
        watch = _watch(root, state)
        backlog = Backlog(watch, number, journal, lambda: 0)
        stale = StaleCheck(Looks(), watch, number, journal)
        finder = Finder(watch, number, journal, backlog, stale, threading.Event())

        def scan() -> None:
            found = sum(len(each) for each in finder.walk())
            assert found == 0, found

        yield scan


def _apart(opened: Opened, root: Path, state: Path) -> Spent:
    """Do work in a process of its own, a second time after the disk's cache is warm."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        pool.apply(_measured, (opened, root, state))
        return pool.apply(_measured, (opened, root, state))


def _measured(opened: Opened, root: Path, state: Path) -> Spent:
    with opened(root, state) as work:
        began_s, began_cpu_s = time.monotonic(), time.process_time()
        work()
        cpu_s = time.process_time() - began_cpu_s
        return Spent(
            wall_s=time.monotonic() - began_s,
            cpu_s=cpu_s,
            peak_mb=memory_kb(os.getpid(), "VmHWM") / 1024,
        )
