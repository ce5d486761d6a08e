"""Installing the daemon as a systemd service: which steps, as values; what each of them is for.

Nothing of the user's is ever replaced: a config, a key or a folder that is there stays.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Final

from hotfolder.config import Config
from hotfolder.domain.errors import OperatorError

NAME_PATTERN: Final = re.compile(r"[A-Za-z0-9_-]{1,48}")
UNIT: Final = Path("/etc/systemd/system/hotfolder@.service")
DROP_IN: Final = "/etc/systemd/system/hotfolder@{name}.service.d/folders.conf"
SYSUSERS: Final = Path("/etc/sysusers.d/hotfolder.conf")
MANUAL: Final = Path("/usr/local/share/man/man1/hotfolder.1")
TMPFILES: Final = Path("/etc/tmpfiles.d/hotfolder.conf")
SETTINGS: Final = Path("/etc/hotfolder")
HOMES: Final = (Path("/home"), Path("/root"), Path("/run/user"))
WRITABLE: Final = (Path("/mnt"), Path("/media"), Path("/srv"))
PROGRAM_IN_UNIT: Final = "/opt/hotfolder/.venv/bin/hotfolder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Write a file of root's; `keep` leaves one that is there as it is."""

    path: Path
    text: str = field(repr=False)
    why: str
    mode: int = 0o644
    keep: bool = False
    secret: bool = False

    def take(self) -> str:
        """Take the step and say what was done."""
        if self.keep and os.path.lexists(self.path):
            return f"kept {self.path}, which was there"
        folder = self.path.parent
        made = [each for each in (folder, *folder.parents) if not each.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(f".{self.path.name}.part")
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, self.mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), self.mode)
            file.write(self.text)
            file.flush()
            os.fsync(descriptor)
        part.replace(self.path)
        for each in (folder, *(each.parent for each in made)):
            sync(each)
        return f"wrote {self.path} (root, mode {self.mode:o})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Run a command of the system."""

    command: tuple[str, ...]
    why: str
    may_fail: bool = False

    def take(self) -> str:
        """Take the step and say what was done. Raises OperatorError."""
        done = subprocess.run(self.command, check=False, capture_output=True, text=True)  # noqa: S603  our own words
        if done.returncode and not self.may_fail:
            raise OperatorError(f"{' '.join(self.command)}: {done.stderr.strip() or 'failed'}")
        return f"ran {' '.join(self.command)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Remove a file that an installation wrote."""

    path: Path
    why: str

    def take(self) -> str:
        """Take the step and say what was done."""
        if not os.path.lexists(self.path):
            return f"{self.path} is not there"
        self.path.unlink()
        return f"removed {self.path}"


Step = Write | Call | Remove


def steps(name: str, *, config_text: str, wanted: Config | None, key: str | None) -> list[Step]:
    """Return what installs the instance `name`, in order.

    `config_text` is written where there is no config yet; `wanted` is the config that is there,
    as far as it can be read; without a `key` no key file is written. Raises OperatorError.
    """
    _check(name)
    found: list[Step] = [
        Write(
            path=SYSUSERS,
            text=_shipped("hotfolder.sysusers.conf"),
            why="a user of its own, hotfolder, who may do nothing else",
        ),
        Write(
            path=TMPFILES,
            text=_shipped("hotfolder.tmpfiles.conf"),
            why="the folders for configs and journals",
        ),
        Call(command=("systemd-sysusers", str(SYSUSERS)), why="makes the user"),
        Call(command=("systemd-tmpfiles", "--create", str(TMPFILES)), why="makes the folders"),
        Write(
            path=UNIT,
            text=_shipped("hotfolder@.service").replace(PROGRAM_IN_UNIT, str(_program())),
            why="the service, one instance per config",
        ),
        Write(
            path=MANUAL,
            text=resources.files("hotfolder").joinpath("manual", MANUAL.name).read_text("utf-8"),
            why="the manual: man hotfolder",
        ),
        Write(
            path=SETTINGS / f"{name}.toml",
            text=config_text,
            why="the config: say in it which folders, and what is to be done",
            keep=True,
        ),
    ]
    if key is not None:
        found.append(
            Write(
                path=SETTINGS / f"{name}.key",
                text=f"{key}\n",
                why="the API key; only root reads it, the service gets a copy in memory",
                mode=0o600,
                keep=True,
                secret=True,
            )
        )
    if wanted is not None:
        found.append(
            Write(
                path=Path(DROP_IN.format(name=name)),
                text=_drop_in(wanted),
                why="lets the service reach the folders that the config names",
            )
        )
    found.append(Call(command=("systemctl", "daemon-reload"), why="reads the unit"))
    return found


