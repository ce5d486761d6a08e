"""Words, amounts and tables -> terminal. File names are Text, never markup, and never raw."""

from __future__ import annotations

import json
import re
import sys
from decimal import Decimal
from typing import IO, Any, Final, cast

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hotfolder.domain import spelling

WIDE = 200
_PADDING: Final = re.compile(r" +(?=\n)")
SHORT = frozenset(
    {"PAID", "FREE", "DAY", "JOB", "STATE", "CHARGE", "SINCE", "JOBS", "ESTIMATE", "WHEN", "WHAT"}
)


def console(stream: IO[str] | None = None) -> Console:
    """Return a console; one that is no terminal is wide, so that nothing is cut for scripts.

    Nor are its lines padded then.
    """
    stream = stream or sys.stdout
    if stream.isatty():
        return Console(file=stream, highlight=False, emoji=False)
    return Console(file=_unpadded(stream), highlight=False, width=WIDE, emoji=False)


class _Unpadded:
    """Writes to a stream without the blanks at the ends of lines."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write lines, which come whole."""
        return self._stream.write(_PADDING.sub("", text))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever a stream has
        return getattr(self._stream, name)


def _unpadded(stream: IO[str]) -> IO[str]:
    return cast("IO[str]", _Unpadded(stream))


def print_json(content: Any) -> None:  # noqa: ANN401  whatever JSON takes
    """Print JSON with plain characters only, so that broken file names stay valid."""
    sys.stdout.write(json.dumps(content, indent=2) + "\n")


def name(text: str) -> Text:
    """Return a file name that may be printed."""
    return Text(spelling.shown(text))


def money(amount: Decimal | None, currency: str | None = None) -> str:
    """Return an amount as people write it."""
    return spelling.money(amount, currency)


def table(*columns: str) -> Table:
    """Return an empty table in the house style; only long columns are broken into lines."""
    plain = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for column in columns:
        plain.add_column(column, overflow="fold", no_wrap=column in SHORT)
    return plain
