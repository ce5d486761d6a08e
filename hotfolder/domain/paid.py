"""What is known to be unpaid: the one law by which an edit may be paid again.

What was heard of a submit never goes back: once its task was told as succeeded, or any charge was
heard for it, it is paid, whatever the service says later. What may happen after a word of the
service is the table AFTER; what a submit counts for is the table OUTCOMES.

    UNPAID       never accepted; or ended without a charge, and told so twice
    UNCONFIRMED  ended without a charge, told once: the charge may be filled in late
    UNKNOWN      it may have been charged
    PAID         told as succeeded, or charged in any currency, readable or not

A job may be submitted again when each of its submits is unpaid, or covered by somebody's word. A
person's word covers what was heard before it, charges included; the owner's leave, and a retry
of what looked unpaid, cover what is not known to be paid. A submit of a reused result is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What the service says that a task was charged; None = nothing said.

    `money` is in `currency`, the account's, where that is known; `coins` are a currency of their
    own; `unreadable` is what stood where an amount belongs, "" = nothing such.
    """

    money: Decimal | None = None
    currency: str | None = None
    coins: Decimal | None = None
    unreadable: str = ""

    def __bool__(self) -> bool:
        """Whether anything was charged, or may have been: what cannot be read is a charge."""
        return bool(self.money or self.coins or self.unreadable)

    def in_words(self) -> str:
        """Return what was charged, for a person."""
        said = []
        if self.money:
            said.append(f"{self.money:f} {self.currency or ''}".strip())
        if self.coins:
            said.append(f"{self.coins:f} coins")
        if self.unreadable:
            said.append(f"an amount that cannot be read ({self.unreadable})")
        return " and ".join(said)


NOT_SAID: Final = Charge()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What was ever heard of a submit: that it succeeded, that it was charged."""

    succeeded: bool = False
    charged: bool = False

    def __bool__(self) -> bool:
        """Whether the submit is paid."""
        return self.succeeded or self.charged


class Told(StrEnum):
    """How the service says that a task ended; UNKNOWN = it denies the task."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Next(StrEnum):
    """What may happen after a word of the service."""

    FETCH = "its results are fetched"
    CONFIRM = "unpaid once it was told again; then it may be submitted again"
    END = "cancelled; nothing is submitted again by itself"
    DOUBT = "in doubt, if it is denied for long; a person decides"
    PERSON = "paid without a result; only a person's word pays again"


# By what is told, and whether the task is paid: told so now, or ever before.
AFTER: Final[Mapping[tuple[Told, bool], Next]] = MappingProxyType(
    {
        (Told.SUCCEEDED, False): Next.FETCH,
        (Told.SUCCEEDED, True): Next.FETCH,
        (Told.FAILED, False): Next.CONFIRM,
        (Told.FAILED, True): Next.PERSON,
        (Told.CANCELLED, False): Next.END,
        (Told.CANCELLED, True): Next.END,
        (Told.UNKNOWN, False): Next.DOUBT,
        (Told.UNKNOWN, True): Next.PERSON,
    }
)


def after(told: Told, charge: Charge, before: Heard) -> Next:
    """Return what may happen after a word of the service, given what was heard before it."""
    return AFTER[told, bool(charge) or bool(before)]


class Standing(IntEnum):
    """How far it is known that nothing was paid; the worst of several counts."""

    UNPAID = 0
    UNCONFIRMED = 1
    UNKNOWN = 2
    PAID = 3


# By what became of a submit, where nothing was heard that makes it paid.
OUTCOMES: Final[Mapping[str | None, Standing]] = MappingProxyType(
    {
        None: Standing.UNKNOWN,
        "accepted": Standing.UNKNOWN,
        "deferred": Standing.UNPAID,
        "refused": Standing.UNPAID,
        "unanswered": Standing.UNKNOWN,
        "resent": Standing.UNKNOWN,
        "lost": Standing.UNKNOWN,
        "failed": Standing.UNCONFIRMED,
        "cancelled": Standing.UNCONFIRMED,
        "succeeded": Standing.PAID,
        "no_results": Standing.PAID,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of one submit.

    `paid_at` is the place, in the order of all that was heard, of the last thing that makes it
    paid, 0 = nothing does; `confirmed`: that nothing was charged was told again.
    """

    id: int
    outcome: str | None
    paid_at: int = 0
    confirmed: bool = False

    @property
    def standing(self) -> Standing:
        """What the submit counts for by itself."""
        if self.paid_at:
            return Standing.PAID
        stands = OUTCOMES[self.outcome]
        is_settled = stands is Standing.UNCONFIRMED and self.confirmed
        return Standing.UNPAID if is_settled else stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What people have said of a job.

    `person_at` is the place of the last person's word in the order of all that was heard, 0 =
    none; `covered` is the newest submit that there was when anybody spoke.
    """

    person_at: int = 0
    covered: int = 0

    def cover(self, known: Known) -> bool:
        """Whether a submit keeps nobody from paying again."""
        if known.standing is Standing.PAID:
            return known.paid_at < self.person_at and known.id <= self.covered
        return known.id <= self.covered


def standing(submits: Iterable[Known], words: Words) -> Standing:
    """Return how far it is known that nothing was paid for a job that no word covers."""
    open_ones = (each.standing for each in submits if not words.cover(each))
    return max(open_ones, default=Standing.UNPAID)
