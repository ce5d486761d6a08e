"""The one HTTP client over the simulator: what is known after each thing that can go wrong."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import asynccontextmanager
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from hotfolder.domain.errors import (
    AccountHold,
    Busy,
    LinkGone,
    NotSent,
    Refused,
    RemoteError,
    RuleHold,
    Unanswered,
)
from hotfolder.runninghub import wire
from hotfolder.runninghub.client import Client
from hotfolder.runninghub.wire import TaskStatus
from hotfolder.simulator import Fault, Settings, in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from hotfolder.simulator import RunningServer

KEY = "k3y" + "s" * 29
GROK = "rhart-image-x-official/edit"
CAT = files("hotfolder").joinpath("samples", "cat.jpg").read_bytes()
ANSWER_TIMEOUT_S = 0.3
PATIENCE_S = 10
ENOUGH = 10**8


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep this machine's proxies out of the way."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def service() -> Iterator[RunningServer]:
    """Give a service whose tasks end at once."""
    with in_thread(Settings(task_s=0, key=KEY, retry_after_s=4)) as server:
        yield server


@asynccontextmanager
async def connected(base_url: str, **rest: Any) -> AsyncIterator[Client]:  # noqa: ANN401  as Client
    """Give a client and close it."""
    client = Client(base_url, SecretStr(rest.pop("key", KEY)), **rest)
    try:
        yield client
    finally:
        await client.aclose()


@pytest.fixture
async def client(service: RunningServer) -> AsyncIterator[Client]:
    """Give a client of the service that is not patient with submits."""
    async with connected(service.base_url, submit_timeout_s=ANSWER_TIMEOUT_S) as made:
        yield made


async def body_for(client: Client, prompt: str = "make it gold") -> dict[str, Any]:
    """Upload the cat and return the body of its edit."""
    uploaded = await client.upload(CAT, "cat.jpg", "image/jpeg")
    return {"prompt": prompt, "image": uploaded.url}


def fault(service: RunningServer, call: Any, kind: str, **rest: Any) -> None:  # noqa: ANN401  as Fault
    """Let the service misbehave."""
    service.simulator.add_fault(Fault(call=call, kind=kind, **rest))


def accepted(service: RunningServer) -> int:
    """Return how many tasks the service has accepted."""
    return len(service.simulator.ledger().tasks)


def requests(service: RunningServer, call: str) -> int:
    """Return how many requests of a kind have arrived."""
    return service.simulator.ledger().requests.get(call, 0)


# -- the whole way


async def test_the_whole_way(service: RunningServer, client: Client) -> None:
    """Upload, submit, query and download give the edited picture, and the charge."""
    task_id = await client.submit(GROK, await body_for(client))
    report = await client.query(task_id)
    assert report.status is TaskStatus.SUCCEEDED
    assert report.charge == service.simulator.ledger().charged > 0
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
    assert type(caught.value) is Unanswered
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


def closed_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def every_call(client: Client) -> list[BaseException | object]:
    """Make every call once and return what became of each."""
    return [
        *await asyncio.gather(
            client.submit(GROK, {"prompt": "x"}),
            client.upload(b"x", "x.jpg", "image/jpeg"),
            client.query("1" * 19),
            client.download(f"{client.site}/x", len, limit=ENOUGH),
            client.queue(),
            client.account(),
            client.cancel("1" * 19),
            return_exceptions=True,
        )
    ]


@pytest.mark.parametrize(
    "site", ["http://127.0.0.1:{port}", "https://127.0.0.1:{port}", "http://[::1]:{port}"]
)
async def test_a_refused_connection_sent_nothing(site: str) -> None:
    """Where no connection came about, nothing can have been accepted."""
    async with connected(site.format(port=closed_port()) + "/openapi/v2") as client:
        assert {type(each) for each in await every_call(client)} == {NotSent}


async def test_a_name_that_cannot_be_resolved_sent_nothing() -> None:
    """Without an address there is no connection."""
    async with connected("http://no-such-host.invalid/openapi/v2") as client:
        with pytest.raises(NotSent):
            await client.submit(GROK, {"prompt": "x"})


# -- a server that says exactly what a test wants


class Listener:
    """A plain TCP server: keeps what each connection sends, and answers or not."""

    def __init__(self, reply: bytes | None, *, heard: int = 1) -> None:
        self.connections: list[bytes] = []
        self.heard = asyncio.Event()
        self._reply = reply
        self._wanted = heard
        self._writers: list[asyncio.StreamWriter] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, for as long as the client keeps it."""
        place = len(self.connections)
        self.connections.append(b"")
        self._writers.append(writer)
        while chunk := await reader.read(65536):
            self.connections[place] += chunk
            if sum(map(bool, self.connections)) >= self._wanted:
                self.heard.set()
            if self._reply is not None and b"}" in chunk:
                writer.write(self._reply)
        writer.close()

    def close(self) -> None:
        """Cut all connections."""
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def listening(reply: bytes | None, **rest: Any) -> AsyncIterator[tuple[Listener, str]]:  # noqa: ANN401  as Listener
    """Serve, and give the listener and its base URL."""
    listener = Listener(reply, **rest)
    server = await asyncio.start_server(listener, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield listener, f"http://127.0.0.1:{port}/openapi/v2"
        listener.close()


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    """Return an HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


YES = http("200 OK", b'{"taskId":"2013508786110730241","errorCode":""}')


async def test_every_submit_has_a_connection_of_its_own() -> None:
    """A kept-alive connection that the server just closed would make doubt out of nothing."""
    async with listening(YES) as (listener, url), connected(url) as client:
        for _ in range(2):
            await client.submit(GROK, {"prompt": "one"})
        await asyncio.gather(*(client.submit(GROK, {"prompt": "more"}) for _ in range(5)))
    assert [sent.count(b"POST ") for sent in listener.connections] == [1] * 7


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
async def test_a_submit_follows_no_redirect(status: str) -> None:
    """A redirect would send the paid call twice: it is doubt instead."""
    reply = http(status, b"", "location: /openapi/v2/elsewhere")
    async with listening(reply) as (listener, url), connected(url) as client:
        with pytest.raises(Unanswered):
            await client.submit(GROK, {"prompt": "x"})
    assert [sent.count(b"POST ") for sent in listener.connections] == [1]


async def test_a_submit_broken_off_while_waiting_is_doubt() -> None:
    """Who stops waiting for an answer does not know it."""
    async with listening(None) as (listener, url), connected(url) as client:
        call = asyncio.ensure_future(client.submit(GROK, {"prompt": "x"}))
        await asyncio.wait_for(listener.heard.wait(), PATIENCE_S)
        call.cancel()
        with pytest.raises(Unanswered, match="stopped"):
            await call


async def test_a_submit_broken_off_before_sending_sent_nothing() -> None:
    """While the connection is still being made, no byte of the request has left."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # TLS begins with the server's answer to the greeting, which never comes.
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/openapi/v2"
        async with connected(url) as client:
            call = asyncio.ensure_future(client.submit(GROK, {"prompt": "x"}))
            accepted_socket, _ = await asyncio.get_running_loop().sock_accept(unblocked(silent))
            call.cancel()
            with pytest.raises(NotSent, match="stopped"):
                await call
            accepted_socket.close()


def unblocked(server: socket.socket) -> socket.socket:
    """Return a socket for the loop's use."""
    server.setblocking(False)
    return server


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
        b"nonsense\r\n\r\n",
        http("200 OK", b"no gzip at all", "content-encoding: gzip"),
        http("200 OK", YES[-20:]),
    ],
    ids=["short", "chunk", "no http", "no gzip", "no json"],
)
async def test_a_broken_answer_is_doubt(reply: bytes) -> None:
    """An answer that ends early or makes no sense is no answer, for every call."""
    async with listening(reply) as (listener, url), connected(url, submit_timeout_s=0.2) as client:
        with pytest.raises(Unanswered):
            await client.submit(GROK, {"prompt": "x"})
    assert len(listener.connections) == 1


