"""Budgets: what was spent today or is about to be, and the stop before a limit is passed.

The charges of a day count, and the estimates of all that nobody knows the end of: what runs, what
is in doubt, and what was in doubt and was given up. The day is that of the intent. What is held
here lets go by itself: on the next day, when a limit is raised, or when money turns out not to
have been spent.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal

from hotfolder.domain import price_failures
from hotfolder.domain.days import start_of_day
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Estimate, Job
from hotfolder.domain.money import COINS
from hotfolder.domain.price_failures import PRICE_UNKNOWN
from hotfolder.journal import holds
from hotfolder.journal.session import Session, to_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much may be charged in a day, in the account's currency: by one watch, or (None) all.

    `coins`: it counts coins, which runs of apps and workflows cost, and no money.
    `key` is the config's name for it; `zone` is the owner's time zone, None = this machine's.
    """

    watch: str | None
    limit: Decimal
    key: str
    zone: tzinfo | None = None
    coins: bool = False

    @property
    def scope(self) -> str:
        """What is held when it is used up."""
        return holds.ACCOUNT if self.watch is None else holds.watch_scope(self.watch)


def last_charge(session: Session, price_key: str, site: str) -> Estimate | None:
    """Return what the last edit of the same model and price parameters was charged at a site.

    None where none was, or all of them were free.
    """
    row = session.row("last_charge", price_key=price_key, site=site)
    if row is not None:
        return Estimate(amount=Decimal(row["charge"]), currency=row["currency"])
    row = session.row("last_coins", price_key=price_key, site=site)
    return None if row is None else Estimate(amount=Decimal(row["amount"]), currency=COINS)


def spent(session: Session, budget: Budget) -> Decimal:
    """Return what counts against a budget today."""
    since = to_ms(start_of_day(session.now, budget.zone))
    if budget.coins:
        coins = session.rows("coins_since", since=since)
        return sum((Decimal(row["amount"]) for row in coins), Decimal(0))
    rows = session.rows("not_yet_charged", since=since, watch=budget.watch)
    if budget.watch is None:
        rows += session.rows("spent_in_all", since=since)
    else:
        rows += session.rows("spent_by_watch", since=since, watch=budget.watch)
    return sum((Decimal(row["amount"]) * row["count"] for row in rows), Decimal(0))


def refuse(
    session: Session, job: Job, budgets: Collection[Budget], expected: Estimate
) -> tuple[str, Failure, bool] | None:
    """Hold what may not be submitted within the budgets: coins are none of a budget of money.

    Returns the scope, why, and whether the hold is new; None where the job may be submitted.
    """
    estimate = expected.amount
    for budget in budgets:
        if estimate is not None and budget.coins != (expected.currency == COINS):
            continue
        if estimate is None:
            scope, failure = holds.rule_scope(job.watch, job.plan.rule), PRICE_UNKNOWN
        elif estimate > budget.limit:  # no day has room for it: let it keep nobody else waiting
            scope = holds.rule_scope(job.watch, job.plan.rule)
            failure = price_failures.too_dear(budget.key, budget.limit, estimate)
        elif (already := spent(session, budget)) + estimate > budget.limit:
            own = holds.rule_scope(job.watch, job.plan.rule)  # money has room all the same
            scope = own if budget.coins else budget.scope
            failure = price_failures.budget_spent(budget.key, budget.limit, already, estimate)
        else:
            continue
        is_new = holds.stop(session, scope, failure)
        needs = None if estimate is None else str(estimate)
        session.change("set_needs", scope=scope, code=failure.code, needs=needs)
        return scope, failure, is_new
    return None


def let_go(session: Session, budgets: Collection[Budget]) -> list[str]:
    """Drop the holds over budgets that have room again; returns the scopes that were held."""
    held = session.rows("holds_to_let_go", code=price_failures.BUDGET_SPENT)
    by_scope = {budget.scope: budget for budget in budgets if not budget.coins}
    coins = next((budget for budget in budgets if budget.coins), None)
    return [
        row["scope"]
        for row in held
        if _has_room(
            session,
            coins if holds.is_of_rule(row["scope"]) else by_scope.get(row["scope"]),
            Decimal(row["needs"] or 0),
        )
        and holds.drop(session, row["scope"], price_failures.BUDGET_SPENT)
    ]


def reconsider(session: Session) -> None:
    """Let what was held for its price be looked at again: a config may say otherwise now."""
    for code in (PRICE_UNKNOWN.code, price_failures.TOO_DEAR):
        for row in session.rows("holds_with_code", code=code):
            holds.drop(session, row["scope"], code)


def _has_room(session: Session, budget: Budget | None, needs: Decimal) -> bool:
    if budget is None:
        return True
    return spent(session, budget) + min(needs, budget.limit) <= budget.limit
