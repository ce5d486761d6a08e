"""Looking a whole installation over: each thing is well, or there is something to do about it.

Every check stands by itself: what one finds wrong does not keep the next from looking. Apart from
a trial file in each output folder, nothing is changed.
"""

from __future__ import annotations

import enum
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final

from hotfolder import __version__, installation, key
from hotfolder.config import Config, Reading, Watch
from hotfolder.domain.clock import utc_now
from hotfolder.domain.errors import HotfolderError, JournalNewer, OutputError
from hotfolder.housekeeping import newest_backup
from hotfolder.intake import mounts
from hotfolder.journal import connection, reading
from hotfolder.journal.journal import is_locked
from hotfolder.journal.reader import Reader
from hotfolder.outputs.target import check_root
from hotfolder.preflight import missing_commands, problems

OLDEST_PYTHON: Final = (3, 11)
OLDEST_SQLITE: Final = (3, 37)  # STRICT tables
MOST_FOLDERS: Final = 200_000
SPARE_SHARE: Final = 0.8
LARGEST_EXPOSURE: Final = 1.5
CLOCK_TOLERANCE: Final = timedelta(minutes=2)
MEGABYTE: Final = 1_000_000
INOTIFY: Final = Path("/proc/sys/fs/inotify")
COMMAND_LIMIT_S: Final = 20.0


