"""Bytes of the service to values, held against the facts of its interface."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.domain.errors import Busy, Held, Refused, RemoteError, Unanswered
from hotfolder.domain.paid import Charge
from hotfolder.runninghub import refusals, wire
from hotfolder.runninghub.fields import Answer
from hotfolder.runninghub.wire import TaskStatus
from tests.answers import CODES, FORMS, TASK, UPLOADED, answer, error_body, told
from tests.cases import every

if TYPE_CHECKING:
    from collections.abc import Callable


@every(
    "body",
    [
        {"taskId": TASK, "status": "RUNNING", "errorCode": "", "errorMessage": ""},
        {"taskId": int(TASK)},
        {"task_id": TASK},
        {"taskId": "", "task_id": TASK},
        {"taskId": f" {TASK}\n"},
        {"data": {"taskId": TASK}},
        {"code": 0, "msg": "success", "data": {"task_id": int(TASK)}},
        {"code": 0, "msg": "success", "data": TASK},
        {"taskId": None, "data": {"taskId": TASK}},
        TASK,
        int(TASK),
        {"taskId": TASK, "errorCode": "1501", "errorMessage": "moderated"},
        {"taskId": TASK, "errorCode": "421", "status": "FAILED"},
        {"code": 500, "msg": "server error", "data": {"taskId": TASK}},
        {"taskId": TASK, "status": "SUCCESS", "results": [{"url": "u"}]},
    ],
)
@every("status", [200, 202, 400, 401, 404, 429, 500, 503])
def test_a_task_id_always_means_accepted(body: object, status: int) -> None:
    """Wherever the id stands and whatever else the answer says, the task was accepted."""
    assert wire.submitted_task(answer(body, status)) == TASK


@pytest.mark.parametrize("call", [wire.uploaded, wire.task_report, wire.account])
@pytest.mark.parametrize(("stated", "seconds"), [("120", 120), ("0", None), ("", None)])
def test_a_broken_service_may_say_when_to_come_back(
    call: Callable[[Answer], object], stated: str, seconds: float | None
) -> None:
    """What costs nothing is asked again then; a submit stays in doubt whatever it says."""
    broken = answer({}, 503, {"retry-after": stated})
    error = told(call, broken)
    assert isinstance(error, Unanswered if seconds is None else Busy)
    assert getattr(error, "after_s", None) == seconds
    assert isinstance(told(wire.submitted_task, broken), Unanswered)


@pytest.mark.parametrize("code", [0, 200, "0", None])
def test_upload(code: object) -> None:
    """The link counts, not the code, which is 0 in some documents and 200 in others."""
    found = wire.uploaded(answer({"code": code, "message": "success", "data": UPLOADED}))
    assert found == wire.Upload(url="https://u.test/x", file_name="openapi/x.png")


def report(body: object, status: int = 200) -> wire.TaskReport:
    """Read the answer to a query."""
    return wire.task_report(answer(body, status))


@every("spelling", [str.upper, str.lower, str.capitalize, "  {} ".format])
@every(
    "status, wanted",
    [
        ("CREATE", TaskStatus.WAITING),
        ("QUEUED", TaskStatus.WAITING),
        ("RUNNING", TaskStatus.WAITING),
        ("SUCCESS", TaskStatus.SUCCEEDED),
        ("FAILED", TaskStatus.FAILED),
        ("CANCEL", TaskStatus.CANCELLED),
        ("CANCELED", TaskStatus.CANCELLED),
        ("CANCELLED", TaskStatus.CANCELLED),
    ],
)
def test_statuses_in_any_case(
    status: str, wanted: TaskStatus, spelling: Callable[[str], str]
) -> None:
    """A known status is known however it is written, flat or enveloped."""
    assert report({"status": spelling(status)}).status is wanted
    assert report({"code": 0, "data": {"status": spelling(status)}}).status is wanted


@every("code", CODES)
def test_a_known_status_outranks_any_code(code: str) -> None:
    """A live task has been seen carrying an error text: it is live."""
    found = report({"status": "RUNNING", "errorCode": code, "errorMessage": "apikey invalid"})
    assert (found.status, found.code) == (TaskStatus.WAITING, code)


@every("status", ["FAILED", "CANCEL", "SUCCESS"])
@every("http", [400, 401, 404, 408, 500, 502, 503])
def test_a_gateways_page_ends_no_task(status: str, http: int) -> None:
    """A paid task ends only by a good answer, not by a gateway that also speaks of a status."""
    error = told(wire.task_report, answer({"status": status, "errorCode": "1000"}, http))
    assert type(error) is Unanswered


@every("form", FORMS)
@every("code", CODES)
def test_every_code_of_a_query(code: str, form: str) -> None:
    """No code ends a task: it is asked again, or denied, which others count."""
    body = error_body(code, form)
    if code in {"423", "807", "1004", "1007"}:
        assert report(body).status is TaskStatus.DENIED
        return
    error = told(wire.task_report, answer(body))
    assert type(error) is (Busy if refusals.codes()[code].kind == "busy" else Unanswered)


@pytest.mark.parametrize(
    ("given_result", "wanted"),
    [
        ({"url": "u", "outputType": "PNG"}, ("u", None, "png")),
        ({"outputUrl": "u"}, ("u", None, "")),
        ({"fileUrl": "u", "outputType": None}, ("u", None, "")),
        ({"text": "t", "outputType": "string"}, (None, "t", "string")),
        ({"content": "t"}, (None, "t", "")),
        ({"output": "t"}, (None, "t", "")),
        ({"url": "u", "text": None}, ("u", None, "")),
        ({"url": "", "text": "t"}, (None, "t", "")),
        ({"text": "half \ud83d"}, (None, "half ?", "")),
    ],
)
def test_shapes_of_results(
    given_result: dict[str, Any], wanted: tuple[str | None, str | None, str]
) -> None:
    """Links and texts are found under all the names that are in use."""
    (found,) = report({"status": "SUCCESS", "results": [given_result]}).results
    assert (found.url, found.text, found.type) == wanted


@pytest.mark.parametrize("listed", [None, [], "u", {}, [None], ["u"], [{}], [{"url": 7}]])
def test_success_without_results(listed: object) -> None:
    """A success that hands out nothing is a success without results."""
    found = report({"status": "SUCCESS", "results": listed})
    assert (found.status, found.results) == (TaskStatus.SUCCEEDED, ())


def test_results_are_counted_from_one_without_gaps() -> None:
    """Positions become output names, so an empty result leaves no hole."""
    found = report({"status": "SUCCESS", "results": [{"url": "a"}, {}, {"url": "b"}]})
    assert [(each.position, each.url) for each in found.results] == [(1, "a"), (2, "b")]


NO_IDS = [
    "null",
    "None",
    "undefined",
    "9" * 38_000,
    "20135\x0086110",
    "2013 5087",
    "-5",
    "a\n1",
    "..",
]


@pytest.mark.parametrize("code", ["", "421", "1007"])
@pytest.mark.parametrize("task_id", NO_IDS)
def test_what_is_no_task_id_leaves_a_submit_unanswered(task_id: str, code: str) -> None:
    """It is never accepted under such a name, nor taken for refused: something stood there."""
    for body in (
        {"taskId": task_id, "status": "RUNNING", "errorCode": code},
        {"code": 0, "data": {"taskId": task_id}, "errorCode": code},
    ):
        assert type(told(wire.submitted_task, answer(body))) is Unanswered


@pytest.mark.parametrize("task_id", [1910246754753896450, "2013508786110730241", "TASK-1", " 17 "])
def test_ids_of_all_kinds_are_followed(task_id: object) -> None:
    """The older calls send numbers, other services short names."""
    found = wire.submitted_task(answer({"code": 0, "data": {"taskId": task_id}}))
    assert found == str(task_id).strip()


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("out of memory", "out of memory"),
        ({"exception_message": "no memory", "node_name": "Sampler", "node_id": 13}, "Sampler 13"),
        ({"exception_message": "no memory", "node_id": "13"}, "no memory (node 13)"),
        ({"exception_type": "OutOfMemory"}, "OutOfMemory"),
        ({}, "words"),
        ({"node_id": "13"}, "words"),
        ([], "words"),
    ],
)
def test_why_a_task_failed_is_told_with_its_node(reason: object, said: str) -> None:
    """The reason may be a text or an object; without one the answer's own words are told."""
    body = {"status": "FAILED", "errorMessage": "words", "failedReason": reason}
    assert said in report(body).said