def removal(name: str) -> list[Step]:
    """Return what takes the instance `name` away; config, journal and pictures stay."""
    _check_name(name)
    found: list[Step] = [
        Call(
            command=("systemctl", "disable", "--now", f"hotfolder@{name}"),
            why="stops the daemon; what runs is finished",
            may_fail=True,
        ),
        Remove(path=Path(DROP_IN.format(name=name)), why="its folders"),
        Remove(path=SETTINGS / f"{name}.key", why="the API key"),
    ]
    others = [each for each in sorted(SETTINGS.glob("*.toml")) if each.stem != name]
    if not others:
        found += [
            Remove(path=UNIT, why="no other instance uses the unit"),
            Remove(path=SYSUSERS, why="the user itself stays: the journal belongs to it"),
            Remove(path=TMPFILES, why="the folders stay"),
            Remove(path=MANUAL, why="nothing is left that it tells of"),
        ]
    found.append(Call(command=("systemctl", "daemon-reload"), why="forgets the unit"))
    return found


def sync(folder: Path) -> None:
    """Make a folder's entries outlast a power cut. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check(name: str) -> None:
    _check_name(name)
    if shutil.which("systemctl") is None:
        raise OperatorError(
            "there is no systemd here: `hotfolder manual service` says how it runs in a container"
        )
    program = _program()
    for each in (program, Path(sys.executable).resolve()):
        if any(each.is_relative_to(home) for home in HOMES):
            raise OperatorError(
                f"{each} lies in a home folder, which the service does not see: make the .venv "
                f"under /opt, with the system's own Python (/usr/bin/python3 -m venv)"
            )


def _check_name(name: str) -> None:
    if not NAME_PATTERN.fullmatch(name):
        raise OperatorError(f"{name!r}: a name of letters, digits, - and _ is needed")


def _program() -> Path:
    return Path(sys.executable).with_name("hotfolder")


def _shipped(name: str) -> str:
    return resources.files("hotfolder").joinpath("systemd", name).read_text("utf-8")


def _drop_in(wanted: Config) -> str:
    folders = dict.fromkeys(each for watch in wanted.watch for each in (watch.input, watch.output))
    lines = ["# Written by `hotfolder install` from the config; run it again when folders change."]
    lines += ["[Service]", *_reaching(list(folders))]
    groups = sorted({group for each in folders for group in _group(each)})
    if groups:
        lines.append(f"SupplementaryGroups={' '.join(groups)}")
    return "\n".join(lines) + "\n"


def _reaching(folders: list[Path]) -> Iterator[str]:
    at_home = [each for each in folders if any(each.is_relative_to(home) for home in HOMES)]
    if at_home:
        yield "ProtectHome=tmpfs"
    for each in folders:
        quoted = str(each).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
        if each in at_home:
            yield f'BindPaths="-{quoted}"'
        elif not any(each.is_relative_to(place) for place in WRITABLE):
            yield f'ReadWritePaths="-{quoted}"'


def _group(folder: Path) -> Iterator[str]:
    """Yield the group of a folder's files, unless it is root's."""
    try:
        if folder.stat().st_gid:
            yield folder.group()
    except (OSError, KeyError):  # away, or a number without a name
        return
