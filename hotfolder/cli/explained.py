"""What explain shows."""

from __future__ import annotations

from pathlib import Path

from hotfolder import config, control, views
from hotfolder.cli import job_pages, render
from hotfolder.cli.configured import commands, own_state, seen_config
from hotfolder.domain.errors import OperatorError
from hotfolder.journal import reading
from hotfolder.journal.lock import is_locked
from hotfolder.journal.reader import Reader
from hotfolder.views import explaining


def explain(path: Path, config_file: Path | None = None, *, json: bool = False) -> None:
    """Show why a file is where it is. Raises ConfigError, OperatorError, JournalError."""
    wanted = seen_config(config_file)
    with own_state(wanted):
        daemon = is_locked(wanted.state_dir)
    settling = _settling(wanted, path) if daemon else None
    told, lines = _explained(wanted, path, settling=settling, daemon=daemon)
    if json:
        render.print_json(views.explanation_json(told))
    else:
        render.console().print(job_pages.explanation(told, lines, commands(config_file)))


def _explained(
    wanted: config.Known, path: Path, *, settling: str | None, daemon: bool
) -> tuple[views.Explanation, list[reading.HistoryLine]]:
    try:
        with own_state(wanted), Reader(wanted.state_dir, wanted.journal.url) as reader:
            told = reader.read(explaining.explain, wanted, path, settling=settling, daemon=daemon)
            lines = reader.read(reading.history, told.job.job.id) if told.job else []
    except FileNotFoundError:
        told = explaining.explain(None, wanted, path, settling=settling, daemon=daemon)
        lines = []
    return told, lines


def _settling(wanted: config.Known, path: Path) -> str | None:
    found = explaining.place(path, wanted)
    if found is None:
        return None
    watch, relative = found
    try:
        wish = {"watch": watch.name, "path": relative}
        lines = control.send(wanted.state_dir, "settling", wish)
    except (OSError, OperatorError):
        return None
    return lines[0] if lines else None
