"""The law of what is unpaid: every row of its tables, and what a word covers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hotfolder.domain.paid import (
    AFTER,
    NOT_SAID,
    OUTCOMES,
    Charge,
    Heard,
    Known,
    Next,
    Standing,
    Told,
    Words,
    after,
    standing,
)

CHARGES = {
    "none": (NOT_SAID, False),
    "zero": (Charge(money=Decimal(0), coins=Decimal("0.00")), False),
    "money": (Charge(money=Decimal("0.14"), currency="CNY"), True),
    "coins": (Charge(coins=Decimal(12)), True),
    "unreadable": (Charge(unreadable="0,14"), True),
}
BEFORE = {
    "nothing": Heard(),
    "success": Heard(succeeded=True),
    "charge": Heard(charged=True),
}
# What follows, where nothing was heard that makes it paid, and where something was.
LAW = {
    Told.SUCCEEDED: (Next.FETCH, Next.FETCH),
    Told.FAILED: (Next.CONFIRM, Next.PERSON),
    Told.CANCELLED: (Next.END, Next.END),
    Told.UNKNOWN: (Next.DOUBT, Next.PERSON),
}


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("charge", CHARGES)
@pytest.mark.parametrize("told", Told)
def test_what_may_happen_after_a_word(told: Told, charge: str, before: str) -> None:
    """Once a success or any charge was heard, nothing but a person's word pays again."""
    said, is_charge = CHARGES[charge]
    is_paid = is_charge or before != "nothing"
    assert after(told, said, BEFORE[before]) is LAW[told][is_paid]


def test_only_an_uncharged_failure_leads_back_to_paying() -> None:
    """Of all that the service can say one thing alone may be followed by another submit."""
    assert [each for each, follows in AFTER.items() if follows is Next.CONFIRM] == [
        (Told.FAILED, False)
    ]


STANDINGS = {
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


def test_every_outcome_has_its_standing() -> None:
    """The table says what a submit counts for; an outcome that is added is added here by hand."""
    assert dict(OUTCOMES) == STANDINGS


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_what_was_heard_outranks_every_outcome(outcome: str | None) -> None:
    """A charge or a success never goes back, whatever was told since, and how often."""
    known = Known(id=1, outcome=outcome, paid_at=1, confirmed=True)
    assert known.standing is Standing.PAID


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_telling_it_twice_settles_an_uncharged_end_alone(outcome: str | None) -> None:
    """What is unconfirmed is unpaid then; everything else stands as it stood."""
    stood = STANDINGS[outcome]
    settled = Standing.UNPAID if stood is Standing.UNCONFIRMED else stood
    assert Known(id=1, outcome=outcome, confirmed=True).standing is settled


def test_without_a_submit_nothing_is_paid() -> None:
    """The first submit of a job needs nobody's word."""
    assert standing([], Words()) is Standing.UNPAID


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("paid_at", [0, 3])
def test_a_persons_word_covers_what_was_known_then(outcome: str | None, paid_at: int) -> None:
    """All submits that there were, the charges that were heard before included."""
    known = Known(id=1, outcome=outcome, paid_at=paid_at)
    assert standing([known], Words(person_at=4, covered=1)) is Standing.UNPAID


def test_a_word_ends_with_the_next_charge() -> None:
    """What is heard of any submit after the word, or of a later submit, is not covered."""
    word = Words(person_at=4, covered=1)
    assert standing([Known(id=1, outcome="resent", paid_at=5)], word) is Standing.PAID
    first = Known(id=1, outcome="no_results", paid_at=3)
    for later, stands in [
        (Known(id=2, outcome="succeeded", paid_at=6), Standing.PAID),
        (Known(id=2, outcome="unanswered"), Standing.UNKNOWN),
        (Known(id=2, outcome="failed"), Standing.UNCONFIRMED),
        (Known(id=2, outcome="failed", confirmed=True), Standing.UNPAID),
        (Known(id=2, outcome="deferred"), Standing.UNPAID),
        (Known(id=2, outcome="refused"), Standing.UNPAID),
    ]:
        assert standing([first, later], word) is stands


def test_the_owners_leave_covers_no_charge() -> None:
    """A limit that has doubts sent again, or a plain retry, covers what is not known to be paid."""
    leave = Words(covered=2)
    assert standing([Known(id=1, outcome="unanswered")], leave) is Standing.UNPAID
    assert standing([Known(id=2, outcome="failed")], leave) is Standing.UNPAID
    assert standing([Known(id=1, outcome="failed", paid_at=1)], leave) is Standing.PAID


def test_the_worst_of_several_counts() -> None:
    """Tasks that turned up count beside the one that is followed."""
    submits = [
        Known(id=1, outcome="deferred"),
        Known(id=2, outcome="failed", paid_at=7),
        Known(id=3, outcome="failed"),
    ]
    assert standing(submits, Words()) is Standing.PAID


@pytest.mark.parametrize(
    ("charge", "words"),
    [
        (Charge(money=Decimal("0.14"), currency="CNY"), "0.14 CNY"),
        (Charge(money=Decimal("0.14"), coins=Decimal(3)), "0.14 and 3 coins"),
        (Charge(unreadable="0,14"), "an amount that cannot be read (0,14)"),
    ],
)
def test_a_charge_in_words(charge: Charge, words: str) -> None:
    """A person reads what it was charged in."""
    assert charge.in_words() == words
