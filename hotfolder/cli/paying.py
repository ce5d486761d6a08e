"""What making edits anew would cost: told before, and asked where somebody can answer."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial

import typer

from hotfolder import config
from hotfolder.cli import render
from hotfolder.cli.configured import own_state
from hotfolder.journal.reader import Reader
from hotfolder.views.anew import cost_of_anew


def confirm(
    wanted: config.Config, jobs: Sequence[int], watch: str | None, *, changed: bool, agreed: bool
) -> None:
    """Say what making jobs and all that follows them anew would cost; on a terminal, ask first.

    Without `jobs` those that are stale are meant. Raises typer.Abort where the answer is no.
    """
    with own_state(wanted):
        try:
            with Reader(wanted.state_dir, wanted.journal.url) as reader:
                said = reader.read(partial(cost_of_anew, by_old_plan=changed), jobs, watch)
        except FileNotFoundError:
            return
    if said is None:
        return
    if agreed or not sys.stdin.isatty():
        render.console().print(render.name(f"{said}."))
    else:
        typer.confirm(f"{said}. Go on?", abort=True)
