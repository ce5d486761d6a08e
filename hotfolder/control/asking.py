"""The Unix socket that carries wishes to the daemon: the asker's end."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from hotfolder.domain.errors import OperatorError

SOCKET_NAME: Final = "control.sock"
ANSWER_TIMEOUT_S: Final = 150.0


def send(folder: Path, action: str, request: dict[str, Any]) -> list[str]:
    """Ask the daemon of a state directory; blocks until it answers.

    Raises ConnectionError or FileNotFoundError where none listens, OperatorError where it
    cannot be done.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_TIMEOUT_S)
        with socket_path(folder) as path:
            connection.connect(path)
        connection.sendall(json.dumps({"action": action, **request}).encode() + b"\n")
        with connection.makefile("rb") as stream:
            line = stream.readline()
    if not line:
        raise ConnectionError("the daemon gave no answer")
    answer = json.loads(line)
    if not answer["ok"]:
        raise OperatorError(answer["error"])
    return list(answer["lines"])


@contextlib.contextmanager
def socket_path(folder: Path) -> Iterator[str]:
    """Give a short spelling of the socket's path: the kernel takes 108 bytes at most."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{handle}/{SOCKET_NAME}"
    finally:
        os.close(handle)
