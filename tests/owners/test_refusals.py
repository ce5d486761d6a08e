"""What an answer means that is not the one asked for, held against the facts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.domain.errors import (
    AccountHold,
    Busy,
    Held,
    Refused,
    RemoteError,
    RuleHold,
    Unanswered,
)
from hotfolder.domain.remote_failures import BY_CODE
from hotfolder.runninghub import refusals, wire
from hotfolder.runninghub.fields import Answer
from tests.answers import CODES, FORMS, TASK, UPLOADED, answer, error_body, told
from tests.cases import every

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ENDPOINT_CODES = {"412", "1001"}
LIMIT_CODES = {"415", "421", "814", "1520"}


def expected(code: str) -> type[RemoteError]:
    """Return what a code means for a submit, from the class that the service's list gives it."""
    if code in ENDPOINT_CODES:
        return RuleHold
    return {"rejected": Refused, "busy": Busy, "hold": AccountHold}.get(
        refusals.codes()[code].kind, Unanswered
    )


@every(
    "body",
    [
        {},
        [],
        None,
        True,
        17,
        "text",
        "",
        {"taskId": ""},
        {"taskId": None},
        {"taskId": True},
        {"taskId": 0},
        {"taskId": {}},
        {"taskId": "  "},
        {"code": 0, "data": None},
        {"code": 0, "data": "queued"},
        {"code": 200, "data": {}},
        {"data": [TASK]},
        {"errorCode": "1516"},
        {"errorCode": 4.21},
        {"errorCode": True},
        {"errorCode": "no number"},
        b"",
        b"<html>",
        b'{"taskId":"20135',
        b"\xff\xfe\xfa",
        b"[" * 100_000,
        b"9" * 10_000,
    ],
)
@every("status", [200, 201, 202, 204, 206, 299])
def test_a_good_status_without_an_id_is_doubt(body: object, status: int) -> None:
    """The service did something and cannot be understood: nobody knows what."""
    assert type(told(wire.submitted_task, answer(body, status))) is Unanswered


@every("form", FORMS)
@every("code", CODES)
def test_every_code_of_a_submit(code: str, form: str) -> None:
    """Each code of the service's list leads to the error of its class, as text or number."""
    error = told(wire.submitted_task, answer(error_body(code, form)))
    says_no_task = (code, form) == ("1011", "flat")
    assert type(error) is (Busy if says_no_task else expected(code))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"code": 1011, "msg": "busy", "data": None}, 200),
        ({"errorCode": "1011"}, 200),
        ({"taskId": "", "status": "QUEUED", "errorCode": "1011"}, 200),
        ({"taskId": None, "status": "", "errorCode": "1011"}, 200),
        ({"taskId": "", "status": "", "errorCode": "1011"}, 202),
    ],
)
def test_a_busy_model_is_a_doubt_unless_it_says_that_there_is_no_task(
    body: dict[str, object], status: int
) -> None:
    """Only the flat answer with HTTP 200, no task and no status is certain enough to go on."""
    assert type(told(wire.submitted_task, answer(body, status))) is Unanswered


@pytest.mark.parametrize("words", ["apikey not enabled", "API key invalid", "the Api-Key"])
def test_wrong_parameters_that_speak_of_the_key_hold_the_account(words: str) -> None:
    """A good key is refused so now and then: no job fails of it, and a trial goes on."""
    error = told(wire.submitted_task, answer({"code": 301, "msg": words}))
    assert isinstance(error, AccountHold)
    assert (error.failure.code, "code 301" in error.failure.message) == ("key_refused", True)
    assert refusals.doubts_key(answer({"code": 301, "msg": words}))
    assert not refusals.doubts_key(answer({"code": 301, "msg": "prompt is missing"}))


@pytest.mark.parametrize("call", [wire.uploaded, wire.account, wire.price_preview])
def test_an_unknown_path_speaks_of_the_base_url(call: Callable[[Answer], object]) -> None:
    """No rule's model is at fault where the whole service is not there."""
    error = told(call, answer(b"<html>404</html>", 404))
    assert isinstance(error, AccountHold)
    assert (error.failure.code, "api.base_url" in error.failure.hint) == ("wrong_address", True)


@every("code", [code for code in CODES if refusals.codes()[code].kind == "busy"])
def test_busy_codes_say_how_long(code: str) -> None:
    """A busy answer waits as the list says, and knows whether it was the number of tasks."""
    error = told(wire.submitted_task, answer(error_body(code, "flat")))
    assert isinstance(error, Busy)
    assert (error.after_s, error.limit) == (refusals.codes()[code].wait_s, code in LIMIT_CODES)


@every("code", CODES)
@every("status", [408, 500, 502, 503, 504, 520, 302])
def test_a_code_with_a_doubtful_status_is_doubt(code: str, status: int) -> None:
    """Behind a gateway's error the service may have accepted, whatever the page says."""
    error = told(wire.submitted_task, answer(error_body(code, "flat"), status))
    assert type(error) is Unanswered


STATUSES: list[tuple[int, type[RemoteError]]] = [
    *((status, Unanswered) for status in (300, 301, 302, 303, 307, 308)),
    *((status, Refused) for status in (400, 402, 405, 406, 411, 413, 415, 422, 451)),
    *((status, AccountHold) for status in (401, 403)),
    (404, RuleHold),
    (429, Busy),
    *((status, Unanswered) for status in (408, 409, 425, 499)),
    *((status, Unanswered) for status in (500, 501, 502, 503, 504, 520, 522, 524, 599)),
]


