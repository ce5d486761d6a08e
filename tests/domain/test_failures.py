"""Failures: why a picture was not edited, in words."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hotfolder.domain import (
    chain_failures,
    failures,
    file_failures,
    price_failures,
    remote_failures,
)
from hotfolder.domain.failures import Failure
from hotfolder.domain.paid import NOT_SAID, Charge
from hotfolder.domain.remote_failures import BY_CODE, of_remote_code, of_task_end
from tests.cases import every

NAMED = {
    name: each
    for module in (chain_failures, failures, file_failures, price_failures, remote_failures)
    for name, each in vars(module).items()
    if isinstance(each, Failure)
}


@every("name", sorted(NAMED))
def test_every_failure_helps(name: str) -> None:
    """A failure has a short code of its own, a whole sentence, and a hint what to do."""
    failure = NAMED[name]
    assert failure.code.isidentifier()
    assert failure.message.endswith(".")
    assert failure.hint.endswith(".")


def test_codes_are_unique() -> None:
    """Scripts can tell failures apart by their code; one may be told with more than one hint."""
    messages = {each.message for each in NAMED.values()}
    assert len({each.code for each in NAMED.values()}) == len(messages)
    assert len({(each.code, each.message) for each in NAMED.values()}) == len(messages)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("1501", failures.MODERATED),
        ("1505", failures.REAL_PEOPLE),
        ("809", failures.TOO_LARGE_REMOTE),
        ("1008", failures.TOO_LARGE_REMOTE),
        ("1014", failures.KEY_KIND),
        ("416", failures.NO_MONEY),
        ("812", failures.NO_MONEY),
        ("1002", failures.KEY_REFUSED),
        ("412", failures.WRONG_ENDPOINT),
        ("1007", failures.WRONG_PARAMETERS),
        ("9999", failures.REJECTED),
    ],
)
def test_failure_of_a_code(code: str, expected: Failure) -> None:
    """A code of the service gives its own failure, any other the one that the caller names."""
    found = of_remote_code(code, otherwise=failures.REJECTED, said="words")
    assert found.code == expected.code
    assert found.hint == expected.hint
    assert found.message == f"{expected.message} (service: words, code {code})"


def test_the_services_words_are_kept_short_and_on_one_line() -> None:
    """What the service said is quoted, but neither its length nor its lines."""
    found = of_remote_code("", otherwise=failures.TASK_FAILED, said="a\n\tb" + " c" * 500)
    assert "\n" not in found.message
    assert "a b c" in found.message
    assert len(found.message) < 350


def test_nothing_said_is_nothing_quoted() -> None:
    """Without a code and a text the failure is the plain one."""
    assert of_remote_code("", otherwise=failures.TASK_FAILED) is failures.TASK_FAILED


def test_whether_an_ended_task_was_charged_is_said() -> None:
    """Nobody is left to guess whether a failure cost money."""
    money = Charge(money=Decimal("0.14"), currency="CNY")
    assert of_task_end("1501", "", NOT_SAID).hint.endswith("Nothing was charged.")
    assert "charged 0.14 CNY" in of_task_end("1501", "", money).hint
    assert "charged 12 coins" in of_task_end("1501", "", Charge(coins=Decimal(12))).hint
    assert "(0,14)" in of_task_end("1501", "", Charge(unreadable="0,14")).hint
    assert "--pay-again" in of_task_end("1501", "", money).hint
    assert of_task_end("", "", NOT_SAID).code == "task_failed"


def test_no_two_causes_share_their_words() -> None:
    """Moderation, size, type, parameters, real people: each is told apart by its sentence."""
    different = set(BY_CODE.values())
    assert len({each.message for each in different}) == len({each.code for each in different})
    assert len(different) >= 15
