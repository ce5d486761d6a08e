"""Bytes of the service <-> values, and its codes -> errors. No network here.

What an answer means follows the API facts: a task id in an answer to a submit always means
accepted, whatever else it says; a known status outranks any error text; an answer that
cannot be read is `Unanswered`, which for a submit means doubt and for everything else means
that it may simply be tried again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any, Final

import tomli

from hotfolder.domain import failures
from hotfolder.domain.errors import AccountHold, Busy, Refused, RemoteError, RuleHold, Unanswered
from hotfolder.domain.events import RemoteResult
from hotfolder.domain.jobs import Estimate
from hotfolder.domain.remote_failures import of_remote_code

RATE_WAIT_S = 10.0
MOST_AT_ONCE: Final = 10_000
LONGEST_RETRY_AFTER_S = 3600.0
AMBIGUOUS_STATUSES: Final = frozenset({408, 409, 425, 499})
NO_PRICE_CODE: Final = "1501"
ENDPOINT_CODES: Final = frozenset({"412", "1001"})
GATEWAY_STATUSES: Final = frozenset({502, 503, 504, *range(520, 528)})
KEY_STATUSES: Final = frozenset({401, 403})
RATE_CODE: Final = "1003"
LIMIT_CODES: Final = frozenset({"415", "421", "814", "1520"})
DENIED_CODES: Final = frozenset({"423", "807", "1004", "1007"})
LONGEST_TASK_ID: Final = 32
LARGEST_NUMBER: Final = Decimal(10) ** 12  # what is larger is nonsense, and would break sums

_TASK_ID_IN_TEXT = re.compile(rb'"task_?[iI]d"\s*:\s*"?(\d{12,})')
_TASK_ID = re.compile(r"\d{12,}")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Code:
    """What the service's own list says of a code; `wait_s` is the first wait when busy."""

    kind: str
    wait_s: float


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
    """What the service says of a task. The charge is in the account's currency."""

    status: TaskStatus
    results: tuple[RemoteResult, ...] = ()
    code: str = ""
    said: str = ""
    charge: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account's wallet, and the service's clock; None where the service does not say."""

    balance: Decimal | None
    currency: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The account's tasks queued and running, and how many there may be; None = not said."""

    limit: int | None
    tasks: int | None


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


@cache
def codes() -> dict[str, Code]:
    """Return the service's codes with their classes."""
    text = resources.files(__package__).joinpath("error_codes.toml").read_text("utf-8")
    return {
        code: Code(fact["class"], float(fact.get("wait", RATE_WAIT_S)))
        for code, fact in tomli.loads(text)["codes"].items()
    }


def is_silence(answer: Answer) -> bool:
    """Return whether only a gateway answered, on behalf of a service that did not."""
    return answer.status in GATEWAY_STATUSES


def doubts_key(answer: Answer) -> bool:
    """Return whether an answer refuses the key or the account, perhaps spuriously."""
    body = _json(answer.body)
    code = _code(body)[0] if isinstance(body, dict) else ""
    return answer.status in KEY_STATUSES or (code in codes() and codes()[code].kind == "hold")


def rate_refused_s(answer: Answer, *, may_mean_tasks: bool) -> float | None:
    """Return the seconds to wait where a call came too soon after others, else None.

    `may_mean_tasks`: an HTTP 429 may mean the number of tasks, and is not taken for the rate.
    """
    body = _json(answer.body)
    code = _code(body)[0] if isinstance(body, dict) else ""
    if code == RATE_CODE or (answer.status == 429 and not may_mean_tasks):  # noqa: PLR2004  HTTP
        return _wait_s(answer, RATE_WAIT_S)
    return None


def submitted_task(answer: Answer) -> str:
    """Return the task id in the answer to a submit.

    Raises Busy, Refused, AccountHold, RuleHold (all: certainly not accepted), or Unanswered.
    """
    body = _json(answer.body)
    task_id = _task_id(body) or _task_id_in_ruins(answer.body)
    if task_id:
        return task_id
    raise _submit_error(answer, body)


def uploaded(answer: Answer) -> Upload:
    """Return where an uploaded file is kept.

    Raises Busy, Refused, AccountHold, or Unanswered (may be tried again).
    """
    body = _json(answer.body)
    found = body.get("data") if isinstance(body, dict) else None
    if answer.status == 200 and isinstance(found, dict) and _text(found.get("download_url")):  # noqa: PLR2004  HTTP
        return Upload(url=found["download_url"], file_name=_text(found.get("fileName")))
    raise _free_call_error(answer, body)