async def test_a_tunnel_that_is_refused_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy is asked for a tunnel first: where it says no, the submit never left."""
    reply = http("407 Proxy Authentication Required", b"}")
    proxy = Listener(None)

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxy.connections.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(reply)
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        async with connected("https://service.invalid/openapi/v2") as client:
            with pytest.raises(NotSent):
                await client.submit(GROK, {"prompt": "x"})
    assert proxy.connections[0].startswith(b"CONNECT service.invalid:443")
    assert KEY.encode() not in proxy.connections[0]


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
    return await client.upload(CAT, "cat.jpg", "image/jpeg")


async def test_an_upload_that_is_too_large_is_refused(
    service: RunningServer, client: Client
) -> None:
    """A file over the service's cap fails with a reason."""
    service.simulator.update_settings(upload_max_bytes=10)
    with pytest.raises(Refused) as caught:
        await client.upload(CAT, "cat.jpg", "image/jpeg")
    assert caught.value.failure.code == "too_large_for_service"


async def test_a_broken_name_can_be_uploaded(client: Client) -> None:
    """A file name that is no UTF-8 stops no upload."""
    assert (await client.upload(CAT, "a\udcff.jpg", "image/jpeg")).url


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


# -- downloads


async def result_link(service: RunningServer, client: Client) -> str:
    """Have an edit made and return its result's link."""
    del service
    report = await client.query(await client.submit(GROK, await body_for(client)))
    assert report.results[0].url is not None
    return report.results[0].url


