"""The machine: the program's surroundings, its clock, its limits and the service's unit."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

from hotfolder import __version__, installation
from hotfolder.checkup.findings import CLOCK_TOLERANCE, Finding, Findings, Verdict, judge, said
from hotfolder.config import Watch
from hotfolder.journal import connection
from hotfolder.kinds import packages
from hotfolder.kinds.workshop.errors import WorkerFailed
from hotfolder.kinds.workshop.workshop import Workshop
from hotfolder.runninghub.catalog import Model
from hotfolder.tree import mounts

OLDEST_PYTHON: Final = (3, 11)
OLDEST_SQLITE: Final = (3, 37)  # STRICT tables
MOST_FOLDERS: Final = 200_000
SPARE_SHARE: Final = 0.8
LARGEST_EXPOSURE: Final = 1.5
INOTIFY: Final = Path("/proc/sys/fs/inotify")


def program() -> Findings:
    """Yield whether Python, SQLite and the clock are what is needed."""
    version = sys.version_info[:3]
    yield judge(
        version >= OLDEST_PYTHON,
        "program",
        f"hotfolder {__version__}, Python {_dotted(version)} ({sys.executable})",
        f"Python {_dotted(OLDEST_PYTHON)} or newer is needed",
    )
    sqlite = connection.sqlite_version()
    yield judge(
        sqlite >= OLDEST_SQLITE,
        "SQLite",
        _dotted(sqlite),
        f"SQLite {_dotted(OLDEST_SQLITE)} or newer is needed",
    )
    synchronised = said("timedatectl", "show", "-P", "NTPSynchronized")
    if synchronised == "yes":
        yield Finding(Verdict.OK, "clock", "is set by the network")
    elif synchronised == "no":
        yield Finding(
            Verdict.NOTE,
            "clock",
            "is not set by the network",
            "timedatectl set-ntp true: links and budgets go by the clock",
        )


def clock_finding(theirs: datetime | None, ours: datetime) -> Finding:
    """Compare this machine's clock with that of the service."""
    if theirs is None:
        return Finding(Verdict.NOTE, "clock", "the service did not say what time it is")
    apart = abs(ours - theirs)
    if apart <= CLOCK_TOLERANCE:
        return Finding(Verdict.OK, "clock", f"{apart.total_seconds():.0f} s from the service's")
    return Finding(
        Verdict.BAD,
        "clock",
        f"{apart.total_seconds():.0f} s from the service's clock",
        "set it right (timedatectl set-ntp true): links and budgets go by it",
    )


def limits(watches: Sequence[Watch]) -> Findings:
    """Yield whether the system lets as many folders be watched as these watches have."""
    most = _number(INOTIFY / "max_user_watches")
    if most is None or not watches:
        return
    folders = sum(_folders(watch) for watch in watches if watch.detect != "scan")
    yield judge(
        folders <= SPARE_SHARE * most,
        "inotify",
        f"{folders:,} folders to watch, this system allows {most:,} to each user",
        f"sysctl fs.inotify.max_user_watches={max(2 * folders, 524_288)} (and write it into "
        f"/etc/sysctl.d); what is over the limit is only scanned",
        otherwise=Verdict.NOTE,
    )


def _folders(watch: Watch) -> int:
    if not watch.recursive or mounts.of(watch.input).remote:
        return int(not mounts.of(watch.input).remote)
    return sum(1 for _ in islice(os.walk(watch.input), MOST_FOLDERS))


def unit() -> Findings:
    """Yield how well the unit of the service is confined, where it is installed."""
    if not installation.UNIT.exists():
        return
    unit = str(installation.UNIT)
    told = said("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
    found = re.search(r"exposure level for \S+: ([\d.]+)", told)
    if found is None:
        yield Finding(Verdict.NOTE, "unit", f"{unit} could not be judged by systemd-analyze")
        return
    yield judge(
        float(found[1]) <= LARGEST_EXPOSURE,
        "unit",
        f"{unit}: exposure {found[1]} of 10",
        "run hotfolder install again: it writes the hardened unit",
        otherwise=Verdict.NOTE,
    )


def media(watches: Sequence[Watch]) -> Findings:
    """Yield what of films and sounds goes unnoticed here, where rules have to do with them."""
    models = (watch.catalog.find(rule.model) for watch in watches for rule in watch.rule)
    if not any(each and _of_media(each) for each in models):
        return
    yield judge(
        not packages.lacks_decoder(),
        "films and sounds",
        "are proven by one decoded frame"
        if not packages.lacks_decoder()
        else "are proven by their containers alone: what is damaged inside is not noticed, nor how "
        "long one lasts that does not say so",
        f"{packages.PIP} install 'hotfolder[media]'",
        otherwise=Verdict.NOTE,
    )


def _of_media(model: Model) -> bool:
    return model.output in ("video", "audio") or any(each.type != "IMAGE" for each in model.media)


def confinement() -> Findings:
    """Ask a live worker whether it could do what none must, should a picture take it over."""
    workshop = Workshop(places=1)
    try:
        can = asyncio.run(workshop.unconfined())
    except WorkerFailed as error:
        can = (f"cannot be asked: {error}",)
    finally:
        workshop.close()
    yield judge(
        not can,
        "confinement",
        f"what opens pictures can {', '.join(can)}"
        if can
        else "what opens pictures can open no file, socket or program besides",
        "use a kernel with seccomp and Landlock (Linux 5.13 or newer), and let the service have "
        'both calls; limits.confine = "required" does not start without',
    )


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):
        return None
