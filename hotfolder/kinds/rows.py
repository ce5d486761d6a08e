"""A file of many texts: a line each, or a row each of a table as spreadsheets write it.

Runs in the workshop: it is as long as somebody made it. All of it takes time in proportion to the
file's size.
"""

from __future__ import annotations

import codecs
import csv
import itertools
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

MOST_BYTES: Final = 16 * 1024 * 1024
LONGEST_ROW: Final = 64 * 1024
MOST_COLUMNS: Final = 200
MOST_ROWS: Final = 100_000

PROMPT: Final = "prompt"
NAME: Final = "name"
PARAMS: Final = "params."
MEDIA: Final = "media."

_SEPARATORS: Final = (",", ";", "\t", "|")
_STATED: Final = re.compile(r"sep=(.)\n", re.IGNORECASE)
_NO_TEXT: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class NoRows(ValueError):
    """Nothing in the file can be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One text with what else is said for it, by column; `number` is where it stands in the file.

    `wrong` says why it cannot be taken, "" where it can.
    """

    number: int
    fields: dict[str, str] = field(default_factory=dict)
    wrong: str = ""


def read(content: bytes, *, is_table: bool) -> list[Row]:
    """Return the rows of a table, or the lines of a text. Raises NoRows."""
    text = _decoded(content)
    found = list(itertools.islice(_of_table(text) if is_table else _of_lines(text), MOST_ROWS + 1))
    if len(found) > MOST_ROWS:
        raise NoRows(f"it has more than {MOST_ROWS:,} rows: make several files of it")
    if not found:
        raise NoRows("there is no row in it but comments")
    return found


def encoded(rows: Iterable[Row]) -> bytes:
    """Return rows as a worker hands them over: a line of JSON each."""
    return b"".join(
        json.dumps([each.number, each.fields, each.wrong]).encode() + b"\n" for each in rows
    )


def decoded(content: bytes) -> list[Row]:
    """Return rows that a worker handed over, read like a stranger's. Raises ValueError."""
    found = [json.loads(line) for line in content.splitlines()]
    if len(found) > MOST_ROWS or not all(map(_is_row, found)):
        raise ValueError("these are no rows")
    return [Row(number, fields, wrong) for number, fields, wrong in found]


def _is_row(said: object) -> bool:
    match said:
        case [int() as number, dict() as fields, str()]:
            is_text = all(isinstance(each, str) for pair in fields.items() for each in pair)
            return number >= 1 and is_text and sum(map(len, fields.values())) <= LONGEST_ROW
    return False


def _decoded(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise NoRows("it is larger than 16 MiB")
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise NoRows("it is no text in UTF-8 or UTF-16: save it as CSV UTF-8") from error
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    if not plain.strip():
        raise NoRows("there is no text in it")
    return plain


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def _of_lines(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        said = _plain(line)
        if said and not said.startswith("#"):
            yield _judged(Row(number, {PROMPT: said}), len(line))


def _judged(row: Row, size: int) -> Row:
    if size > LONGEST_ROW:
        return Row(row.number, wrong="is longer than 64 KiB")
    if any(map(_NO_TEXT.search, row.fields.values())):
        return Row(row.number, wrong="holds characters that no text has")
    return row


def _of_table(text: str) -> Iterator[Row]:
    stated = _STATED.match(text)
    first = 2 if stated else 1
    body = text[stated.end() :] if stated else text
    separator = stated.group(1) if stated else _separator(body)
    csv.field_size_limit(LONGEST_ROW)
    reader = csv.reader(body.splitlines(keepends=True), delimiter=separator, skipinitialspace=True)
    columns: list[str] | None = None
    number = first
    try:
        for cells in reader:
            if columns is None:
                columns = _columns(cells)
            elif any(each.strip() for each in cells):
                yield _row(number, columns, cells)
            number = first + reader.line_num
    except csv.Error:
        reason = "cannot be read, nor what follows: it is too long, or a quote in it is not closed"
        yield Row(number, wrong=reason)


def _separator(text: str) -> str:
    """Return what stands between the columns: whatever gives the first row most known names."""
    header = text[:LONGEST_ROW].partition("\n")[0]

    def known(separator: str) -> tuple[int, int]:
        cells = next(csv.reader([header], delimiter=separator, skipinitialspace=True), [])
        return sum(_is_known(_column(each)) for each in cells), len(cells)

    return max(_SEPARATORS, key=known)


def _column(cell: str) -> str:
    """Return the name of a column as it is meant: the case of a parameter's own name counts."""
    name = _plain(cell)
    kind, dot, own = name.partition(".")
    return f"{kind.casefold()}{dot}{own}"


def _is_known(column: str) -> bool:
    is_own = any(column.startswith(each) and column != each for each in (PARAMS, MEDIA))
    return is_own or column in (PROMPT, NAME)


def _columns(cells: list[str]) -> list[str]:
    columns = [_column(each) for each in cells]
    if not any(map(_is_known, columns)) or len(columns) > MOST_COLUMNS:
        raise NoRows(
            "its first row must name its columns: prompt, name, params.X and media.ROLE are known"
        )
    return columns


def _row(number: int, columns: list[str], cells: list[str]) -> Row:
    if len(cells) > len(columns) and any(each.strip() for each in cells[len(columns) :]):
        return Row(number, wrong=f"has more than the {len(columns)} columns that are named")
    fields: dict[str, str] = {}
    for column, cell in zip(columns, cells, strict=False):
        said = _plain(cell)
        if not said:
            continue
        if not _is_known(column):
            named = f"the column {column[:40]!r}" if column else "a column without a name"
            return Row(number, wrong=f"has something in {named}, which is not known here")
        if column in fields:
            return Row(number, wrong=f"has something in two columns that are named {column[:40]!r}")
        fields[column] = said
    return _judged(Row(number, fields), sum(map(len, cells)))