@pytest.mark.parametrize(
    ("counts", "tasks"),
    [
        ({"totalCurrentTasks": "4", "runningCount": "9"}, 4),
        ({"runningCount": "1", "queuedCount": "2"}, 3),
        ({"runningCount": 1}, 1),
        ({}, None),
    ],
)
def test_tasks_are_added_up_where_the_service_does_not(
    counts: dict[str, object], tasks: int | None
) -> None:
    """Without a total those that run and those that wait are all there are."""
    assert wire.queue(answer({"code": 0, "data": counts})).tasks == tasks


def test_a_list_of_messages_is_told() -> None:
    """An envelope may carry several instead of one."""
    body = {"code": 301, "errorMessages": ["a is missing", None, "b is too long"]}
    assert "a is missing; b is too long" in str(told(wire.submitted_task, answer(body)))


def cost(money: str | None = None, coins: str | None = None, unreadable: str = "") -> Charge:
    """Return a charge."""
    amounts = [None if each is None else Decimal(each) for each in (money, coins)]
    return Charge(money=amounts[0], coins=amounts[1], unreadable=unreadable)


@pytest.mark.parametrize(
    ("usage", "charge"),
    [
        ({"thirdPartyConsumeMoney": "0.14", "consumeMoney": None}, cost("0.14")),
        ({"thirdPartyConsumeMoney": 0.14}, cost("0.14")),
        ({"thirdPartyConsumeMoney": None, "consumeMoney": "0.2"}, cost("0.2")),
        ({"thirdPartyConsumeMoney": "0", "consumeMoney": "0.2"}, cost("0.2")),
        ({"thirdPartyConsumeMoney": "2.8", "consumeMoney": "0.2"}, cost("3.0")),
        ({"thirdPartyConsumeMoney": "0", "consumeMoney": None}, cost("0")),
        ({"thirdPartyConsumeMoney": " 1 "}, cost("1")),
        ({"thirdPartyConsumeMoney": 3, "consumeMoney": 2}, cost("5")),
        ({"thirdPartyConsumeMoney": "0.4", "consumeCoins": "3"}, cost("0.4", "3")),
        ({"consumeCoins": "5"}, cost(coins="5")),
        ({"consumeCoins": "0", "thirdPartyConsumeMoney": "0.1"}, cost("0.1", "0")),
        ({"thirdPartyConsumeMoney": None}, cost()),
        ({"thirdPartyConsumeMoney": "  "}, cost()),
        ({"thirdPartyConsumeMoney": "0,14"}, cost(unreadable="0,14")),
        ({"thirdPartyConsumeMoney": "-3", "consumeMoney": "0.2"}, cost("0.2", unreadable="-3")),
        ({"thirdPartyConsumeMoney": "NaN"}, cost(unreadable="NaN")),
        ({"thirdPartyConsumeMoney": "Infinity"}, cost(unreadable="Infinity")),
        ({"thirdPartyConsumeMoney": True}, cost(unreadable="True")),
        ({"thirdPartyConsumeMoney": "9" * 99}, cost(unreadable="9" * 40)),
        ({"consumeTokens": 1200}, cost(unreadable="consumeTokens 1200")),
        ({"consumeTokens": 0, "taskCostTime": "12", "billingSeconds": "4"}, cost()),
        ({}, cost()),
        (None, cost()),
        ("0.14", cost(unreadable="consumed 0.14")),
    ],
)
def test_charges(usage: object, charge: Charge) -> None:
    """Both fees add up, coins stand for themselves, and what cannot be read is never nothing."""
    assert report({"status": "SUCCESS", "usage": usage}).charge == charge


