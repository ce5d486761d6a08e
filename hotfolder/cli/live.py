"""The last line of a terminal while the daemon runs: how it stands, seen once a second."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.text import Text

from hotfolder import config, views
from hotfolder.cli import render
from hotfolder.domain.errors import HotfolderError
from hotfolder.journal.reader import Reader
from hotfolder.views.glance import Glance, glance

LOOK_S: Final = 1.0
# The pace is that of the last minutes.
REMEMBERED_S: Final = 300.0
# What of the line is left out first where it does not fit.
_LEAST_FIRST: Final = ("pace", "left", "done", "waiting")


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


def words(seen: Glance, per_minute: float, columns: int = sys.maxsize) -> str:
    """Return how it stands, in a line; where it does not fit, what matters least is left out."""
    told = {
        "under way": f"{seen.under_way} under way",
        "done": f"{seen.done} done",
        "waiting": f"{seen.waiting} waiting" if seen.waiting else "",
        "failed": f"{seen.failed} failed" if seen.failed else "",
        "today": f"{views.money(seen.spent, seen.currency)} today",
        "pace": _pace(per_minute),
        "left": f"{_left(seen.under_way / per_minute)} left"
        if per_minute and seen.under_way
        else "",
    }
    for least in _LEAST_FIRST:
        line = ", ".join(filter(None, told.values()))
        if len(line) <= columns:
            break
        del told[least]
    return ", ".join(filter(None, told.values()))


def _pace(per_minute: float) -> str:
    if per_minute <= 0:
        return ""
    return f"{per_minute:.0f} a minute" if per_minute >= 1 else "less than 1 a minute"


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
        with (
            suppress(OSError, HotfolderError),
            Reader(wanted.state_dir, wanted.journal.url) as reader,
        ):
            seen = reader.read(glance, wanted)
            per_minute = pace.per_minute(time.monotonic(), seen.done)
            told = words(seen, per_minute, screen.console.width)
            text = Text(told, style="bold", no_wrap=True, overflow="ellipsis")
            screen.update(text, refresh=True)


def watch(page: Callable[[], RenderableType]) -> None:
    """Show a page on the whole terminal, anew every second, until Ctrl-C."""
    shown = render.console()
    with suppress(KeyboardInterrupt), Live(Fitted(page()), console=shown, screen=True) as screen:
        while True:
            time.sleep(LOOK_S)
            screen.update(Fitted(page()), refresh=True)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A page as far as the terminal is high; the last line says how much more there is."""

    page: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines that fit."""
        lines = console.render_lines(self.page, options.update(height=None), pad=False)
        most = console.size.height
        left = len(lines) - most + 1 if len(lines) > most else 0
        for line in lines[: len(lines) - left]:
            yield from line
            yield Segment.line()
        if left:
            yield Text(f"… and {left} more lines: `hotfolder status` shows all", style="bold")
