"""Setting up the log: sentences for people, or JSON lines for machines; secrets are taken out.

Other libraries' lines and warnings go through the same pipe. Loggers that would write whole URLs at
INFO are quiet. Where the lines go to systemd's journal, each begins with its priority, which the
journal takes off: `journalctl -p warning` finds what matters.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from typing import Any, Final, TextIO

import structlog

from hotfolder.domain.redaction import without_credentials

# Puts an event into a line for people; None = nothing is told of it.
Tell = Callable[[structlog.typing.EventDict], str | None]

# sd-daemon(3): what journald takes a line for by its first characters. Libraries have levels of
# their own besides, Apprise a "deprecation warning".
_PRIORITIES: Final = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to what sys.stderr is at that moment, so that a progress bar is not torn."""

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    @stream.setter
    def stream(self, stream: TextIO) -> None:
        pass


def configure(
    level: str,
    *,
    shown: Callable[[str], str] = ascii,
    redact: Callable[[str], str] = without_credentials,
    tell: Tell | None = None,
) -> None:
    """Send the log of this program and its libraries to standard error.

    `shown` makes a text, such as a file name, fit for a terminal; `redact` takes secrets
    out of one. `tell` puts an event into a line for people, None = it is not told; without it
    there are all events, on a terminal in a developer's format and elsewhere in JSON.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
        _redacting(redact),
    ]
    terminal = sys.stderr.isatty()
    if terminal or tell:
        shared.append(_printing(shown))
    renderer = _told if tell else _console() if terminal else _json()
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            *([_dropping(tell)] if tell else []),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    _send_to_standard_error(level, shared, renderer)


def _send_to_standard_error(
    level: str, shared: list[structlog.typing.Processor], renderer: structlog.typing.Processor
) -> None:
    """Have all that is logged rendered and written, that of libraries without their chatter."""
    output = _StandardError()
    output.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [output]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    for name in ("httpx", "httpcore", "watchdog", "PIL", "asyncio", "uvicorn"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _printing(shown: Callable[[str], str]) -> structlog.typing.Processor:
    """Return what makes an event's values fit for a terminal."""

    def printable(
        _logger: Any,  # noqa: ANN401  structlog's signature
        _method: str,
        event: structlog.typing.EventDict,
    ) -> structlog.typing.EventDict:
        return {key: _printable(key, value, shown) for key, value in event.items()}

    return printable


def _redacting(redact: Callable[[str], str]) -> structlog.typing.Processor:
    """Return what takes secrets out of an event's values."""

    def redacted(
        _logger: Any,  # noqa: ANN401  structlog's signature
        _method: str,
        event: structlog.typing.EventDict,
    ) -> structlog.typing.EventDict:
        return {
            key: value if key.startswith("_") else _redacted(value, redact)
            for key, value in event.items()
        }

    return redacted


def _dropping(tell: Tell) -> structlog.typing.Processor:
    """Return what puts events into lines, and drops those of which nothing is told."""

    def told(
        _logger: Any,  # noqa: ANN401  structlog's signature
        _method: str,
        event: structlog.typing.EventDict,
    ) -> structlog.typing.EventDict:
        line = tell(event)
        if line is None:
            raise structlog.DropEvent
        return {**event, "_line": line}

    return told


def _told(
    _logger: Any,  # noqa: ANN401  structlog's signature
    _method: str,
    event: structlog.typing.EventDict,
) -> str:
    """Return an event's line; other libraries' events have none of their own."""
    return str(event.get("_line") or f"{event['level']}: {event['event']}")


def _console() -> structlog.typing.Processor:
    return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)


def _json() -> structlog.typing.Processor:
    written = structlog.processors.JSONRenderer(ensure_ascii=True)
    if not is_heard_by_journal():
        return written

    def with_priority(
        logger: Any,  # noqa: ANN401  structlog's signature
        method: str,
        event: structlog.typing.EventDict,
    ) -> str:
        priority = _PRIORITIES.get(event["level"], _PRIORITIES["warning"])
        return f"<{priority}>{written(logger, method, event)!s}"

    return with_priority


def is_heard_by_journal() -> bool:
    """Return whether standard error is the stream to systemd's journal, as systemd.exec(5) says."""
    try:
        stream = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{stream.st_dev}:{stream.st_ino}"


def _redacted(value: object, redact: Callable[[str], str]) -> object:
    match value:
        case str():
            return redact(value)
        case None | bool() | int() | float():
            return value
        case list() | tuple() | set() | frozenset():
            return [_redacted(each, redact) for each in value]
        case dict():
            return {key: _redacted(each, redact) for key, each in value.items()}
    return redact(repr(value))


def _printable(key: str, value: object, shown: Callable[[str], str]) -> object:
    if not isinstance(value, str):
        return value
    if key == "exception":
        return "\n".join(shown(line) for line in value.split("\n"))
    return shown(value)