@pytest.mark.parametrize("usage", [None, {}, {"consumeMoney": None, "taskCostTime": "0"}])
def test_the_usage_of_sub_tasks_counts_where_the_task_says_none(usage: object) -> None:
    """They add up, whether each has its amounts itself or within; what is no usage is left out."""
    listed = [
        {"taskId": "1", "usage": {"consumeMoney": None, "thirdPartyConsumeMoney": "0.2"}},
        {"consumeMoney": "0.1", "consumeCoins": 3},
        "odd",
        {"usage": None},
    ]
    said = {"status": "SUCCESS", "usage": usage, "taskUsageList": listed}
    assert report(said).charge == cost("0.3", "3")


def test_the_usage_of_sub_tasks_is_not_counted_twice() -> None:
    """Where the task itself says what it was charged, that is the whole."""
    listed = [{"usage": {"consumeMoney": "0.1"}}]
    said = {"status": "SUCCESS", "usage": {"consumeMoney": "0.1"}, "taskUsageList": listed}
    assert report(said).charge == cost("0.1")


def test_a_failed_task_says_why() -> None:
    """The failed task's own reason goes before the general message."""
    body = {"status": "FAILED", "errorCode": "1501", "errorMessage": "x", "failedReason": "y"}
    assert (report(body).code, report(body).said) == ("1501", "y")
    assert report({"status": "FAILED", "errorCode": 1000, "errorMessage": "x"}).said == "x"


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ({"remainMoney": "12.5", "currency": "cny"}, (Decimal("12.5"), "CNY")),
        ({"remainMoney": 3, "currency": "USD"}, (Decimal(3), "USD")),
        ({"remainMoney": None, "currency": None}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_account(found: object, wanted: tuple[Decimal | None, str | None]) -> None:
    """The wallet's money counts, not the coins; null is not zero."""
    account = wire.account(answer({"code": 0, "data": found}))
    assert (account.balance, account.currency) == wanted


@pytest.mark.parametrize(
    ("limit", "wanted"),
    [
        ("50", 50),
        (50, 50),
        ("1", 1),
        ("0", None),
        (None, None),
        ("many", None),
        ("-3", None),
        ("1E+99999999", None),
        ("99999", 10_000),
    ],
)
def test_concurrency_limit(limit: object, wanted: int | None) -> None:
    """The limit is a count from 1; without one it is learned."""
    body = {"code": 0, "data": {"concurrentLimit": limit}}
    assert wire.queue(answer(body)).limit == wanted


@pytest.mark.parametrize("body", [b"", b"<html>", [], {}, {"data": None}, {"code": 401}])
def test_no_concurrency_limit(body: object) -> None:
    """An answer without a limit says none; it stops nothing."""
    assert wire.queue(answer(body, 500)) == wire.Queue(limit=None, tasks=None)


@pytest.mark.parametrize(
    ("status", "body", "taken"),
    [
        (200, {"code": 0, "data": None}, True),
        (200, {"code": "0"}, True),
        (200, {"code": 807}, False),
        (200, b"<html>", False),
        (500, {}, False),
        (401, {"error": "x"}, False),
    ],
)
def test_cancel(status: int, body: object, taken: bool) -> None:  # noqa: FBT001  a table's column
    """Only a clear yes is a yes."""
    assert wire.cancel_accepted(answer(body, status)) is taken


KEYS = st.sampled_from(
    ["taskId", "task_id", "data", "status", "errorCode", "code", "results", "usage", "url", "text"]
)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from([*CODES, "SUCCESS", "failed", TASK, ""]),
)


VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


ANSWERS = st.builds(
    Answer,
    st.sampled_from([200, 201, 204, 301, 400, 401, 404, 408, 418, 429, 500, 503]),
    st.dictionaries(st.just("retry-after"), st.text(max_size=10)),
    st.binary(max_size=40) | VALUES.map(lambda value: json.dumps(value).encode()),
)


@pytest.mark.parametrize(
    "call", [wire.submitted_task, wire.uploaded, wire.task_report, wire.account]
)
@given(given_answer=ANSWERS)
def test_nonsense_raises_remote_errors_only(
    call: Callable[[Answer], object], given_answer: Answer
) -> None:
    """Whatever comes back, the reading ends in a value or in one of the five errors."""
    try:
        found = call(given_answer)
    except (Busy, Refused, Held, Unanswered):
        return
    repr(found).encode()


@given(given_answer=ANSWERS)
def test_only_what_is_certain_may_be_sent_again(given_answer: Answer) -> None:
    """A submit counts as not accepted only by a known code or a client error."""
    try:
        assert wire.submitted_task(given_answer)
    except Unanswered:
        return
    except RemoteError:
        body = json.loads(given_answer.body) if given_answer.status < 400 else {}
        stated = {str(body.get(key)).strip() for key in ("errorCode", "code")} if body else set()
        assert 400 <= given_answer.status < 500 or stated & set(CODES)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"estimatedPrice": "0.14", "currency": "cny"}, (Decimal("0.14"), "CNY")),
        ({"estimatedPrice": 0.5, "currency": "USD", "errorCode": ""}, (Decimal("0.5"), "USD")),
        ({"estimatedPrice": "3", "isFreeThisCall": True}, (Decimal(3), None)),
        ({"estimatedPrice": "0", "isFreeThisCall": True}, None),
        ({"estimatedPrice": None, "isFreeThisCall": True}, None),
        ({"estimatedPrice": 0}, None),
        ({"estimatedPrice": None, "errorCode": "1501"}, None),
    ],
)
def test_price_preview(body: object, wanted: tuple[Decimal, str | None] | None) -> None:
    """The price, or that there is none: 1501 is no moderation, a free call no price."""
    found = wire.price_preview(Answer(200, {}, json.dumps(body).encode()))
    assert (found and (found.amount, found.currency)) == wanted


@pytest.mark.parametrize("body", [b"", b"[]", b'{"estimatedPrice": "-1"}', b'{"x": 1}', b"<html>"])
def test_a_price_that_is_none(body: bytes) -> None:
    """Nonsense is no price, neither is less than nothing."""
    with pytest.raises(Unanswered):
        wire.price_preview(Answer(200, {}, body))
