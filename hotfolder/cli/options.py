"""What every command takes; the commands' modules import it before they know what is asked."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hotfolder.cli.plain_log import LogLevel
from hotfolder.cli.redacting import REDACTOR

if TYPE_CHECKING:
    from hotfolder.logs import Tell


class LogFormat(enum.StrEnum):
    """Whom the log is for."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


LogFormatOption = Annotated[
    LogFormat,
    typer.Option(
        "--log-format",
        metavar="FORMAT",
        help="text = a line for each file, json = every event for machines. Default: text, "
        "under systemd json.",
        show_default=False,
    ),
]
VerboseOption = Annotated[
    bool, typer.Option("-v", "--verbose", help="Tell every step, not only what came of it.")
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "-c",
        "--config",
        metavar="FILE",
        help="The config file. Default: $HOTFOLDER_CONFIG, ./hotfolder.toml, "
        "~/.config/hotfolder/config.toml, /etc/hotfolder/config.toml.",
        show_default=False,
    ),
]
LogLevelOption = Annotated[
    LogLevel | None,
    typer.Option("--log-level", help="How much the log says (on standard error).", metavar="LEVEL"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


def set_up_log(level: LogLevel | None, default: LogLevel, tell: Tell | None = None) -> None:
    """Begin the log at the level asked for, else at a command's own.

    `tell` puts events into lines for people.
    """
    from hotfolder import logs
    from hotfolder.domain.spelling import shown

    logs.configure((level or default).value, shown=shown, redact=REDACTOR.text, tell=tell)


def for_systemd() -> bool:
    """Return whether the log goes to systemd's journal."""
    from hotfolder import logs

    return logs.is_heard_by_journal()