class Verdict(enum.StrEnum):
    """How it is with a thing."""

    OK = "ok"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what to do about it unless it is well."""

    verdict: Verdict
    subject: str
    words: str
    advice: str = ""


Findings = Iterator[Finding]


def examine(draft: Reading, environment: Mapping[str, str]) -> Findings:
    """Yield what is found, check by check, as soon as it is known."""
    yield from _program()
    yield from _limits(draft.config)
    yield from _config(draft)
    yield from _key(draft, environment)
    if draft.config is None:
        return
    for watch in draft.config.watch:
        yield from _watch(watch, draft.config.limits.min_free_mb)
    yield from _state(draft.config)
    yield from _journal(draft.config)
    yield from _receivers(draft.config)
    yield from _unit()


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


# -- the machine


def _program() -> Findings:
    version = sys.version_info[:3]
    yield _judge(
        version >= OLDEST_PYTHON,
        "program",
        f"hotfolder {__version__}, Python {_dotted(version)} ({sys.executable})",
        f"Python {_dotted(OLDEST_PYTHON)} or newer is needed",
    )
    sqlite = connection.sqlite_version()
    yield _judge(
        sqlite >= OLDEST_SQLITE,
        "SQLite",
        _dotted(sqlite),
        f"SQLite {_dotted(OLDEST_SQLITE)} or newer is needed",
    )
    synchronised = _said("timedatectl", "show", "-P", "NTPSynchronized")
    if synchronised == "no":
        yield Finding(
            Verdict.NOTE,
            "clock",
            "is not set by the network",
            "timedatectl set-ntp true: links and budgets go by the clock",
        )


def _limits(wanted: Config | None) -> Findings:
    most = _number(INOTIFY / "max_user_watches")
    if most is None or wanted is None:
        return
    folders = sum(_folders(watch) for watch in wanted.watch if watch.detect != "scan")
    yield _judge(
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


# -- config and key


def _config(draft: Reading) -> Findings:
    watches = draft.config.watch if draft.config else []
    found = problems(draft, seen_online=[each.name for each in watches])  # folders: see _watch
    for problem in found:
        there = "mend that line" if problem.line else "mend the config"
        advice = there if draft.path.exists() else "hotfolder init DIR, or name yours: -c FILE"
        yield Finding(Verdict.BAD, "config", f"{draft.path}: {problem}", advice)
    if not found:
        yield Finding(Verdict.OK, "config", str(draft.path))


def _key(draft: Reading, environment: Mapping[str, str]) -> Findings:
    try:
        key.find(environment, draft.config.api.key_file if draft.config else None)
    except key.KeyProblem as error:
        service = installation.SETTINGS / f"{draft.path.stem}.key"
        if draft.path.parent == installation.SETTINGS and service.exists():
            yield from _service_key(service)
            return
        yield Finding(Verdict.BAD, "API key", str(error), "see api.key_file in the config")
        return
    yield Finding(Verdict.OK, "API key", "found")


def _service_key(path: Path) -> Findings:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        yield Finding(Verdict.BAD, "API key", f"{path}: {error.strerror}")
        return
    yield _judge(not mode & 0o077, "API key", f"{path}, for the service only", f"chmod 600 {path}")


# -- watches


def _watch(watch: Watch, min_free_mb: int) -> Findings:
    subject = f"watch {watch.name}"
    if watch.input.is_dir():
        mount = mounts.of(watch.input)
        scanned = mount.remote or watch.detect == "scan"
        how = "scanning" if scanned else "events, and a scan from time to time"
        yield Finding(Verdict.OK, subject, f"{watch.input} on {mount.kind}: {how}")
    else:
        advice = "mount the share, or make the folder; while it is away the watch waits"
        yield Finding(Verdict.BAD, subject, f"there is no folder {watch.input}", advice)
    if not os.access(watch.input, os.R_OK | os.X_OK) and watch.input.is_dir():
        yield Finding(Verdict.BAD, subject, f"{watch.input} cannot be read", _RIGHTS)
    try:
        free_mb = check_root(watch.output) / MEGABYTE
    except OutputError as error:
        yield Finding(Verdict.BAD, subject, f"a trial file: {error}", error.hint)
        return
    yield _judge(
        free_mb >= min_free_mb,
        subject,
        f"{watch.output} can be written, {free_mb:,.0f} MB free",
        f"make room: below limits.min_free_mb ({min_free_mb} MB) nothing is submitted",
    )


_RIGHTS: Final = "add the daemon's user to the group of the files, or change their rights"


# -- state and journal


def _state(wanted: Config) -> Findings:
    folder = wanted.state_dir
    mount = mounts.of(folder)
    if mount.remote:
        advice = "choose a folder on a local disk: a share cannot keep the journal's promises"
        yield Finding(Verdict.BAD, "state", f"{folder} is on a share ({mount.kind})", advice)
    if not folder.exists():
        yield Finding(Verdict.OK, "state", f"{folder} is made at the first start")
        return
    mode = stat.S_IMODE(folder.stat().st_mode)
    yield _judge(not mode & 0o022, "state", f"{folder} (mode {mode:o})", f"chmod 700 {folder}")
    free_mb = shutil.disk_usage(folder).free / MEGABYTE
    yield _judge(
        free_mb >= wanted.limits.min_free_mb,
        "state",
        f"{free_mb:,.0f} MB free for the journal and fetched results",
        "make room: nothing is submitted while results cannot be kept",
    )


def _journal(wanted: Config) -> Findings:
    path = wanted.state_dir / connection.FILE_NAME
    try:
        if not path.exists():
            yield Finding(Verdict.OK, "journal", "there is none yet")
            return
        running = is_locked(wanted.state_dir)
        connection.check_whole(path, alone=not running)
        with Reader(wanted.state_dir) as reader:
            newest = reader.read(reading.newest_time)
    except PermissionError:
        yield Finding(Verdict.NOTE, "journal", "belongs to another user", f"sudo -u {_owner(path)}")
        return
    except JournalNewer as error:
        yield Finding(Verdict.BAD, "journal", str(error), "install the newer hotfolder again")
        return
    except HotfolderError as error:
        copy = newest_backup(wanted, utc_now())
        advice = f"hotfolder restore {copy or 'FILE, if you have a copy'}"
        yield Finding(Verdict.BAD, "journal", str(error), advice)
        return
    daemon = "a daemon uses it" if running else "no daemon runs"
    size_mb = path.stat().st_size / MEGABYTE
    yield Finding(Verdict.OK, "journal", f"whole, {size_mb:,.1f} MB, {daemon}")
    if newest is not None and newest > utc_now() + CLOCK_TOLERANCE:
        yield Finding(
            Verdict.BAD,
            "clock",
            f"the journal's newest entry is of {newest:%Y-%m-%d %H:%M} UTC, which is yet to come",
            "set the clock right (timedatectl set-ntp true)",
        )


def _owner(path: Path) -> str:
    try:
        return path.parent.owner()
    except (OSError, KeyError):
        return "its owner"


# -- the service


def _receivers(wanted: Config) -> Findings:
    missing = missing_commands(wanted)
    for problem in missing:
        yield Finding(Verdict.BAD, "notify", problem, "mend `command`: nobody would be told")
    if wanted.notify and not missing:
        yield Finding(Verdict.OK, "notify", ", ".join(each.name for each in wanted.notify))


def _unit() -> Findings:
    if not installation.UNIT.exists():
        return
    unit = str(installation.UNIT)
    told = _said("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
    found = re.search(r"exposure level for \S+: ([\d.]+)", told)
    if found is None:
        yield Finding(Verdict.NOTE, "unit", f"{unit} could not be judged by systemd-analyze")
        return
    yield _judge(
        float(found[1]) <= LARGEST_EXPOSURE,
        "unit",
        f"{unit}: exposure {found[1]} of 10",
        "run hotfolder install again: it writes the hardened unit",
        otherwise=Verdict.NOTE,
    )


# -- how it is said


def _judge(
    good: bool,  # noqa: FBT001  the condition comes first
    subject: str,
    words: str,
    advice: str,
    *,
    otherwise: Verdict = Verdict.BAD,
) -> Finding:
    return (
        Finding(Verdict.OK, subject, words) if good else Finding(otherwise, subject, words, advice)
    )


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):
        return None


def _said(*command: str) -> str:
    """Return what a command of the system prints; nothing where it is missing or fails."""
    try:
        done = subprocess.run(  # noqa: S603  our own words
            command, check=False, capture_output=True, text=True, timeout=COMMAND_LIMIT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