@every("body", [b"", b"<html>x</html>", {"error": "x"}, {"message": "server"}])
@every("status, kind", STATUSES)
def test_every_status_of_a_submit(status: int, kind: type[RemoteError], body: object) -> None:
    """Without a code the HTTP status decides, never a word in the text."""
    assert type(told(wire.submitted_task, answer(body, status))) is kind


def test_reasons_are_for_people() -> None:
    """A refusal carries the failure of its code with the service's words."""
    error = told(wire.submitted_task, answer(error_body("1505", "flat")))
    assert isinstance(error, Refused)
    assert error.failure.code == "real_people"
    assert "words" in error.failure.message
    held = told(wire.submitted_task, answer(error_body("1014", "flat")))
    assert isinstance(held, Held)
    assert held.failure.code == "key_kind"


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("0", 0),
        ("999999", 3600),
        ("9" * 400, 3600),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0),
        ("Fri, 01 May 2026 12:00:30 -0000", 30),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),
        ("٣", None),
    ],
)
def test_retry_after(stated: str, seconds: float | None) -> None:
    """Retry-After may be a number or a date; nonsense is as if it were not there."""
    assert refusals.retry_after_s({"retry-after": stated}, NOW) == seconds


def test_a_date_is_one_of_the_services_clock() -> None:
    """A machine whose clock is wrong by hours waits no shorter and no longer for that."""
    there = NOW + timedelta(hours=5)
    headers = {
        "date": format_datetime(there, usegmt=True),
        "retry-after": format_datetime(there + timedelta(seconds=40), usegmt=True),
    }
    assert refusals.retry_after_s(headers, NOW) == 40
    assert refusals.retry_after_s({**headers, "date": "never"}, NOW) == 3600


@given(st.text(max_size=60))
def test_retry_after_never_raises(stated: str) -> None:
    """No header breaks the reading of an answer."""
    found = refusals.retry_after_s({"retry-after": stated}, NOW)
    assert found is None or 0 <= found <= refusals.LONGEST_RETRY_AFTER_S


@pytest.mark.parametrize("call", [wire.submitted_task, wire.uploaded, wire.task_report])
@pytest.mark.parametrize(("stated", "seconds"), [("3", 3), ("0", 10), ("nonsense", 10)])
def test_busy_honours_retry_after(
    call: Callable[[Answer], object], stated: str, seconds: float
) -> None:
    """HTTP 429 waits as told; a zero would make a storm and counts as nothing said."""
    error = told(call, answer({}, 429, {"retry-after": stated}))
    assert isinstance(error, Busy)
    assert (error.after_s, error.limit) == (seconds, False)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"code": 0, "data": None}),
        (200, {"code": 0, "data": {"download_url": ""}}),
        (200, {"code": 0, "data": {"download_url": 7}}),
        (200, b"<html>"),
        (200, b""),
        (502, {"code": 0, "data": UPLOADED}),
        (200, {"code": -1, "message": "spurious", "data": None}),
    ],
)
def test_an_upload_that_cannot_be_read_is_tried_again(status: int, body: object) -> None:
    """Uploads are free: anything doubtful is simply made again."""
    assert type(told(wire.uploaded, answer(body, status))) is Unanswered


@every("code", CODES)
def test_every_code_of_an_upload(code: str) -> None:
    """Codes mean the same for uploads, but -1 may be spurious and no rule is at fault."""
    wanted = AccountHold if expected(code) is RuleHold else expected(code)
    error = told(wire.uploaded, answer(error_body(code, "message")))
    assert type(error) is (Unanswered if code == "-1" else wanted)


@pytest.mark.parametrize("code", ["401", "811", "301"])
def test_spurious_codes_end_nothing(code: str) -> None:
    """For a good key these turn up now and then: the task is asked for again."""
    assert type(told(wire.task_report, answer(error_body(code, "msg")))) is Unanswered


@every(
    "body", [b"", b"<html>", None, [], TASK, {}, {"status": ""}, {"status": "PAUSED"}, {"data": []}]
)
@every("status", [200, 204, 302, 400, 401, 403, 404, 500, 503])
def test_an_unreadable_query_is_asked_again(body: object, status: int) -> None:
    """Never end a job on one bad query."""
    assert type(told(wire.task_report, answer(body, status))) is Unanswered


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {"code": 806, "msg": "x", "data": None}, AccountHold),
        (401, b"", AccountHold),
        (200, {"code": -1, "data": None}, Unanswered),
        (500, b"", Unanswered),
        (429, b"", Busy),
    ],
)
def test_account_errors(status: int, body: object, kind: type[RemoteError]) -> None:
    """A bad key is a hold, anything doubtful is asked again."""
    assert type(told(wire.account, answer(body, status))) is kind


# They say how a task is doing, and never why it ended.
STILL_GOING = {"804", "813"}


@every("code", sorted(CODES))
def test_every_code_has_words_of_its_own(code: str) -> None:
    """No code of the service's list is told in the general words."""
    assert (code in BY_CODE) != (code in STILL_GOING)


@every(
    "code", sorted(code for code in CODES if refusals.codes()[code].kind in ("rejected", "hold"))
)
def test_every_refusal_tells_a_person_what_to_do(code: str) -> None:
    """What a submit is refused with reaches people as the code's own words and hint."""
    body = json.dumps({"errorCode": code, "errorMessage": "because"}).encode()
    with pytest.raises((Refused, Held)) as caught:
        wire.submitted_task(Answer(200, {}, body))
    assert isinstance(caught.value, Refused | Held)
    failure = caught.value.failure
    assert failure.code == BY_CODE[code].code
    assert failure.message.startswith(BY_CODE[code].message)
    assert "because" in failure.message
    assert failure.hint
