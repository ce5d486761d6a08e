"""An answer as it came, and its fields, read warily: the service keeps to no type."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any, Final

from hotfolder.domain.redaction import without_credentials

MOST_AT_ONCE: Final = 10_000
LONGEST_CODE: Final = 40
LONGEST_WORDS: Final = 4000
LARGEST_NUMBER: Final = Decimal(10) ** 12  # what is larger is nonsense, and would break sums


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def parsed(body: bytes) -> object:
    """Return what a body holds as JSON, None where it is none or says a thing twice."""
    try:
        return json.loads(body, object_pairs_hook=_unambiguous)
    except (ValueError, RecursionError):
        return None


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return read


def code_and_words(body: object) -> tuple[str, str]:
    """Return the service's code in an answer, and its words; "" for what is not there.

    A service may quote what it was sent: credentials and what links are signed with are left out.
    """
    if not isinstance(body, dict):
        return "", ""
    code = body.get("errorCode")
    if code in (None, ""):
        code = body.get("code")
    said = first_text(body, "errorMessage", "msg", "message")
    listed = body.get("errorMessages")
    if not said and isinstance(listed, list):
        said = "; ".join(filter(None, map(text, listed)))
    return without_credentials(scalar(code)[:LONGEST_WORDS])[:LONGEST_CODE], words(said)


def words(said: str) -> str:
    """Return what the service says as it may be told: not too long, and without secrets."""
    return without_credentials(said[:LONGEST_WORDS])


def text(stated: object) -> str:
    """Return a text, "" for whatever is none."""
    return storable(stated) if isinstance(stated, str) else ""


def scalar(stated: object) -> str:
    """Return a text or a whole number as a text, "" for whatever is neither."""
    is_number = isinstance(stated, int) and not isinstance(stated, bool)
    return str(stated) if is_number else text(stated)


def first_text(holder: dict[str, Any], *keys: str) -> str:
    """Return the first text that stands under one of some keys, "" where none does."""
    return next(filter(None, (text(holder.get(key)) for key in keys)), "")


def decimal(stated: object) -> Decimal | None:
    """Return a number, whatever type it is sent as; None for whatever is no sane one."""
    if not isinstance(stated, str | int | float) or isinstance(stated, bool):
        return None
    try:
        number = Decimal(str(stated).strip())
    except InvalidOperation:
        return None
    sane = number.is_finite() and -LARGEST_NUMBER < number < LARGEST_NUMBER
    return number if sane else None


def count(stated: object) -> int | None:
    """Return how many there are, None for whatever is no number."""
    number = decimal(stated)
    return None if number is None or number < 0 else int(min(number, Decimal(MOST_AT_ONCE)))


def date(header: str) -> datetime | None:
    """Return the time in a Date header, or None where there is none."""
    try:
        found = parsedate_to_datetime(header)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def storable(text: str) -> str:
    """Strip a text; half characters, which JSON can hold and SQLite cannot, become "?"."""
    return text.strip().encode(errors="replace").decode()
