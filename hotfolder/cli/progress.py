"""A progress bar on a terminal; silence elsewhere, where the log speaks."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

from hotfolder import service
from hotfolder.cli import render
from hotfolder.domain.states import ENDED, OPEN, State


@contextmanager
def bar() -> Iterator[service.Progress]:
    """Give what draws the bar when told the number of jobs by state.

    What ended before is not counted.
    """
    shown = Progress(
        TextColumn("[bold]hotfolder"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis")),
        TimeElapsedColumn(),
        console=render.console(sys.stderr),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with shown:
        task = shown.add_task("looking for files", total=None)
        before: list[int] = []

        def draw(counts: Mapping[State, int]) -> None:
            ended = sum(counts[state] for state in ENDED)
            before.append(ended) if not before else None
            going_on = {state: counts[state] for state in OPEN if counts[state]}
            total = sum(going_on.values()) + ended - before[0]
            words = ", ".join(f"{count} {state.value}" for state, count in sorted(going_on.items()))
            shown.update(
                task,
                total=total or None,
                completed=ended - before[0],
                description=words.replace("_", " ") or ("done" if total else "looking for files"),
            )

        yield draw
