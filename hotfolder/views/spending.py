"""Where the money went: by day, watch, rule and model, within a span of days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from decimal import Decimal

from hotfolder import config
from hotfolder.domain.days import day_of, start_of_day
from hotfolder.journal import browsing, memory, reading
from hotfolder.journal.browsing import ChargedRow
from hotfolder.journal.reading import AtRisk
from hotfolder.journal.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """What was charged for one thing: how many edits, and how many of them were free."""

    key: str
    edits: int
    free: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Charges of one currency over some days; `days` has one for each, the newest last."""

    currency: str | None
    days: list[Sum]
    watches: list[Sum]
    rules: list[Sum]
    models: list[Sum]
    total: Decimal
    edits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """All charges of a span, by currency, what doubts put at risk, and what reuse saved."""

    currencies: list[Money]
    at_risk: AtRisk
    saved: Decimal
    reused: int
    budget: Decimal | None
    currency: str | None


def spending(
    session: Session, wanted: config.Config, days: int, zone: tzinfo | None = None
) -> Spent:
    """Return what was charged in the last so many days, today included."""
    today = day_of(session.now, zone)
    first = today - timedelta(days=days - 1)
    since = start_of_day(session.now - timedelta(days=days - 1), zone)
    by_currency: defaultdict[str | None, list[ChargedRow]] = defaultdict(list)
    for row in browsing.charged(session, since):
        by_currency[row.currency].append(row)
    reused = browsing.reused(session, since)
    return Spent(
        currencies=[_money(each, rows, first, today, zone) for each, rows in by_currency.items()],
        at_risk=reading.at_risk(session),
        saved=sum((amount * count for amount, _, count in reused if amount), Decimal(0)),
        reused=sum(count for *_, count in reused),
        budget=wanted.limits.daily_charge or None,
        currency=memory.currency(session),
    )


def _money(
    currency: str | None, rows: list[ChargedRow], first: date, today: date, zone: tzinfo | None
) -> Money:
    by_day = {each.key: each for each in _sums(rows, lambda row: day_of(row.at, zone).isoformat())}
    span = [first + timedelta(days=number) for number in range((today - first).days + 1)]
    nothing = Decimal(0)
    return Money(
        currency=currency,
        days=[
            by_day.get(key, Sum(key=key, edits=0, free=0, amount=nothing))
            for key in (each.isoformat() for each in span)
        ],
        watches=_dearest(_sums(rows, lambda row: row.watch)),
        rules=_dearest(_sums(rows, lambda row: f"{row.watch}/{row.rule}")),
        models=_dearest(_sums(rows, lambda row: row.model)),
        total=sum((row.amount * row.count for row in rows), nothing),
        edits=sum(row.count for row in rows),
    )


def _sums(rows: Iterable[ChargedRow], key: Callable[[ChargedRow], str]) -> list[Sum]:
    groups: defaultdict[str, list[ChargedRow]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return [
        Sum(
            key=each,
            edits=sum(row.count for row in found),
            free=sum(row.count for row in found if not row.amount),
            amount=sum((row.amount * row.count for row in found), Decimal(0)),
        )
        for each, found in groups.items()
    ]


def _dearest(sums: list[Sum]) -> list[Sum]:
    return sorted(sums, key=lambda each: (-each.amount, each.key))
