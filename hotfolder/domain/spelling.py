"""How names and amounts are spelt for people: a file's name is a stranger's text."""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from typing import Final

# At the head of a spreadsheet's cell each of these begins a formula, or hides one.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def shown(name: str) -> str:
    """Return a file name that may be printed: control, bidi and broken characters escaped."""
    if name.isascii() and name.isprintable():
        return name
    return "".join(each if _printable(each) else _escaped(each) for each in name)


def quoted(name: str, longest: int) -> str:
    """Return a name, or another's words, for a message to people: printable, calling nobody.

    Chats take `@everyone` and `<!channel>` for calls; a character without width keeps them from it.
    """
    line = shown(name)
    if len(line) > longest:
        line = f"{line[: longest - 1]}…"
    return line.replace("@", "@\N{ZERO WIDTH SPACE}").replace("<", "<\N{ZERO WIDTH SPACE}")


def cell(text: str) -> str:
    """Return a text as a cell of a table that spreadsheets open: never a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def money(amount: Decimal | None, currency: str | None = None) -> str:
    """Return an amount as people write it."""
    if amount is None:
        return "-"
    return f"{amount.normalize():f}{f' {currency}' if currency else ''}"


def _printable(character: str) -> bool:
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004  a broken byte as os.fsdecode gives it
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
