"""What a task was charged, as the service says it: two fees that add up, and coins beside them.

The API's fee and the fee for the run are amounts of their own. Where `usage` says nothing, the
sub-tasks of `taskUsageList` may. What stands for an amount and is none is a charge that cannot be
read, and so is what was consumed of anything else (tokens): it is never taken for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from hotfolder.domain.paid import Charge
from hotfolder.runninghub import fields

LONGEST_QUOTE: Final = 40
_MONEY: Final = ("thirdPartyConsumeMoney", "consumeMoney")
_COINS: Final = ("consumeCoins",)


def charge(body: dict[str, Any]) -> Charge:
    """Return the charge in an answer to a query."""
    usages = list(_usages(body))
    money = [each[key] for each in usages for key in _MONEY if _is_said(each.get(key))]
    coins = [each[key] for each in usages for key in _COINS if _is_said(each.get(key))]
    unreadable = [str(each) for each in (*money, *coins) if not _is_amount(each)]
    unreadable += [said for each in usages for said in _of_something_else(each)]
    quote = fields.storable(unreadable[0])[:LONGEST_QUOTE] if unreadable else ""
    return Charge(money=_sum(money), coins=_sum(coins), unreadable=quote)


def _usages(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what says amounts: the task's own usage, else that of each of its sub-tasks."""
    usage, listed = body.get("usage"), body.get("taskUsageList")
    if usage and not isinstance(usage, dict):
        yield {"consumed": usage}
    if isinstance(usage, dict) and any(_is_said(usage[key]) for key in usage if _is_charge(key)):
        yield usage
        return
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict):
            within = each.get("usage")
            yield within if isinstance(within, dict) else each


def _of_something_else(usage: dict[str, Any]) -> Iterator[str]:
    for key, stated in usage.items():
        is_known = key in (*_MONEY, *_COINS) or not _is_charge(key)
        if not is_known and _is_said(stated) and fields.decimal(stated) != 0:
            yield f"{key} {stated}"


def _is_charge(key: str) -> bool:
    return key in _MONEY or key.lower().startswith("consume")


def _is_said(stated: object) -> bool:
    return stated is not None and (not isinstance(stated, str) or bool(stated.strip()))


def _is_amount(stated: object) -> bool:
    """Whether an amount can be read; less than nothing is none, and would widen a budget."""
    number = fields.decimal(stated)
    return number is not None and number >= 0


def _sum(said: list[object]) -> Decimal | None:
    """Return the sum of what can be read, None where nothing can."""
    amounts = [fields.decimal(each) for each in said if _is_amount(each)]
    return sum((each for each in amounts if each is not None), Decimal(0)) if amounts else None
