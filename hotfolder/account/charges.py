"""What has been charged: in all, today, and by day, watch, rule or model. All money is Decimal."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TextIO

from hotfolder.domain.days import day_of
from hotfolder.domain.money import COINS
from hotfolder.domain.spelling import cell
from hotfolder.journal import memory, reading
from hotfolder.journal.reading import Charge
from hotfolder.journal.session import Session


class By(StrEnum):
    """What charges are added up by."""

    DAY = "day"
    WATCH = "watch"
    RULE = "rule"
    MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Charges:
    """Money spent today (in the owner's time zone) and ever."""

    today: Decimal
    total: Decimal
    currency: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The charges with one key in common: how many were paid, how many cost nothing."""

    key: str
    paid: int
    free: int
    charge: Decimal
    currency: str | None


_KEYS: Final[Mapping[By, Callable[[Charge, tzinfo | None], str]]] = {
    By.DAY: lambda charge, zone: day_of(charge.at, zone).isoformat(),
    By.WATCH: lambda charge, _: charge.watch,
    By.RULE: lambda charge, _: f"{charge.watch}/{charge.rule}",
    By.MODEL: lambda charge, _: charge.model,
}
COLUMNS: Final = ("paid", "free", "charge", "currency")


def summed(session: Session, zone: tzinfo | None = None) -> Charges:
    """Return the money spent, coins left out; `zone` is the owner's, None = this machine's."""
    spent = [each for each in reading.charges(session) if each.currency != COINS]
    today = day_of(session.now, zone)
    return Charges(
        today=_sum(each.amount for each in spent if day_of(each.at, zone) == today),
        total=_sum(each.amount for each in spent),
        currency=memory.currency(session),
    )


def lines(session: Session, by: By, zone: tzinfo | None = None) -> list[Line]:
    """Return the charges added up, in the order of their keys; each currency for itself."""
    groups: defaultdict[tuple[str, str], list[Charge]] = defaultdict(list)
    for each in reading.charges(session):
        groups[_KEYS[by](each, zone), each.currency or ""].append(each)
    return [_line(key, currency, groups[key, currency]) for key, currency in sorted(groups)]


def spent_today(session: Session, zone: tzinfo | None = None) -> list[tuple[Decimal, str | None]]:
    """Return what was charged today, each currency and coins for itself."""
    today = day_of(session.now, zone).isoformat()
    return totals(line for line in lines(session, By.DAY, zone) if line.key == today)


def totals(listed: Iterable[Line]) -> list[tuple[Decimal, str | None]]:
    """Return the sum of each currency."""
    sums: dict[str | None, Decimal] = {}
    for line in listed:
        sums[line.currency] = sums.get(line.currency, Decimal(0)) + line.charge
    return [(amount, currency) for currency, amount in sums.items()]


def lines_json(by: By, listed: Sequence[Line]) -> list[dict[str, Any]]:
    """Return the promised shape of `charges --json`."""
    return [
        {
            by.value: line.key,
            "paid": line.paid,
            "free": line.free,
            "charge": float(line.charge),
            "currency": line.currency,
        }
        for line in listed
    ]


def write_csv(stream: TextIO, by: By, listed: Iterable[Line]) -> None:
    """Write the charges as a table for a spreadsheet, amounts as exact decimals.

    What a stranger could have named, be it a currency, is never a formula.
    """
    writer = csv.writer(stream)
    writer.writerow([by.value, *COLUMNS])
    for line in listed:
        amount = f"{line.charge:f}"
        writer.writerow([cell(line.key), line.paid, line.free, amount, cell(line.currency or "")])


def _line(key: str, currency: str, listed: Sequence[Charge]) -> Line:
    paid = sum(1 for each in listed if each.amount)
    return Line(
        key=key,
        paid=paid,
        free=len(listed) - paid,
        charge=_sum(each.amount for each in listed),
        currency=currency or None,
    )


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
