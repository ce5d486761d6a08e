"""Words, amounts and tables -> terminal. File names are Text, never markup, and never raw."""

from __future__ import annotations

import itertools
import json
import re
import sys
from decimal import Decimal
from typing import IO, Any, Final, cast

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.table import Column, Table
from rich.text import Text

from hotfolder.domain import spelling

WIDE = 200
MOST_NAMED = 10  # of what is alike
_GAP: Final = 2  # blanks between two columns
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


class _Table(Table):
    """A table that is written as it is where every row fits into one line.

    Else rich folds its cells, which takes ten times as long.
    """

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the rows' segments, the header first."""
        columns = [[*self._head(column), *map(_as_text, column.cells)] for column in self.columns]
        widths = [max((cell.cell_len for cell in column), default=0) for column in columns]
        whole = sum(widths) + _GAP * (len(columns) - 1)
        if whole > options.max_width or not all(map(_is_plain, itertools.chain(*columns))):
            yield from super().__rich_console__(console, options)
            return
        gaps = [*itertools.repeat(_GAP, len(columns) - 1), 0]
        for row in zip(*columns, strict=True):
            for cell, width, gap in zip(row, widths, gaps, strict=True):
                style = console.get_style(cell.style)
                yield from Segment.apply_style(cell.render(console), style)
                yield Segment(" " * (width - cell.cell_len + gap), style)
            yield Segment.line()

    def _head(self, column: Column) -> list[Text]:
        header = Text(str(column.header), style=self.header_style)
        return [header] if self.show_header else []


def _as_text(cell: RenderableType) -> Text:
    """Return a cell as a text; one that rich must read first as several lines."""
    if isinstance(cell, Text):
        return cell
    return Text(cell if isinstance(cell, str) and "[" not in cell else "\n")


def _is_plain(cell: Text) -> bool:
    return not {"\n", "\t"} & set(cell.plain)


def table(*columns: str) -> Table:
    """Return an empty table in the house style; only long columns are broken into lines."""
    plain = _Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for column in columns:
        plain.add_column(column, overflow="fold", no_wrap=column in SHORT)
    return plain
