"""The last line of a terminal while the daemon runs: how it stands, seen once a second."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from rich.console import RenderableType
from rich.live import Live
from rich.text import Text

from hotfolder import config, views
from hotfolder.cli import render
from hotfolder.domain.errors import HotfolderError
from hotfolder.journal.reader import Reader
from hotfolder.views.glance import Glance, glance

LOOK_S: Final = 1.0
# The pace is that of the last minutes.
REMEMBERED_S: Final = 300.0


class Pace:
    """How many files are done in a minute, told from when how many were."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def per_minute(self, now_s: float, done: int) -> float:
        """Take in how many are done now; returns 0 while nothing can be said."""
        self._seen.append((now_s, done))
        while now_s - self._seen[0][0] > REMEMBERED_S:
            self._seen.popleft()
        began_s, before = self._seen[0]
        passed_s = now_s - began_s
        return 60 * (done - before) / passed_s if passed_s else 0.0


def words(seen: Glance, per_minute: float) -> str:
    """Return how it stands, in a line."""
    told = [f"{seen.under_way} under way", f"{seen.done} done"]
    told += [f"{seen.waiting} waiting"] if seen.waiting else []
    told += [f"{seen.failed} failed"] if seen.failed else []
    told.append(f"{views.money(seen.spent, seen.currency)} today")
    if per_minute > 0:
        told.append(f"{per_minute:.0f} a minute" if per_minute >= 1 else "less than 1 a minute")
        if seen.under_way:
            told.append(f"{_left(seen.under_way / per_minute)} left")
    return ", ".join(told)


def _left(minutes: float) -> str:
    if minutes < 1:
        return "under a minute"
    hours, rest = divmod(round(minutes), 60)
    return f"{hours} h {rest} min" if hours else f"{rest} min"


@contextmanager
def line(wanted: config.Config, *, shown: bool) -> Iterator[None]:
    """Show how it stands below all other lines while the block runs; it is wiped away then."""
    if not shown:
        yield
        return
    ended = threading.Event()
    with Live(
        Text(), console=render.console(sys.stderr), transient=True, auto_refresh=False
    ) as screen:
        looking = threading.Thread(target=_look, args=(wanted, screen, ended), daemon=True)
        looking.start()
        try:
            yield
        finally:
            ended.set()
            looking.join()


def _look(wanted: config.Config, screen: Live, ended: threading.Event) -> None:
    pace = Pace()
    while not ended.wait(LOOK_S):
        with suppress(OSError, HotfolderError), Reader(wanted.state_dir) as reader:
            seen = reader.read(glance, wanted)
            told = words(seen, pace.per_minute(time.monotonic(), seen.done))
            text = Text(told, style="bold", no_wrap=True, overflow="ellipsis")
            screen.update(text, refresh=True)


def watch(page: Callable[[], RenderableType]) -> None:
    """Show a page on the whole terminal, anew every second, until Ctrl-C."""
    with suppress(KeyboardInterrupt), Live(page(), console=render.console(), screen=True) as screen:
        while True:
            time.sleep(LOOK_S)
            screen.update(page(), refresh=True)
