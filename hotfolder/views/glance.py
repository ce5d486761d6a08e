"""How it stands in a few numbers, cheap enough to be asked for every second."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hotfolder import config
from hotfolder.journal import budgets, counts, memory
from hotfolder.journal.budgets import Budget
from hotfolder.journal.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """The files of all watches by what became of them, and the money of today."""

    under_way: int
    waiting: int
    done: int
    failed: int
    spent: Decimal
    currency: str | None


def glance(session: Session, wanted: config.Config) -> Glance:
    """Return how it stands; the day begins at midnight of this machine's zone."""
    names = {watch.name for watch in wanted.watch}
    found = [each for watch, each in counts.counts(session).items() if watch in names]
    today = Budget(watch=None, limit=wanted.limits.daily_charge, key="", zone=None)
    return Glance(
        under_way=sum(each.under_way for each in found),
        waiting=sum(each.waiting for each in found),
        done=sum(each.done for each in found),
        failed=sum(each.failed for each in found),
        spent=budgets.spent(session, today),
        currency=memory.currency(session),
    )
