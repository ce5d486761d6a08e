"""Bytes of the service <-> values. No network here.

What an answer means follows the API facts: a task id in an answer to a submit always means
accepted, whatever else it says; a known status outranks any error text; what else an answer may
mean is known to `refusals`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from hotfolder.domain.errors import Unanswered
from hotfolder.domain.events import RemoteResult
from hotfolder.domain.jobs import Estimate
from hotfolder.domain.paid import NOT_SAID, Charge
from hotfolder.runninghub import charges, fields
from hotfolder.runninghub.fields import Answer
from hotfolder.runninghub.refusals import free_call_error, query_error, run_error, submit_error

NO_PRICE_CODE: Final = "1501"
DENIED_CODES: Final = frozenset({"423", "807", "1004", "1007"})
LONGEST_QUOTE: Final = 40

# Whole only with what follows it: of an answer that was cut, the id may be cut, too.
_TASK_ID_IN_TEXT = re.compile(rb'"task_?[iI]d"\s*:\s*"?(\d{12,32})["\s,}\]]')
_TASK_ID = re.compile(r"\d{12,32}")
_IS_ID = re.compile(r"(?=.*[0-9])[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")


class TaskStatus(StrEnum):
    """How far a task is; DENIED = the service does not know it."""

    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Where the service keeps an uploaded file."""

    url: str
    file_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReport:
    """What the service says of a task. The charge's money is in the account's currency."""

    status: TaskStatus
    results: tuple[RemoteResult, ...] = ()
    code: str = ""
    said: str = ""
    charge: Charge = NOT_SAID


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account's wallet, and the service's clock; None where the service does not say.

    `kind` is that of the key as the service calls it, "" = not said.
    """

    balance: Decimal | None
    currency: str | None
    at: datetime | None
    coins: Decimal | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The account's tasks queued and running, and how many there may be; None = not said."""

    limit: int | None
    tasks: int | None


_NODE: Final = ("node_name", "node_id")
_STATUSES: Final[Mapping[str, TaskStatus]] = {
    "CREATE": TaskStatus.WAITING,
    "QUEUED": TaskStatus.WAITING,
    "RUNNING": TaskStatus.WAITING,
    "SUCCESS": TaskStatus.SUCCEEDED,
    "FAILED": TaskStatus.FAILED,
    "CANCEL": TaskStatus.CANCELLED,
    "CANCELED": TaskStatus.CANCELLED,
    "CANCELLED": TaskStatus.CANCELLED,
}


def submitted_task(answer: Answer, *, is_run: bool = False) -> str:
    """Return the task id in the answer to a submit, `is_run`: of an app or a workflow.

    Raises Busy, Refused, AccountHold, RuleHold (all: certainly not accepted), or Unanswered.
    """
    body = fields.parsed(answer.body)
    stated = _stated_ids(body)
    task_id = next(filter(_IS_ID.fullmatch, stated), "") or task_id_in_ruins(answer.body)
    if task_id:
        return task_id
    if stated:
        quoted = fields.words(stated[0])[:LONGEST_QUOTE]
        raise Unanswered(f"the answer names a task by what is no id: {quoted!a}")
    raise run_error(answer, body) if is_run else submit_error(answer, body)


def task_id_in_ruins(body: bytes) -> str:
    """Return the task id in an answer that is not JSON, or was cut; "" where none is certain.

    It still means accepted.
    """
    found = set(_TASK_ID_IN_TEXT.findall(body))
    return found.pop().decode("ascii") if len(found) == 1 else ""


def uploaded(answer: Answer) -> Upload:
    """Return where an uploaded file is kept.

    Raises Busy, Refused, AccountHold, or Unanswered (may be tried again).
    """
    body = fields.parsed(answer.body)
    found = body.get("data") if isinstance(body, dict) else None
    if answer.status == 200 and isinstance(found, dict) and fields.text(found.get("download_url")):  # noqa: PLR2004  HTTP
        return Upload(url=found["download_url"], file_name=fields.text(found.get("fileName")))
    raise free_call_error(answer, body)


def task_report(answer: Answer) -> TaskReport:
    """Return what a query says. Raises Busy or Unanswered, both of which mean: ask again."""
    body = fields.parsed(answer.body)
    if not isinstance(body, dict):
        raise query_error(answer, "")
    if not fields.text(body.get("status")) and isinstance(body.get("data"), dict):
        body = body["data"]
    status = _STATUSES.get(fields.text(body.get("status")).upper())
    code, said = fields.code_and_words(body)
    # A gateway's own error page may have a "status", too: it must not end a paid task.
    if status is not None and answer.status == 200:  # noqa: PLR2004  HTTP
        return TaskReport(
            status=status,
            results=_results(body.get("results")),
            code=code,
            said=_reason(body.get("failedReason")) or said,
            charge=charges.charge(body),
        )
    if answer.status == 200 and code in DENIED_CODES:  # noqa: PLR2004  HTTP
        charge = charges.charge(body)
        return TaskReport(status=TaskStatus.DENIED, code=code, said=said, charge=charge)
    raise query_error(answer, code)


