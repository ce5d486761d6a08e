"""The redactor of this process, and what Python itself writes: tracebacks.

A command is a process of its own. So there is one redactor for all of it, which whoever works with
a secret makes learn it.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from types import TracebackType
from typing import Final

from hotfolder.domain.redaction import Redactor

REDACTOR: Final = Redactor()


class RedactedLines(logging.Formatter):
    """The plain log of a command that only looks, without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as a line, and its traceback."""
        return REDACTOR.text(super().format(record))


def cover_tracebacks() -> None:
    """Have the tracebacks that Python prints by itself redacted, those of threads included."""
    sys.excepthook = _print
    sys.unraisablehook = lambda made: _print(made.exc_type, made.exc_value, made.exc_traceback)
    threading.excepthook = lambda made: _print(made.exc_type, made.exc_value, made.exc_traceback)


def _print(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    lines = traceback.format_exception(kind, error, trace)
    sys.stderr.write(REDACTOR.text("".join(lines)))
