"""What status, jobs and explain show: they read the journal, daemon or not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hotfolder import config, views
from hotfolder.cli import job_pages, render, status_page
from hotfolder.cli.configured import (
    commands,
    own_state,
    require_watch,
    seen_config,
    start_words,
)
from hotfolder.journal.reader import Reader

if TYPE_CHECKING:
    from rich.console import RenderableType

    from hotfolder.domain.states import State


def status(config_file: Path | None = None, *, json: bool = False) -> None:
    """Show everything at a glance. Raises ConfigError, OperatorError, JournalError."""
    seen = _seen(seen_config(config_file))
    if json:
        render.print_json(views.status_json(seen))
    else:
        render.console().print(_page(seen, config_file))


def watch_status(config_file: Path | None) -> None:
    """Show it anew every second, on a terminal. Raises as `status` does."""
    from hotfolder.cli import live

    wanted = seen_config(config_file)
    live.watch(lambda: _page(_seen(wanted), config_file))


def _page(seen: views.Status, config_file: Path | None) -> RenderableType:
    start = start_words(seen.daemon, config_file)
    return status_page.status(seen, start=start, commands=commands(config_file))


def _seen(wanted: config.Known) -> views.Status:
    try:
        with own_state(wanted), Reader(wanted.state_dir, wanted.journal.url) as reader:
            return reader.read(views.status, wanted, locked=reader.is_had())
    except FileNotFoundError:
        return views.unstarted(wanted, _copy_of_journal(wanted.whole()))


def _copy_of_journal(wanted: config.Config) -> Path | None:
    from hotfolder.journal import backup

    if wanted.journal.url:  # its copies are PostgreSQL's own
        return None
    now = datetime.now().astimezone()
    return next(reversed(backup.dailies(wanted.backups_folder, now)), None)


def jobs(
    config_file: Path | None = None,
    *,
    state: State | None = None,
    watch: str | None = None,
    since: str | None = None,
    last: int | None = None,
    json: bool = False,
) -> None:
    """Show the jobs. Raises ConfigError, OperatorError, JournalError."""
    wanted = seen_config(config_file)
    begin = _moment(since) if since else None
    require_watch(wanted, watch)
    try:
        with own_state(wanted), Reader(wanted.state_dir, wanted.journal.url) as reader:
            listed = reader.read(views.jobs, state=state, watch=watch, since=begin, last=last)
    except FileNotFoundError:
        listed = []
    if json:
        render.print_json([views.job_json(each) for each in listed])
    else:
        render.console().print(job_pages.jobs(listed, commands(config_file)))


def _moment(since: str) -> datetime:
    from hotfolder.cli.since import since as moment

    return moment(since, datetime.now(UTC))
