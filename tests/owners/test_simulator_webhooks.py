"""The simulator's callbacks: one at each task's end, repeated, and spoilt as tests want it."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from hotfolder.simulator import Fault, Settings, in_thread, webhooks
from tests.customer import NO_TLS
from tests.studio import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotfolder.simulator import RunningServer

GROK = "rhart-image-x-official/edit"
CAT = files("hotfolder").joinpath("samples", "cat.jpg").read_bytes()
LIMIT_S = 60.0


class Receiver(ThreadingHTTPServer):
    """Takes callbacks; `refusals` is how many it answers with 500 before it is content."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.refusals = 0
        super().__init__(("127.0.0.1", 0), _Listening)

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def until(self, count: int) -> list[tuple[str, bytes]]:
        """Wait until so many callbacks came, and return all."""
        end_s = time.monotonic() + LIMIT_S
        while len(self.heard) < count:
            assert time.monotonic() < end_s, self.heard
            time.sleep(0.01)
        return self.heard


class _Listening(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["content-length"]))
        self.server.heard.append((self.path, content))
        self.server.refusals -= 1
        self.send_response(500 if self.server.refusals >= 0 else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Give a receiver of callbacks."""
    with Receiver() as receiver:
        thread = threading.Thread(target=receiver.serve_forever, args=(0.01,))
        thread.start()
        yield receiver
        receiver.shutdown()
        thread.join()


@pytest.fixture
def server() -> Iterator[RunningServer]:
    """Give a service whose tasks take no time and whose callbacks are repeated at once."""
    with in_thread(Settings(task_s=0.0, webhook_retry_s=0.01)) as server:
        yield server


def submit(server: RunningServer, webhook: str, prompt: str = "make it gold") -> str:
    """Submit an edit that names a callback's address and return its task id."""
    with httpx.Client(
        headers={"Authorization": f"Bearer {KEY}"}, trust_env=False, verify=NO_TLS
    ) as http:
        upload = http.post(
            f"{server.base_url}/media/upload/binary", files={"file": ("cat.jpg", CAT)}
        )
        link = upload.json()["data"]["download_url"]
        body = {"prompt": prompt, "image": link, "webhookUrl": webhook}
        return str(http.post(f"{server.base_url}/{GROK}", json=body).json()["taskId"])


def named(heard: tuple[str, bytes]) -> Any:  # noqa: ANN401  (JSON)
    """Return the task that a callback names."""
    return json.loads(heard[1])["taskId"]


def until_given_up(server: RunningServer) -> None:
    """Wait until the service gives a callback up."""
    until_counted(server, "webhook_given_up", 1)


def until_counted(server: RunningServer, what: str, times: int) -> None:
    """Wait until the service has counted something so often: that comes after its answer."""
    end_s = time.monotonic() + LIMIT_S
    while server.simulator.ledger().requests.get(what, 0) < times:
        assert time.monotonic() < end_s
        time.sleep(0.01)


def test_the_end_of_a_task_is_told_once(server: RunningServer, receiver: Receiver) -> None:
    """The body is as the facts say, `eventData` an object like a query's answer or JSON text."""
    task_id = submit(server, f"{receiver.url}/hook/secret?a=1")
    (path, content) = receiver.until(1)[0]
    body = json.loads(content)
    assert path == "/hook/secret?a=1"
    assert (body["event"], body["taskId"]) == ("TASK_END", task_id)
    assert body["eventData"]["status"] == "SUCCESS"
    server.simulator.update_settings(webhook_form="text")
    submit(server, receiver.url)
    older = json.loads(json.loads(receiver.until(2)[1][1])["eventData"])
    assert older["data"][0]["fileUrl"].startswith(server.url)
    until_counted(server, "webhook_heard", 2)
    assert server.simulator.ledger().requests["webhook_heard"] == 2


def test_a_failing_receiver_is_asked_again(server: RunningServer, receiver: Receiver) -> None:
    """Three tries by default, then it is given up."""
    receiver.refusals = 2
    task_id = submit(server, receiver.url)
    assert [named(each) for each in receiver.until(3)] == [task_id] * 3
    receiver.refusals = 3
    submit(server, receiver.url)
    receiver.until(6)
    until_given_up(server)


def test_callbacks_are_spoilt_as_wanted(server: RunningServer, receiver: Receiver) -> None:
    """Missing, twice, after a wrong one, unreadable, and late, hence out of order."""
    faults = {"missing": 0, "twice": 2, "wrong_task": 2, "garbage": 1}
    for kind in faults:
        server.simulator.add_fault(Fault(call="webhook", kind=kind, contains=kind))
    server.simulator.add_fault(Fault(call="webhook", kind="slow", contains="late", seconds=3.0))
    submit(server, f"{receiver.url}/late", "comes late")
    for kind in faults:
        submit(server, f"{receiver.url}/{kind}", f"goes {kind}")
    heard = receiver.until(6)
    counted = {kind: sum(path == f"/{kind}" for path, _ in heard) for kind in faults}
    assert counted == faults
    assert heard[-1][0] == "/late"
    wrong, right = [named(each) for each in heard if each[0] == "/wrong_task"]
    assert wrong != right
    (unreadable,) = [content for path, content in heard if path == "/garbage"]
    with pytest.raises(ValueError, match="Unterminated"):
        json.loads(unreadable)


def test_nobody_but_this_machine_is_called(server: RunningServer) -> None:
    """An address that is not loopback is never connected to."""
    submit(server, "http://192.0.2.1/hook")
    until_given_up(server)


@pytest.mark.parametrize(
    ("host", "may"),
    [
        *(("localhost", True), ("127.0.0.2", True), ("198.51.100.7", True)),
        *(("192.0.2.1", False), ("example.org", False), ("", False)),
    ],
)
def test_a_network_that_is_named_is_called_besides(host: str, may: bool) -> None:  # noqa: FBT001
    """Neither another network nor a name that could lead anywhere."""
    assert webhooks._may_be_called(host, "198.51.100.0/24") is may  # noqa: SLF001


def test_a_callback_is_told_of_and_sent_again(server: RunningServer, receiver: Receiver) -> None:
    """What became of a callback is asked for by its task; it is sent again to where one wishes."""
    key, tasks = {"apiKey": KEY}, f"{server.url}/task/openapi"
    task_id = submit(server, f"{receiver.url}/token")
    quiet = submit(server, "")
    until_counted(server, "webhook_heard", 1)
    with httpx.Client(trust_env=False, verify=NO_TLS) as http:
        told = http.post(f"{tasks}/getWebhookDetail", json=key | {"taskId": task_id}).json()
        detail = told["data"]
        assert (detail["callbackStatus"], detail["taskId"]) == ("SUCCESS", task_id)
        assert KEY not in detail["userApiKey"]
        none = http.post(f"{tasks}/getWebhookDetail", json=key | {"taskId": quiet}).json()
        assert none["code"] == 1
        again = {"webhookId": detail["id"], "webhookUrl": f"{receiver.url}/again"}
        http.post(f"{tasks}/retryWebhook", json=key | again)
    assert [path for path, _ in receiver.until(2)] == ["/token", "/again"]
