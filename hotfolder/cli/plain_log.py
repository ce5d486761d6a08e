"""The log of a command that only looks."""

from __future__ import annotations

import enum
import logging

from hotfolder.cli.redacting import RedactedLines


class LogLevel(enum.StrEnum):
    """How much the log says."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def set_up_plain_log(level: LogLevel | None) -> None:
    """Begin the log of a command that only looks: what libraries and Python itself complain of."""
    logging.basicConfig(level=(level or LogLevel.WARNING).value.upper())
    for each in logging.getLogger().handlers:
        each.setFormatter(RedactedLines(logging.BASIC_FORMAT))
    logging.captureWarnings(capture=True)
