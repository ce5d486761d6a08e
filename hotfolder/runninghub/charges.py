"""What a task was charged, as the service says it: two fees that add up, and coins beside them.

The API's fee and the fee for the run are amounts of their own. Where `usage` names no charge, the
sub-tasks of `taskUsageList` may, or the answer itself. What stands for an amount and is none is a
charge that cannot be read, and so is what was consumed of anything else (tokens): it is never taken
for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from hotfolder.domain.paid import NOT_SAID, Charge
from hotfolder.runninghub import fields

LONGEST_QUOTE: Final = 40
_MONEY: Final = ("thirdPartyConsumeMoney", "consumeMoney")
_COINS: Final = ("consumeCoins",)


def charge(body: dict[str, Any]) -> Charge:
    """Return the charge in an answer to a query: the first place that names one counts."""
    said = [_read(usages) for usages in _places(body)]
    named = [each for each in said if each] or [each for each in said if each != NOT_SAID]
    return named[0] if named else NOT_SAID


def _places(body: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Yield what may say amounts: the task's usage, that of its sub-tasks, the answer itself."""
    usage, listed = body.get("usage"), body.get("taskUsageList")
    yield [usage] if isinstance(usage, dict) else [{"consumed": usage}]
    parts = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    yield [each["usage"] if isinstance(each.get("usage"), dict) else each for each in parts]
    yield [body]


def _read(usages: list[dict[str, Any]]) -> Charge:
    money = [each[key] for each in usages for key in _MONEY if _is_said(each.get(key))]
    coins = [each[key] for each in usages for key in _COINS if _is_said(each.get(key))]
    unreadable = [str(each) for each in (*money, *coins) if not _is_amount(each)]
    unreadable += [said for each in usages for said in _of_something_else(each)]
    quote = fields.storable(unreadable[0])[:LONGEST_QUOTE] if unreadable else ""
    return Charge(money=_sum(money), coins=_sum(coins), unreadable=quote)


def _of_something_else(usage: dict[str, Any]) -> Iterator[str]:
    for key, stated in usage.items():
        is_other = key.lower().startswith("consume") and key not in (*_MONEY, *_COINS)
        if is_other and _is_said(stated) and fields.decimal(stated) != 0:
            yield f"{key} {stated}"


def _is_said(stated: object) -> bool:
    said = stated.strip() if isinstance(stated, str) else stated
    return said is not None and said not in ("", {}, [])


def _is_amount(stated: object) -> bool:
    """Whether an amount can be read; less than nothing is none, and would widen a budget."""
    number = fields.decimal(stated)
    return number is not None and number >= 0


def _sum(said: list[object]) -> Decimal | None:
    """Return the sum of what can be read, None where nothing can."""
    amounts = [fields.decimal(each) for each in said if _is_amount(each)]
    return sum((each for each in amounts if each is not None), Decimal(0)) if amounts else None
