"""The one HTTP client over the simulator: what is known after each thing that can go wrong."""

from __future__ import annotations

import io
import logging
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from hotfolder.domain.errors import AccountHold, Busy, Refused, RemoteError, RuleHold, Unanswered
from hotfolder.runninghub import wire
from hotfolder.runninghub.client import Client
from hotfolder.runninghub.wire import TaskStatus
from tests.calling import (
    CAT,
    ENOUGH,
    GROK,
    KEY,
    accepted,
    body_for,
    connected,
    every_call,
    fault,
    requests,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotfolder.simulator import RunningServer

pytestmark = pytest.mark.usefixtures("no_proxies")

# -- the whole way


async def test_the_whole_way(service: RunningServer, client: Client) -> None:
    """Upload, submit, query and download give the edited picture, and the charge."""
    task_id = await client.submit(GROK, await body_for(client))
    report = await client.query(task_id)
    assert report.status is TaskStatus.SUCCEEDED
    assert report.charge.money == service.simulator.ledger().charged > 0
    (result,) = report.results
    assert result.url is not None
    chunks: list[bytes] = []
    await client.download(result.url, chunks.append, limit=ENOUGH)
    assert b"".join(chunks).startswith(b"\xff\xd8")
    assert requests(service, "download_with_key") == 0


async def test_the_free_calls(service: RunningServer, client: Client) -> None:
    """The account's money and limit are asked for; a task can be cancelled."""
    assert await client.queue() == wire.Queue(limit=50, tasks=0)
    account = await client.account()
    assert (account.balance, account.currency) == (Decimal(1000), "CNY")
    assert client.site == service.url
    service.simulator.update_settings(task_s=100.0)
    task_id = await client.submit(GROK, await body_for(client))
    assert await client.cancel(task_id)
    assert (await client.query(task_id)).status is TaskStatus.CANCELLED
    assert not await client.cancel("1" * 19)


# -- submit: what is known


LOST = [
    ("drop_before", {}, 0),
    ("reset_before", {}, 0),
    ("timeout_before", {}, 0),
    ("error_before", {"status": 502}, 0),
    ("drop_after", {}, 1),
    ("reset_after", {}, 1),
    ("timeout_after", {}, 1),
    ("error_after", {"status": 500}, 1),
    ("error_after", {"status": 503}, 1),
    ("error_after", {"status": 408}, 1),
    ("html", {"acting": True}, 1),
    ("html", {"acting": True, "status": 504}, 1),
    ("garbage", {"acting": True, "body": "text"}, 1),
    ("garbage", {"acting": True, "body": "null"}, 1),
    ("garbage", {"acting": True, "body": "empty"}, 1),
    ("code", {"acting": True, "code": "1000"}, 1),
    ("code", {"acting": True, "code": "500", "form": "msg"}, 1),
    ("code", {"acting": True, "code": "804", "form": "msg"}, 1),
]


@pytest.mark.parametrize(("kind", "rest", "tasks"), LOST)
async def test_a_lost_answer_is_doubt(
    service: RunningServer, client: Client, kind: str, rest: dict[str, Any], tasks: int
) -> None:
    """Once sent, an answer that does not come or cannot be read says nothing about acceptance."""
    body = await body_for(client)
    fault(service, "submit", kind, **rest)
    with pytest.raises(RemoteError) as caught:
        await client.submit(GROK, body)
    assert isinstance(caught.value, Unanswered)
    assert (accepted(service), requests(service, "submit")) == (tasks, 1)


@pytest.mark.parametrize(
    ("kind", "rest"),
    [
        ("stray_code", {"code": "421"}),
        ("alias", {}),
        ("garbage", {"acting": True, "body": "string"}),
        ("garbage", {"acting": True, "body": "truncated"}),
    ],
)
async def test_an_odd_acceptance_is_one(
    service: RunningServer, client: Client, kind: str, rest: dict[str, Any]
) -> None:
    """A task id means accepted under another name, beside an error code, or all alone."""
    body = await body_for(client)
    fault(service, "submit", kind, **rest)
    task_id = await client.submit(GROK, body)
    assert [task.task_id for task in service.simulator.ledger().tasks] == [task_id]


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"concurrent_limit": 0}, Busy),
        ({"concurrent_limit": 0, "limit_answer": "429"}, Busy),
        ({"concurrent_limit": 0, "limit_answer": "1520"}, Busy),
        ({"key_kind": "consumer"}, AccountHold),
        ({"balance": 0}, AccountHold),
        ({"key": "x" * 32}, AccountHold),
    ],
)
async def test_a_clear_no_is_no_doubt(
    service: RunningServer, client: Client, settings: dict[str, Any], kind: type[RemoteError]
) -> None:
    """The service's own refusals are certain: nothing was accepted."""
    body = await body_for(client)
    service.simulator.update_settings(**settings)
    with pytest.raises(kind) as caught:
        await client.submit(GROK, body)
    assert type(caught.value) is kind
    assert accepted(service) == 0


async def test_a_wrong_body_is_refused(service: RunningServer, client: Client) -> None:
    """Parameters that the service rejects fail the job with a reason."""
    with pytest.raises(Refused, match="parameters"):
        await client.submit(GROK, {"prompt": "make it gold"})
    assert accepted(service) == 0


