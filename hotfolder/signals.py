"""What the program's signals ask for: to stop, or to read the config again."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass, field
from typing import Final

STOPPED_AT_ONCE: Final = 130


@dataclass(frozen=True, slots=True)
class Requests:
    """What was asked for by signals."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    reload: asyncio.Event = field(default_factory=asyncio.Event)


def listen(loop: asyncio.AbstractEventLoop) -> Requests:
    """Return what SIGTERM, SIGINT (stop) and SIGHUP (reload) will ask for.

    The second wish to stop ends the process at once, which is safe: a submit without its answer
    is found in doubt at the next start. A SIGHUP because the terminal was closed stops, too,
    unless SIGHUP was ignored at the start, as nohup does.
    """
    requests = Requests()
    at_terminal = _has_terminal() and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN

    def on_stop() -> None:
        if requests.stop.is_set():
            os._exit(STOPPED_AT_ONCE)
        requests.stop.set()

    def on_hangup() -> None:
        if at_terminal and not _has_terminal():
            requests.stop.set()
        else:
            requests.reload.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_stop)
    loop.add_signal_handler(signal.SIGHUP, on_hangup)
    return requests


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