def callback_task(body: bytes) -> str:
    """Return the task that a callback names, or "". Nothing else of it is believed."""
    read = fields.parsed(body)
    found = (read.get("taskId") or read.get("task_id")) if isinstance(read, dict) else None
    is_id = isinstance(found, str | int) and not isinstance(found, bool)
    stated = str(found).strip() if is_id else ""
    return stated if _TASK_ID.fullmatch(stated) else ""


def account(answer: Answer) -> Account:
    """Return the account's wallet. Raises AccountHold, Busy or Unanswered."""
    body = fields.parsed(answer.body)
    found = body.get("data") if isinstance(body, dict) else None
    if isinstance(found, dict):
        currency = fields.text(found.get("currency")).upper() or None
        return Account(
            balance=fields.decimal(found.get("remainMoney")),
            currency=currency,
            at=fields.date(answer.headers.get("date", "")),
            coins=fields.decimal(found.get("remainCoins")),
            kind=fields.text(found.get("apiType")).upper(),
        )
    raise free_call_error(answer, body)


def price_preview(answer: Answer) -> Estimate | None:
    """Return what a submit would be charged; None where the service has no price for it.

    That a call is free now is no price: the next one may not be. Code 1501 means "no price" here.
    Raises Busy, Refused, AccountHold or Unanswered.
    """
    body = fields.parsed(answer.body)
    if isinstance(body, dict) and answer.status == 200:  # noqa: PLR2004  HTTP
        amount = fields.decimal(body.get("estimatedPrice"))
        if amount is not None and amount > 0:
            return Estimate(
                amount=amount, currency=fields.text(body.get("currency")).upper() or None
            )
        is_free = amount == 0 or body.get("isFreeThisCall") is True
        if is_free or fields.code_and_words(body)[0] == NO_PRICE_CODE:
            return None
    raise free_call_error(answer, body)


def queue(answer: Answer) -> Queue:
    """Return how many tasks the account may have and has, as far as the service says."""
    body = fields.parsed(answer.body)
    found = body.get("data") if isinstance(body, dict) else None
    said = found if isinstance(found, dict) else {}
    limit = fields.count(said.get("concurrentLimit"))
    tasks = fields.count(said.get("totalCurrentTasks"))
    if tasks is None:
        parts = [fields.count(said.get(key)) for key in ("runningCount", "queuedCount")]
        known = [each for each in parts if each is not None]
        tasks = sum(known) if known else None
    return Queue(limit=limit or None, tasks=tasks)


def cancel_accepted(answer: Answer) -> bool:
    """Return whether the service took the wish to cancel (not: whether the task stopped)."""
    body = fields.parsed(answer.body)
    if answer.status != 200 or not isinstance(body, dict):  # noqa: PLR2004  HTTP
        return False
    return fields.code_and_words(body)[0] in ("0", "200", "")


def _stated_ids(body: object) -> list[str]:
    """Return what stands where the service writes a task's id, be it one or not."""
    data = body.get("data") if isinstance(body, dict) else body
    holders = [each for each in (body, data) if isinstance(each, dict)]
    named = [fields.scalar(each.get("taskId") or each.get("task_id")) for each in holders]
    bare = fields.scalar(data)
    return [*filter(None, named), *([bare] if _TASK_ID.fullmatch(bare) else [])]


def _reason(stated: object) -> str:
    """Return why a task failed: a text, or what its node's exception says."""
    if not isinstance(stated, dict):
        return fields.words(fields.text(stated))
    said = fields.first_text(stated, "exception_message", "message", "exception_type")
    node = " ".join(filter(None, (fields.scalar(stated.get(key)) for key in _NODE)))
    return fields.words(f"{said} (node {node})" if said and node else said)


def _results(listed: object) -> tuple[RemoteResult, ...]:
    if not isinstance(listed, list):
        return ()
    found = [_result(each) for each in listed if isinstance(each, dict)]
    named = [(url, text, kind) for url, text, kind in found if url or text]
    return tuple(
        RemoteResult(position=position, url=url, text=text, type=kind)
        for position, (url, text, kind) in enumerate(named, start=1)
    )


def _result(each: dict[str, Any]) -> tuple[str | None, str | None, str]:
    url = fields.first_text(each, "url", "outputUrl", "fileUrl")
    text = fields.first_text(each, "text", "content", "output")
    return url or None, text or None, fields.text(each.get("outputType")).lower()