@pytest.mark.parametrize(
    ("kind", "rest", "error"),
    [
        ("truncate", {"length": "full", "share": 0.0}, Unanswered),
        ("drop_before", {}, Unanswered),
        ("reset_after", {}, Unanswered),
        ("error_before", {"status": 500}, Unanswered),
        ("error_before", {"status": 429}, Unanswered),
        ("html", {"status": 502}, Unanswered),
        *(("expired", {"status": status}, LinkGone) for status in (403, 404, 410)),
    ],
)
async def test_a_download_that_is_not_whole(
    service: RunningServer,
    client: Client,
    kind: str,
    rest: dict[str, Any],
    error: type[RemoteError],
) -> None:
    """A download cut short is made again; an expired link is asked for again."""
    link = await result_link(service, client)
    fault(service, "download", kind, times=1, **rest)
    with pytest.raises(error) as caught:
        await client.download(link, len, limit=ENOUGH)
    assert type(caught.value) is error
    await client.download(link, len, limit=ENOUGH)


async def test_a_cut_download_goes_on_where_it_was_cut(
    service: RunningServer, client: Client
) -> None:
    """The service's links take ranges: what came already is kept."""
    link = await result_link(service, client)
    fault(service, "download", "truncate", times=2)
    resumed: list[bytes] = []
    await client.download(link, resumed.append, limit=ENOUGH)
    assert requests(service, "download") == 3
    whole: list[bytes] = []
    await client.download(link, whole.append, limit=ENOUGH)
    assert b"".join(resumed) == b"".join(whole)


async def test_a_result_that_is_too_large_is_broken_off(
    service: RunningServer, client: Client
) -> None:
    """No result fills the disk: nothing beyond the limit is written."""
    link = await result_link(service, client)
    chunks: list[bytes] = []
    with pytest.raises(Unanswered, match="larger than 100 bytes"):
        await client.download(link, chunks.append, limit=100)
    assert sum(map(len, chunks)) <= 100


async def test_a_disk_error_is_the_writers(service: RunningServer, client: Client) -> None:
    """What the writing raises comes out as it is."""
    link = await result_link(service, client)

    def full(_chunk: bytes) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        await client.download(link, full, limit=ENOUGH)


async def test_the_key_is_not_given_to_result_links(service: RunningServer, client: Client) -> None:
    """Result links lead to other hosts, which have no business with the key."""
    await client.download(await result_link(service, client), len, limit=ENOUGH)
    assert (requests(service, "download"), requests(service, "download_with_key")) == (1, 0)


async def test_a_result_link_may_redirect() -> None:
    """Storage hosts redirect; downloads are free to follow."""
    with in_thread(Settings(task_s=0, key=KEY)) as server:
        async with connected(server.base_url) as client:
            link = await result_link(server, client)
            lines = f"HTTP/1.1 302 Found\r\nlocation: {link}\r\ncontent-length: 0\r\n\r\n"
            chunks: list[bytes] = []

            async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(lines.encode())
                writer.close()

            async with await asyncio.start_server(redirect, "127.0.0.1", 0) as storage:
                port = storage.sockets[0].getsockname()[1]
                await client.download(f"http://127.0.0.1:{port}/x", chunks.append, limit=ENOUGH)
    assert b"".join(chunks).startswith(b"\xff\xd8")


@pytest.mark.parametrize("link", ["", "no link", "file:///etc/passwd", "http://[", "ftp://x/y"])
async def test_a_link_that_is_none(client: Client, link: str) -> None:
    """What is no web address will never answer: a fresh link is asked for, not waited for."""
    with pytest.raises(LinkGone):
        await client.download(link, len, limit=ENOUGH)


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
