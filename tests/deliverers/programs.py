"""The programs, each as a share with the commands that a customer would use."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.mounting import unmount
from tests.studio import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

STARTED_WITHIN_S: Final = 30.0
LONGEST_COMMAND_S: Final = 60.0
SLOW_BYTES_PER_S: Final = 300_000
STALLED_AFTER_BYTES: Final = 200_000
SFTP_SERVER: Final = Path("/usr/lib/openssh/sftp-server")
FTP_USER: Final = "daemon"
# Writes half of a file to another place and then nothing more.
HALF_A_COPY: Final = """
import os, sys, time
content = open(sys.argv[1], "rb").read()
with open(sys.argv[2], "wb") as copy:
    copy.write(content[:len(content) // 2])
    copy.flush()
    os.fsync(copy.fileno())
    time.sleep(600)
"""

Command = list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """A share over a studio's folder and the commands that reach it.

    `slowly` sends a file to the input folder so slowly that it can be stopped half-way, `wholly`
    sends it or what is missing of it. `listing` shows what stands in the output folder, a line for
    each file; `line` finds a file's size and name in one.
    """

    slowly: Callable[[Path], Command]
    wholly: Callable[[Path], Command]
    listing: Command
    line: str

    def sizes(self) -> dict[str, int]:
        """Return the size in bytes of every picture in the output folder, as a customer sees it."""
        found = re.finditer(self.line, run(self.listing), re.MULTILINE)
        told = {each["name"]: int(each["size"].replace(",", "")) for each in found}
        return {name: size for name, size in told.items() if not name.startswith(".")}


def run(command: Command) -> str:
    """Run a program to its end; return what it wrote."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=LONGEST_COMMAND_S
    )
    return done.stdout


def require(*programs: str) -> None:
    """Skip where a program is not installed."""
    for each in programs:
        if shutil.which(each) is None and not Path(each).exists():
            pytest.skip(f"{Path(each).name} is not installed")
    if os.geteuid() != 0:
        pytest.skip("a server of our own needs root")


@contextlib.contextmanager
def started(command: Command, is_ready: Callable[[], bool]) -> Iterator[None]:
    """Let a program run while the block runs, in a group of its own: Samba ends its whole group."""
    quiet = partial(subprocess.Popen[bytes], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with quiet(command, start_new_session=True) as program:
        try:
            end_s = time.monotonic() + STARTED_WITHIN_S
            while not is_ready():
                assert program.poll() is None, f"{command[0]} ended with {program.returncode}"
                assert time.monotonic() < end_s, f"{command[0]} did not start"
                time.sleep(0.02)
            yield
        finally:
            program.terminate()
            program.wait()


def listens(port: int) -> bool:
    """Whether somebody listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.asynccontextmanager
async def smb(folder: Path) -> AsyncIterator[Share]:
    """Samba with a guest who may write, and smbclient by way of a line that stalls."""
    require("smbd", "smbclient")
    port, config = free_port(), folder / "smb.conf"
    places = "private dir,lock directory,state directory,cache directory,ncalrpc dir,pid directory"
    lines = [f"smb ports = {port}", f"log file = {folder}/smb.log"]
    for each in places.split(","):
        (folder / each).mkdir()
        lines.append(f"{each} = {folder / each}")
    config.write_text(_SMB + "\n".join(lines) + _SMB_SHARES.format(folder=folder))
    serve = ["smbd", "--foreground", "--no-process-group", f"--configfile={config}"]

    def at(reached: int, share: str, command: str) -> Command:
        told = ["smbclient", "-N", "-s", str(config), "-p", str(reached)]
        return [*told, f"//127.0.0.1/{share}", "-c", command]

    with started(serve, lambda: listens(port)):
        async with stalling(port) as slow:
            yield Share(
                slowly=lambda file: at(slow, "in", f"put {file} {file.name}"),
                wholly=lambda file: at(port, "in", f"put {file} {file.name}"),
                listing=at(port, "out", "ls"),
                line=r"^  (?P<name>\w+\.\w+) +\w+ +(?P<size>\d+) ",
            )


@contextlib.asynccontextmanager
async def ftp(folder: Path) -> AsyncIterator[Share]:
    """Let vsftpd serve an anonymous writer, and lftp send."""
    require("vsftpd", "lftp")
    port, config = free_port(), folder / "vsftpd.conf"
    for place, mode in {"nothing": 0o755, ".": 0o755, "in": 0o777}.items():
        _open_to_all(folder / place, mode)
    config.write_text(_FTP.format(folder=folder, port=port, user=FTP_USER))

    def at(command: str, *settings: str) -> Command:
        said = [*(f"set {each}" for each in settings), f"open -p {port} 127.0.0.1", command]
        return ["lftp", "-c", "; ".join(said)]

    with started(["vsftpd", str(config)], lambda: listens(port)):
        yield Share(
            slowly=lambda file: at(f"put -O in {file}", f"net:limit-rate {SLOW_BYTES_PER_S}"),
            wholly=lambda file: at(f"put -c -O in {file}"),
            listing=at("ls out"),
            line=r"^-\S+ +\d+ +\S+ +\S+ +(?P<size>\d+) .* (?P<name>\S+)$",
        )


@contextlib.asynccontextmanager
async def rsync(folder: Path) -> AsyncIterator[Share]:
    """Let rsync's daemon serve, and rsync send in place."""
    require("rsync")
    port, config = free_port(), folder / "rsyncd.conf"
    config.write_text(_RSYNC.format(folder=folder))
    serve = ["rsync", "--daemon", "--no-detach", "--address=127.0.0.1", f"--port={port}"]
    url, limit = f"rsync://127.0.0.1:{port}", f"--bwlimit={SLOW_BYTES_PER_S // 1000}"
    with started([*serve, f"--config={config}"], lambda: listens(port)):
        yield Share(
            slowly=lambda file: ["rsync", "--inplace", limit, str(file), f"{url}/in/"],
            wholly=lambda file: ["rsync", "--inplace", str(file), f"{url}/in/"],
            listing=["rsync", f"{url}/out/"],
            line=r"^-\S+ +(?P<size>[\d,]+) \S+ \S+ (?P<name>\S+)$",
        )


@contextlib.asynccontextmanager
async def sftp(folder: Path) -> AsyncIterator[Share]:
    """Let OpenSSH's sftp-server serve, and sshfs mount it."""
    require("sshfs", str(SFTP_SERVER))
    place = folder / "mounted"
    place.mkdir()
    here, there = socket.socketpair()
    serve = partial(subprocess.Popen[bytes], stdin=there.fileno(), stdout=there.fileno())
    with here, there, serve([str(SFTP_SERVER)]) as server:
        mounting = ["sshfs", "-f", "-o", "passive,dir_cache=no", f":{folder}", str(place)]
        with mounted(mounting, place, over=here.fileno()):
            yield Share(
                slowly=lambda file: _half_a_copy(file, place / "in" / file.name),
                wholly=lambda file: ["cp", str(file), str(place / "in" / file.name)],
                listing=["ls", "-l", str(place / "out")],
                line=r"^-\S+ +\d+ +\S+ +\S+ +(?P<size>\d+) .* (?P<name>\S+)$",
            )
        server.terminate()


@contextlib.contextmanager
def rclone(place: Path, behind: Path, cache: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Let rclone mount the folder `behind` at a place."""
    require("rclone")
    command = ["rclone", "mount", "--config", "/dev/null", "--cache-dir", str(cache)]
    command += ["--vfs-cache-mode", "writes", "--vfs-write-back", "0s", "--dir-cache-time", "1s"]
    with mounted([*command, f":local:{behind}", str(place)], place) as program:
        yield program


@contextlib.contextmanager
def mounted(
    command: Command, place: Path, over: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Let a program mount something at a place, perhaps over a connection, and unmount it."""
    with subprocess.Popen(command, stdin=over, stdout=over, stderr=subprocess.DEVNULL) as program:
        try:
            end_s = time.monotonic() + STARTED_WITHIN_S
            while not os.path.ismount(place):
                if program.poll() is not None:
                    pytest.skip(
                        f"{command[0]} may not mount here: it ended with {program.returncode}"
                    )
                assert time.monotonic() < end_s, f"{command[0]} did not mount"
                time.sleep(0.02)
            yield program
        finally:
            with contextlib.suppress(subprocess.CalledProcessError):
                unmount(place)
            program.terminate()


@contextlib.asynccontextmanager
async def stalling(port: int) -> AsyncIterator[int]:
    """Give a port whose connections lead to another and stall after some bytes were sent."""
    passing: set[asyncio.Task[None]] = set()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passing.add(asyncio.ensure_future(_both_ways(reader, writer, port)))

    server = await asyncio.start_server(pass_on, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for each in passing:
            each.cancel()
        await asyncio.gather(*passing, return_exceptions=True)


async def _both_ways(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    answers, sink = await asyncio.open_connection("127.0.0.1", port)
    ways = [
        asyncio.ensure_future(_pump(reader, sink, STALLED_AFTER_BYTES)),
        asyncio.ensure_future(_pump(answers, writer, None)),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in ways:
            each.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (sink, writer):
            end.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, most: int | None) -> None:
    """Pass on what comes, up to so many bytes; the rest is read and dropped."""
    passed = 0
    while chunk := await source.read(65536):
        if most is None or passed < most:
            sink.write(chunk)
            await sink.drain()
        passed += len(chunk)


def _open_to_all(folder: Path, mode: int) -> None:
    folder.mkdir(exist_ok=True)
    folder.chmod(mode)


def _half_a_copy(file: Path, place: Path) -> Command:
    return [sys.executable, "-c", HALF_A_COPY, str(file), str(place)]


_SMB: Final = """\
[global]
interfaces = 127.0.0.1
bind interfaces only = yes
server role = standalone server
disable netbios = yes
load printers = no
map to guest = bad user
guest account = root
smb2 max write = 65536
"""
_SMB_SHARES: Final = """
[in]
path = {folder}/in
guest ok = yes
writable = yes
[out]
path = {folder}/out
guest ok = yes
"""
_FTP: Final = """\
listen=YES
listen_address=127.0.0.1
listen_port={port}
background=NO
anonymous_enable=YES
no_anon_password=YES
anon_root={folder}
ftp_username={user}
nopriv_user={user}
write_enable=YES
anon_upload_enable=YES
anon_mkdir_write_enable=YES
anon_other_write_enable=YES
anon_umask=022
secure_chroot_dir={folder}/nothing
seccomp_sandbox=NO
pasv_address=127.0.0.1
"""
_RSYNC: Final = """\
use chroot = no
uid = 0
gid = 0
[in]
path = {folder}/in
read only = no
[out]
path = {folder}/out
"""
