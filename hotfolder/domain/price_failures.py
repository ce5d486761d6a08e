"""Why an edit waits for its price, or for a budget: in plain words, with what to do about it."""

from __future__ import annotations

from decimal import Decimal

from hotfolder.domain.failures import Failure

PRICE_UNKNOWN = Failure(
    "price_unknown",
    "There is a budget, and nobody says what this edit costs.",
    "Set limits.price_preview = true, name the price in a [[model]] of the config "
    "(of an app or workflow: price or coins in its table), "
    "or take the budget away.",
)
# Codes whose words depend on the case.
BUDGET_SPENT = "budget_spent"
TOO_DEAR = "too_dear"
DEARER_THAN_ALLOWED = "dearer_than_allowed"
TO_CONFIRM = "to_confirm"
# What a person releases by `release --job`.
HELD_FOR_PRICE = frozenset({DEARER_THAN_ALLOWED, TO_CONFIRM})


def budget_spent(key: str, limit: Decimal, already: Decimal, estimate: Decimal) -> Failure:
    """Return why nothing more is submitted today; `key` is the config's name of the limit."""
    return Failure(
        BUDGET_SPENT,
        f"The budget of {limit:f} for today is used up: {already:f} are spent or under way, "
        f"and the next edit is expected to cost {estimate:f}.",
        f"It goes on by itself at midnight, or as soon as {key} is raised in the config.",
    )


def too_dear(key: str, limit: Decimal, estimate: Decimal) -> Failure:
    """Return why no day's budget has room for an edit; `key` is the config's name of the limit."""
    return Failure(
        TOO_DEAR,
        f"One such edit is expected to cost {estimate:f}, more than the whole day's budget "
        f"of {limit:f}.",
        f"Raise {key} in the config, or choose another model for this rule.",
    )


def dearer(model: str, amount: Decimal | None, allowed: Decimal | None) -> Failure:
    """Return why an edit waits that costs more than all that the rules of its watch allow.

    `amount` is what it costs, `allowed` what the dearest edit does that they allow; None = not
    known.
    """
    costs = f"costs about {amount:f}" if amount is not None else "has no known price"
    most = f"about {allowed:f}" if allowed is not None else "not known"
    return Failure(
        DEARER_THAN_ALLOWED,
        f"What the files beside it ask for ({model}) {costs}; the dearest edit that the rules of "
        f"this watch allow is {most}.",
        "Ask for less there, or let the owner of this installation allow it: `hotfolder release "
        "--job JOB`.",
    )


def to_confirm(model: str, costs: str | None, times: int, limit: Decimal) -> Failure:
    """Return why an edit waits until a person has seen its price.

    `costs` is the sum with its currency, None = not known; `times` how many jobs it is of; `limit`
    what the config lets go on without being asked.
    """
    jobs = "It" if times == 1 else f"Its {times} variants"
    price = f"about {costs}{'' if times == 1 else ' together'}" if costs else "nobody knows what"
    them = "it" if times == 1 else "all of them"
    return Failure(
        TO_CONFIRM,
        f"{jobs} would cost {price} ({model}); confirm_over = {limit:f} wants a person to see that "
        f"first.",
        f"`hotfolder release --job JOB` lets {them} go on at that price.",
    )