def task_report(answer: Answer) -> TaskReport:
    """Return what a query says. Raises Busy or Unanswered, both of which mean: ask again."""
    body = _json(answer.body)
    if not isinstance(body, dict):
        raise _query_error(answer, "")
    if not _text(body.get("status")) and isinstance(body.get("data"), dict):
        body = body["data"]
    status = _STATUSES.get(_text(body.get("status")).upper())
    code, said = _code(body)
    # A gateway's own error page may have a "status", too: it must not end a paid task.
    if status is not None and answer.status == 200:  # noqa: PLR2004  HTTP
        return TaskReport(
            status=status,
            results=_results(body.get("results")),
            code=code,
            said=_text(body.get("failedReason")) or said,
            charge=_charge(body.get("usage")),
        )
    if answer.status == 200 and code in DENIED_CODES:  # noqa: PLR2004  HTTP
        return TaskReport(status=TaskStatus.DENIED, code=code, said=said)
    raise _query_error(answer, code)


def callback_task(body: bytes) -> str:
    """Return the task that a callback names, or "". Nothing else of it is believed."""
    read = _json(body)
    found = (read.get("taskId") or read.get("task_id")) if isinstance(read, dict) else None
    is_id = isinstance(found, str | int) and not isinstance(found, bool)
    stated = str(found).strip() if is_id else ""
    return stated if _TASK_ID.fullmatch(stated) and len(stated) <= LONGEST_TASK_ID else ""


def account(answer: Answer) -> Account:
    """Return the account's wallet. Raises AccountHold, Busy or Unanswered."""
    body = _json(answer.body)
    found = body.get("data") if isinstance(body, dict) else None
    if isinstance(found, dict):
        currency = _text(found.get("currency")).upper() or None
        return Account(
            balance=_decimal(found.get("remainMoney")),
            currency=currency,
            at=_date(answer.headers.get("date", "")),
        )
    raise _free_call_error(answer, body)


def _date(header: str) -> datetime | None:
    """Return the time in a Date header, or None where there is none."""
    try:
        return parsedate_to_datetime(header).astimezone(UTC)
    except ValueError:
        return None


def price_preview(answer: Answer) -> Estimate | None:
    """Return what a submit would be charged; None where the service has no price for it.

    Raises Busy, Refused, AccountHold or Unanswered. Code 1501 means "no price" here.
    """
    body = _json(answer.body)
    if isinstance(body, dict) and answer.status == 200:  # noqa: PLR2004  HTTP
        amount = Decimal(0) if body.get("isFreeThisCall") is True else None
        amount = _decimal(body.get("estimatedPrice")) if amount is None else amount
        if amount is not None and amount >= 0:
            return Estimate(amount=amount, currency=_text(body.get("currency")).upper() or None)
        if _code(body)[0] == NO_PRICE_CODE:
            return None
    raise _free_call_error(answer, body)


def queue(answer: Answer) -> Queue:
    """Return how many tasks the account may have and has, as far as the service says."""
    body = _json(answer.body)
    found = body.get("data") if isinstance(body, dict) else None
    said = found if isinstance(found, dict) else {}
    limit = _count(said.get("concurrentLimit"))
    return Queue(limit=limit or None, tasks=_count(said.get("totalCurrentTasks")))