async def test_a_wrong_endpoint_holds_the_rule(client: Client) -> None:
    """An endpoint that is not there holds its rule, it does not fail job after job."""
    with pytest.raises(RuleHold):
        await client.submit("no/such/model", {"prompt": "make it gold"})


# -- the free calls


@pytest.mark.parametrize(
    ("kind", "rest", "error"),
    [
        ("drop_before", {}, Unanswered),
        ("reset_after", {}, Unanswered),
        ("error_before", {"status": 503}, Unanswered),
        ("error_before", {"status": 429}, Busy),
        ("html", {}, Unanswered),
        ("garbage", {"body": "text"}, Unanswered),
        ("garbage", {"body": "null"}, Unanswered),
        ("garbage", {"body": "empty"}, Unanswered),
        ("code", {"code": "1003"}, Busy),
        ("code", {"code": "808"}, Unanswered),
    ],
)
@pytest.mark.parametrize("call", ["upload", "query"])
async def test_free_calls_are_tried_again(
    service: RunningServer,
    client: Client,
    call: str,
    kind: str,
    rest: dict[str, Any],
    error: type[RemoteError],
) -> None:
    """Each is made once and says that it may be made again; the next one works."""
    task_id = await client.submit(GROK, await body_for(client))
    fault(service, call, kind, times=1, **rest)
    before = requests(service, call)
    with pytest.raises(error) as caught:
        await free_call(client, call, task_id)
    assert type(caught.value) is error
    assert requests(service, call) == before + 1
    await free_call(client, call, task_id)


async def free_call(client: Client, call: str, task_id: str) -> object:
    """Make one of the free calls."""
    if call == "query":
        return await client.query(task_id)
    return await client.upload(io.BytesIO(CAT), "cat.jpg", "image/jpeg")


async def test_an_upload_that_is_too_large_is_refused(
    service: RunningServer, client: Client
) -> None:
    """A file over the service's cap fails with a reason."""
    service.simulator.update_settings(upload_max_bytes=10)
    with pytest.raises(Refused) as caught:
        await client.upload(io.BytesIO(CAT), "cat.jpg", "image/jpeg")
    assert caught.value.failure.code == "too_large_for_service"


async def test_a_broken_name_can_be_uploaded(client: Client) -> None:
    """A file name that is no UTF-8 stops no upload."""
    assert (await client.upload(io.BytesIO(CAT), "a\udcff.jpg", "image/jpeg")).url


async def test_an_unknown_task_is_denied(client: Client) -> None:
    """The service does not know it: others count how often."""
    assert (await client.query("1" * 19)).status is TaskStatus.DENIED
    assert (await client.query("nonsense")).status is TaskStatus.DENIED


async def test_rate_limits_say_how_long(service: RunningServer, client: Client) -> None:
    """HTTP 429 waits for as long as the service says."""
    service.simulator.update_settings(requests_per_s=0)
    with pytest.raises(Busy) as caught:
        await client.query("1" * 19)
    assert caught.value.after_s == 4


# -- the key


@pytest.mark.parametrize("key", ["", " ", "k" * 31 + "\n", "a b" + "k" * 29, "kéy", "k\x00"])
def test_a_key_that_no_header_carries(key: str) -> None:
    """HTTP's own error would quote the key: such a key is refused without being named."""
    with pytest.raises(ValueError, match="API key") as caught:
        Client("http://127.0.0.1/openapi/v2", SecretStr(key))
    assert not key.strip() or key not in str(caught.value)


def everything_told(error: BaseException) -> str:
    """Return all that a report of an error could print."""
    told = ""
    following: BaseException | None = error
    while following is not None:
        told += f"{following!s} {following!r} {following.args!r} {vars(following)!r}"
        following = following.__cause__ or following.__context__
    return told


@pytest.mark.parametrize("kind", ["drop_before", "error_after", "garbage", "code"])
async def test_the_key_is_told_to_nobody(
    service: RunningServer, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    """The key stands in no error and no log line, not even at the level for developers."""
    caplog.set_level(logging.DEBUG)
    calls = ["upload", "submit", "query", "queue_status", "account"]
    for call in calls:
        fault(service, call, kind, **({"code": "802"} if kind == "code" else {}))
    async with connected(service.base_url) as client:
        found = await every_call(client)
        assert KEY not in repr(client) + repr(vars(client))
    errors = [each for each in found if isinstance(each, BaseException)]
    assert errors
    assert KEY not in caplog.text
    assert KEY not in "".join(map(everything_told, errors))


# -- failpoints


async def test_failpoints_are_passed_in_order(service: RunningServer) -> None:
    """A test can stop the world before the paid call leaves and after its answer."""
    passed: list[str] = []
    async with connected(service.base_url, failpoint=passed.append) as client:
        body = await body_for(client)
        await client.submit(GROK, body)
    assert passed == ["upload.answered", "submit.sending", "submit.answered"]


async def test_a_stop_before_sending_sends_nothing(service: RunningServer) -> None:
    """The failpoint before the paid call really stands before it."""
    stop = stopping_at("submit.sending")
    async with connected(service.base_url, failpoint=stop) as client:
        body = await body_for(client)
        with pytest.raises(KeyboardInterrupt):
            await client.submit(GROK, body)
    assert requests(service, "submit") == 0


def stopping_at(point: str) -> Callable[[str], None]:
    """Return a failpoint that ends everything at one point."""

    def pass_or_stop(name: str) -> None:
        if name == point:
            raise KeyboardInterrupt

    return pass_or_stop
