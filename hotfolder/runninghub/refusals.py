"""What an answer means that is not the one asked for: the service's codes -> errors.

Where it is not certain that the service refused, the error is `Unanswered`: for a submit that
means doubt, for everything else that it may simply be tried again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Final

import tomli

from hotfolder.domain import failures
from hotfolder.domain.errors import AccountHold, Busy, Refused, RemoteError, RuleHold, Unanswered
from hotfolder.domain.remote_failures import BY_CODE, of_remote_code, quoting
from hotfolder.runninghub import fields, node_errors
from hotfolder.runninghub.fields import Answer

RATE_WAIT_S = 10.0
LONGEST_RETRY_AFTER_S = 3600.0
AMBIGUOUS_STATUSES: Final = frozenset({408, 409, 425, 499})
GATEWAY_STATUSES: Final = frozenset({502, 503, 504, *range(520, 528)})
KEY_STATUSES: Final = frozenset({401, 403})
ENDPOINT_CODES: Final = frozenset({"412", "1001"})
# No such app or workflow, or not the nodes that its table has: true of every job of the rule.
RUN_CODES: Final = frozenset({"380", "803", "810", "901", "1101"})
FORBIDDEN_CODE: Final = "403"
RATE_CODE: Final = "1003"
BUSY_MODEL_CODE: Final = "1011"
PARAMETERS_CODE: Final = "301"
LIMIT_CODES: Final = frozenset({"415", "421", "814", "1520"})

_OF_THE_KEY = re.compile(r"api[ _-]?key", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Code:
    """What the service's own list says of a code; `wait_s` is the first wait when busy."""

    kind: str
    wait_s: float


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
    code, said = fields.code_and_words(fields.parsed(answer.body))
    is_refused = answer.status in KEY_STATUSES or _speaks_of_key(code, said)
    return is_refused or (code in codes() and codes()[code].kind == "hold")


def rate_refused_s(answer: Answer, *, may_mean_tasks: bool) -> float | None:
    """Return the seconds to wait where a call came too soon after others, else None.

    `may_mean_tasks`: an HTTP 429 may mean the number of tasks, and is not taken for the rate.
    """
    body = fields.parsed(answer.body)
    code = fields.code_and_words(body)[0]
    if code == RATE_CODE or (answer.status == 429 and not may_mean_tasks):  # noqa: PLR2004  HTTP
        return _wait_s(answer, RATE_WAIT_S)
    return None


def run_error(answer: Answer, body: object) -> RemoteError:
    """Return what went wrong with a submit of an app or workflow, which may want a password."""
    code, said = fields.code_and_words(body)
    if answer.status == 200 and code in (*RUN_CODES, FORBIDDEN_CODE):  # noqa: PLR2004  HTTP
        failure = failures.RUN_FORBIDDEN if code == FORBIDDEN_CODE else BY_CODE[code]
        return RuleHold(quoting(failure, code, node_errors.words(body) or said))
    return submit_error(answer, body)


def submit_error(answer: Answer, body: object) -> RemoteError:
    """Return what went wrong with a submit; only what is certain is no `Unanswered`."""
    status = answer.status
    code, said = fields.code_and_words(body)
    said = node_errors.words(body) or said
    if status >= 500 or status in AMBIGUOUS_STATUSES or 300 <= status < 400:  # noqa: PLR2004  HTTP
        return Unanswered(f"the answer was HTTP {status}, code {code or 'none'}")
    if code == BUSY_MODEL_CODE and status == 200 and _names_no_task(body):  # noqa: PLR2004  HTTP
        return Busy(f"busy: {said}", after_s=_wait_s(answer, RATE_WAIT_S), limit=False)
    if _speaks_of_key(code, said):
        return AccountHold(quoting(failures.KEY_REFUSED, code, said))
    if code in codes():
        return _coded_error(code, said, answer)
    if 200 <= status < 300:  # noqa: PLR2004  HTTP
        return Unanswered(f"the answer had not what was asked for, but code {code or 'none'}")
    return _status_error(answer, said)


def free_call_error(answer: Answer, body: object) -> RemoteError:
    """Return what went wrong with a call that costs nothing: in doubt it is tried again."""
    if answer.status == 404:  # noqa: PLR2004  HTTP
        return AccountHold(failures.WRONG_ADDRESS)
    error = submit_error(answer, body)
    code = fields.code_and_words(body)[0]
    if code == "-1":
        return Unanswered("the service answered -1, which may be spurious")
    if isinstance(error, Unanswered):
        return _told_to_wait(answer) or error
    if isinstance(error, RuleHold):
        return AccountHold(error.failure)
    return error


def query_error(answer: Answer, code: str) -> RemoteError:
    """Return what went wrong with a query, both of which mean: ask again."""
    if answer.status == 429 or (code in codes() and codes()[code].kind == "busy"):  # noqa: PLR2004  HTTP
        wait_s = _wait_s(answer, RATE_WAIT_S)
        return Busy("the service is busy", after_s=wait_s, limit=False)
    words = f"the query was answered with HTTP {answer.status}, code {code or 'none'}"
    return _told_to_wait(answer) or Unanswered(words)


def _speaks_of_key(code: str, said: str) -> bool:
    """Whether wrong parameters are the key: the service refuses one so now and then."""
    return code == PARAMETERS_CODE and bool(_OF_THE_KEY.search(said))


def _names_no_task(body: object) -> bool:
    """Whether a flat answer says in so many words that there is no task."""
    return isinstance(body, dict) and body.get("taskId") == body.get("status") == ""


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


def _wait_s(answer: Answer, first_s: float) -> float:
    """Return how long to wait when busy; a Retry-After of 0 must not make a storm."""
    return retry_after_s(answer.headers, datetime.now(UTC)) or first_s


def _told_to_wait(answer: Answer) -> Busy | None:
    """Return the wish of a broken service to be asked again later, where it says when."""
    wait_s = retry_after_s(answer.headers, datetime.now(UTC))
    return Busy(f"HTTP {answer.status}", after_s=wait_s, limit=False) if wait_s else None


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds of a Retry-After header, which may be a number or a date.

    A date is one of the service's clock: where the answer tells that, `now` does not count.
    """
    stated = headers.get("retry-after", "").strip()
    if stated.isascii() and stated.isdecimal():
        return min(float(stated), LONGEST_RETRY_AFTER_S)
    until = fields.date(stated)
    if until is None:
        return None
    there = fields.date(headers.get("date", "")) or now
    return min(max(0.0, (until - there).total_seconds()), LONGEST_RETRY_AFTER_S)