def cancel_accepted(answer: Answer) -> bool:
    """Return whether the service took the wish to cancel (not: whether the task stopped)."""
    body = _json(answer.body)
    if answer.status != 200 or not isinstance(body, dict):  # noqa: PLR2004  HTTP
        return False
    return _code(body)[0] in ("0", "200", "")


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds of a Retry-After header, which may be a number or a date."""
    stated = headers.get("retry-after", "").strip()
    if not stated:
        return None
    if stated.isascii() and stated.isdecimal():
        return min(float(stated), LONGEST_RETRY_AFTER_S)
    try:
        until = parsedate_to_datetime(stated)
    except ValueError:
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(0.0, (aware - now).total_seconds()), LONGEST_RETRY_AFTER_S)


def _submit_error(answer: Answer, body: object) -> RemoteError:
    status = answer.status
    code, said = _code(body) if isinstance(body, dict) else ("", "")
    if status >= 500 or status in AMBIGUOUS_STATUSES or 300 <= status < 400:  # noqa: PLR2004  HTTP
        return Unanswered(f"the answer was HTTP {status}, code {code or 'none'}")
    if code in codes():
        return _coded_error(code, said, answer)
    if 200 <= status < 300:  # noqa: PLR2004  HTTP
        return Unanswered(f"the answer had not what was asked for, but code {code or 'none'}")
    return _status_error(answer, said)


def _coded_error(code: str, said: str, answer: Answer) -> RemoteError:
    known = codes()[code]
    if known.kind == "busy":
        wait_s = _wait_s(answer, known.wait_s)
        return Busy(f"busy: {said}", after_s=wait_s, limit=code in LIMIT_CODES)
    if code in ENDPOINT_CODES:
        return RuleHold(of_remote_code(code, otherwise=failures.WRONG_ENDPOINT, said=said))
    if known.kind == "hold":
        return AccountHold(of_remote_code(code, otherwise=failures.KEY_REFUSED, said=said))
    if known.kind == "rejected":
        return Refused(of_remote_code(code, otherwise=failures.REJECTED, said=said))
    return Unanswered(f"the service answered with code {code}: {said}")


def _status_error(answer: Answer, said: str) -> RemoteError:
    status = answer.status
    if status == 429:  # noqa: PLR2004  HTTP
        return Busy("HTTP 429", after_s=_wait_s(answer, RATE_WAIT_S), limit=False)
    if status in KEY_STATUSES:
        return AccountHold(of_remote_code(str(status), otherwise=failures.KEY_REFUSED, said=said))
    if status == 404:  # noqa: PLR2004  HTTP
        return RuleHold(of_remote_code("404", otherwise=failures.WRONG_ENDPOINT))
    return Refused(of_remote_code(f"HTTP {status}", otherwise=failures.REJECTED, said=said))


def _free_call_error(answer: Answer, body: object) -> RemoteError:
    """Free calls may be tried again on anything doubtful, so doubt here costs nothing."""
    error = _submit_error(answer, body)
    code = _code(body)[0] if isinstance(body, dict) else ""
    if code == "-1":
        return Unanswered("the service answered -1, which may be spurious")
    if isinstance(error, RuleHold):
        return AccountHold(error.failure)
    return error


def _query_error(answer: Answer, code: str) -> RemoteError:
    if answer.status == 429 or (code in codes() and codes()[code].kind == "busy"):  # noqa: PLR2004  HTTP
        wait_s = _wait_s(answer, RATE_WAIT_S)
        return Busy("the service is busy", after_s=wait_s, limit=False)
    return Unanswered(f"the query was answered with HTTP {answer.status}, code {code or 'none'}")


def _wait_s(answer: Answer, first_s: float) -> float:
    """Return how long to wait when busy; a Retry-After of 0 must not make a storm."""
    return retry_after_s(answer.headers, datetime.now(UTC)) or first_s


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _task_id(body: object) -> str:
    if isinstance(body, dict):
        for holder in (body, body.get("data")):
            if isinstance(holder, dict):
                found = holder.get("taskId") or holder.get("task_id")
                if (
                    isinstance(found, str | int)
                    and not isinstance(found, bool)
                    and str(found).strip()
                ):
                    return _storable(str(found))
        body = body.get("data")
    if isinstance(body, str | int) and _TASK_ID.fullmatch(str(body).strip()):
        return str(body).strip()
    return ""


def _task_id_in_ruins(body: bytes) -> str:
    """Find the task id in an answer that is not JSON, or no longer: it still means accepted."""
    found = _TASK_ID_IN_TEXT.search(body)
    return found[1].decode("ascii") if found else ""


def _code(body: dict[str, Any]) -> tuple[str, str]:
    code = body.get("errorCode")
    if code in (None, ""):
        code = body.get("code")
    said = body.get("errorMessage") or body.get("msg") or body.get("message")
    is_code = isinstance(code, str | int) and not isinstance(code, bool)
    return (str(code).strip() if is_code else ""), _text(said)


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
    url = _text(each.get("url")) or _text(each.get("outputUrl")) or _text(each.get("fileUrl"))
    text = _text(each.get("text")) or _text(each.get("content")) or _text(each.get("output"))
    return url or None, text or None, _text(each.get("outputType")).lower()


def _charge(usage: object) -> Decimal | None:
    if not isinstance(usage, dict):
        return None
    stated = [_decimal(usage.get(key)) for key in ("thirdPartyConsumeMoney", "consumeMoney")]
    said = [each for each in stated if each is not None]
    return next((each for each in said if each), said[0] if said else None)


def _count(stated: object) -> int | None:
    number = _decimal(stated)
    return None if number is None or number < 0 else int(min(number, Decimal(MOST_AT_ONCE)))


def _decimal(stated: object) -> Decimal | None:
    if not isinstance(stated, str | int | float) or isinstance(stated, bool):
        return None
    try:
        number = Decimal(str(stated).strip())
    except InvalidOperation:
        return None
    sane = number.is_finite() and -LARGEST_NUMBER < number < LARGEST_NUMBER
    return number if sane else None


def _text(stated: object) -> str:
    return _storable(stated) if isinstance(stated, str) else ""


def _storable(text: str) -> str:
    """Strip a text; half characters, which JSON can hold and SQLite cannot, become "?"."""
    return text.strip().encode(errors="replace").decode()
