"""The commands that look: status, jobs, charges. They read the journal, daemon or not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from hotfolder.account.charges import By, Line, lines, lines_json, write_csv
from hotfolder.cli import job_pages, render, shown
from hotfolder.cli.configured import (
    own_state,
    seen_config,
)
from hotfolder.cli.options import ConfigOption, JsonOption, LogLevelOption
from hotfolder.cli.plain_log import set_up_plain_log
from hotfolder.domain.errors import OperatorError
from hotfolder.domain.states import State
from hotfolder.journal import reading
from hotfolder.journal.reader import Reader


def status(
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    json: JsonOption = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show it anew every second, until Ctrl-C.")
    ] = False,
) -> None:
    """Show the watches, how many files are what, holds, and what has been charged.

    Example: hotfolder status --json
    """
    set_up_plain_log(log_level)
    if watch:
        if json or not sys.stdout.isatty():
            raise OperatorError("--watch is for a terminal; ask anew with --json instead")
        shown.watch_status(config_file)
    else:
        shown.status(config_file, json=json)


def jobs(
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    state: Annotated[
        State | None, typer.Option(metavar="STATE", help="Only the jobs in this state.")
    ] = None,
    watch: Annotated[
        str | None, typer.Option(metavar="WATCH", help="Only the jobs of this watch.")
    ] = None,
    last: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only the newest so many.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Only those accepted or ended since: 2h, 3d, yesterday, 14:30, 2026-11-28.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """List the jobs with their outputs, charges and reasons.

    States: accepted, uploaded, submitting, running, finished, fetched, done, failed, in_doubt,
    cancelled.

    Example: hotfolder jobs --state failed --since yesterday
    """
    set_up_plain_log(log_level)
    shown.jobs(config_file, state=state, watch=watch, since=since, last=last, json=json)


def charges(
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    by: Annotated[By, typer.Option(help="What the charges are added up by.")] = By.DAY,
    csv: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write them to this file for a spreadsheet."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show what has been charged, by day, watch, rule or model.

    FREE counts the pictures that got the paid result of another one, and edits without a charge.
    Charges that could not be read are in no sum; the jobs that have one are named beside it.

    Example: hotfolder charges --by watch --csv charges.csv
    """
    set_up_plain_log(log_level)
    wanted = seen_config(config_file)
    try:
        with own_state(wanted), Reader(wanted.state_dir, wanted.journal.url) as reader:
            listed = reader.read(lines, by)
            unreadable = reader.read(reading.unreadable_charges)
    except FileNotFoundError:
        listed, unreadable = [], {}
    if csv is not None:
        _write_csv(csv, by, listed)
    if json:
        render.print_json(lines_json(by, listed))
    elif csv is None:
        render.console().print(job_pages.charges(by, listed, unread=bool(unreadable)))
    if unreadable:
        render.console(sys.stderr).print(job_pages.unreadable_charges(unreadable))


def _write_csv(path: Path, by: By, listed: list[Line]) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as stream:
            write_csv(stream, by, listed)
    except OSError as error:
        raise OperatorError(f"{path} cannot be written: {error.strerror}") from error
