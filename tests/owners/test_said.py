"""Answers of the service as others have met them: each is read as it is known to be meant.

`said.json` holds them with how sure each is: recorded (captured from the service), stated (somebody
says to have seen it), implied (somebody's program expects it), documented, or a fixture of
somebody's tests. Keys and links are taken out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotfolder.domain.errors import RemoteError
from hotfolder.runninghub import wire
from tests.answers import answer

if TYPE_CHECKING:
    from collections.abc import Callable

SAID: Final = json.loads(Path(__file__).with_name("said.json").read_text("utf-8"))
PROVENANCES: Final = {"recorded", "stated", "implied", "documented", "fixture"}


def read_report(given: Any) -> dict[str, object]:  # noqa: ANN401  an answer
    """Return what a query says, as the file writes it."""
    report = wire.task_report(given)
    charge = report.charge
    return _without_nothing(
        status=report.status.value,
        results=len(report.results),
        code=report.code,
        said=report.said,
        money=charge.money,
        coins=charge.coins,
        unreadable=charge.unreadable,
    )


def _without_nothing(**read: object) -> dict[str, object]:
    shown = {key: value for key, value in read.items() if value not in (None, "", 0)}
    return {key: each if isinstance(each, int | str) else str(each) for key, each in shown.items()}


READ: Final[dict[str, Callable[[Any], dict[str, object]]]] = {
    "submit": lambda given: {"task": wire.submitted_task(given)},
    "query": read_report,
    "upload": lambda given: {"url": wire.uploaded(given).url},
    "account": lambda given: _without_nothing(
        balance=wire.account(given).balance, currency=wire.account(given).currency
    ),
    "queue": lambda given: {"limit": wire.queue(given).limit, "tasks": wire.queue(given).tasks},
    "price": lambda given: {"price": str(getattr(wire.price_preview(given), "amount", None))},
    "callback": lambda given: {"task": wire.callback_task(given.body)},
    "cancel": lambda given: {"taken": wire.cancel_accepted(given)},
}


def read(entry: dict[str, Any]) -> dict[str, object]:
    """Return what is made of an answer: its values, or the error that it means."""
    body = entry["body"].encode() if isinstance(entry["body"], str) else entry["body"]
    try:
        return READ[entry["call"]](answer(body, entry["status"]))
    except RemoteError as error:
        return {"error": type(error).__name__}


@pytest.mark.parametrize("entry", SAID, ids=lambda each: f"{each['call']}: {each['what']}")
def test_an_answer_is_read_as_it_is_meant(entry: dict[str, Any]) -> None:
    """Where its meaning is not certain, a submit is in doubt and everything else asked again."""
    assert read(entry) == entry["read"]


def test_every_answer_says_how_sure_it_is() -> None:
    """Nobody takes a fixture of somebody's tests for what the service said."""
    assert {each["provenance"] for each in SAID} <= PROVENANCES
    assert {each["call"] for each in SAID} == set(READ)
