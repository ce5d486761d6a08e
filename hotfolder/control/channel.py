"""The Unix socket that carries wishes to the daemon: the daemon's end.

A wish is a small JSON object, the answer `{"ok": true, "lines": […]}` or
`{"ok": false, "error": "…"}`.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
from pathlib import Path
from typing import Any, Final

import structlog

from hotfolder.control.asking import SOCKET_NAME, socket_path
from hotfolder.control.control import Control
from hotfolder.domain.errors import HotfolderError

LARGEST_WISH_BYTES: Final = 1024 * 1024
WISH_S: Final = 10.0
MOST_AT_ONCE: Final = 32

_BUSY: Final = {"ok": False, "error": "the daemon hears too many others just now: try again"}

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.control")


async def serve(control: Control, folder: Path, *, wish_s: float = WISH_S) -> asyncio.Server:
    """Listen for wishes in the state directory; only its owner and root are heard.

    A wish must be said within `wish_s` seconds, however it trickles in.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    (folder / SOCKET_NAME).unlink(missing_ok=True)
    with socket_path(folder) as path:
        listener.bind(path)
    (folder / SOCKET_NAME).chmod(0o600)

    places = asyncio.Semaphore(MOST_AT_ONCE)

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answer = _BUSY
            if not places.locked():
                async with places:
                    answer = await _answer(control, reader, writer, wish_s)
            writer.write(json.dumps(answer).encode() + b"\n")
            async with asyncio.timeout(wish_s):
                await writer.drain()
        except (ConnectionError, TimeoutError, ValueError):
            log.info("control.broken_off")
            writer.transport.abort()
        finally:
            writer.close()

    return await asyncio.start_unix_server(hear, sock=listener, limit=LARGEST_WISH_BYTES)


async def _answer(
    control: Control,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    wish_s: float,
) -> dict[str, Any]:
    if _peer(writer) not in (0, os.geteuid()):
        return {"ok": False, "error": "only the daemon's own user may do this"}
    try:
        async with asyncio.timeout(wish_s):
            line = await reader.readline()
        request = json.loads(line)
        action = str(request.pop("action"))
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError):
        return {"ok": False, "error": "this is not a wish"}
    try:
        return {"ok": True, "lines": await control.grant(action, request)}
    except HotfolderError as error:
        return {"ok": False, "error": str(error)}


def _peer(writer: asyncio.StreamWriter) -> int:
    connection: socket.socket = writer.get_extra_info("socket")
    size = struct.calcsize("3i")
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    user: int = struct.unpack("3i", credentials)[1]
    return user
