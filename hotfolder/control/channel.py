"""The Unix socket that carries wishes to the daemon: both its ends.

A wish is a small JSON object, the answer `{"ok": true, "lines": […]}` or
`{"ok": false, "error": "…"}`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import structlog

from hotfolder.control.control import Control
from hotfolder.domain.errors import HotfolderError, OperatorError

SOCKET_NAME: Final = "control.sock"
LARGEST_WISH_BYTES: Final = 1024 * 1024
ANSWER_TIMEOUT_S: Final = 150.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.control")


async def serve(control: Control, folder: Path) -> asyncio.Server:
    """Listen for wishes in the state directory; only its owner and root are heard."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    (folder / SOCKET_NAME).unlink(missing_ok=True)
    with _socket_path(folder) as path:
        listener.bind(path)
    (folder / SOCKET_NAME).chmod(0o600)

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answer = await _answer(control, reader, writer)
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        except (ConnectionError, ValueError):
            log.info("control.broken_off")
        finally:
            writer.close()

    return await asyncio.start_unix_server(hear, sock=listener, limit=LARGEST_WISH_BYTES)


async def _answer(
    control: Control, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> dict[str, Any]:
    if _peer(writer) not in (0, os.geteuid()):
        return {"ok": False, "error": "only the daemon's own user may do this"}
    try:
        wish = json.loads(await reader.readline())
        action = str(wish.pop("action"))
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError):
        return {"ok": False, "error": "this is not a wish"}
    try:
        return {"ok": True, "lines": await control.grant(action, wish)}
    except HotfolderError as error:
        return {"ok": False, "error": str(error)}


def _peer(writer: asyncio.StreamWriter) -> int:
    connection: socket.socket = writer.get_extra_info("socket")
    size = struct.calcsize("3i")
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    user: int = struct.unpack("3i", credentials)[1]
    return user


def send(folder: Path, action: str, wish: dict[str, Any]) -> list[str]:
    """Ask the daemon of a state directory; blocks until it answers.

    Raises ConnectionError or FileNotFoundError where none listens, OperatorError where it
    cannot be done.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_TIMEOUT_S)
        with _socket_path(folder) as path:
            connection.connect(path)
        connection.sendall(json.dumps({"action": action, **wish}).encode() + b"\n")
        with connection.makefile("rb") as stream:
            line = stream.readline()
    if not line:
        raise ConnectionError("the daemon gave no answer")
    answer = json.loads(line)
    if not answer["ok"]:
        raise OperatorError(answer["error"])
    return list(answer["lines"])


@contextlib.contextmanager
def _socket_path(folder: Path) -> Iterator[str]:
    """Give a short spelling of the socket's path: the kernel takes 108 bytes at most."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{handle}/{SOCKET_NAME}"
    finally:
        os.close(handle)
