"""The simulator's faults, each seen by a client on a real socket."""

from __future__ import annotations

import json
import socket
import time
import zlib
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from hotfolder.simulator import Fault, Settings, in_thread
from tests.customer import NO_TLS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hotfolder.simulator import RunningServer

KEY = "k" * 32
GROK = "rhart-image-x-official/edit"
CAT = files("hotfolder").joinpath("samples", "cat.jpg").read_bytes()


class Victim:
    """A client that meets faults."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self.simulator = server.simulator
        self.http = httpx.Client(
            headers={"Authorization": f"Bearer {KEY}"}, trust_env=False, verify=NO_TLS, timeout=60
        )
        self.link = str(self.upload().json()["data"]["download_url"])

    def upload(self) -> httpx.Response:
        """Upload the cat."""
        url = f"{self.server.base_url}/media/upload/binary"
        return self.http.post(url, files={"file": ("cat.jpg", CAT)})

    def submit(self, prompt: str = "make it gold", timeout: float = 5) -> httpx.Response:
        """Submit the Grok edit of the cat."""
        body = {"prompt": prompt, "image": self.link}
        return self.http.post(f"{self.server.base_url}/{GROK}", json=body, timeout=timeout)

    def query(self, task_id: str) -> httpx.Response:
        """Query a task."""
        return self.http.post(f"{self.server.base_url}/query", json={"taskId": task_id})

    def result_link(self, prompt: str = "make it gold") -> str:
        """Submit, query the finished task, and return its result's link."""
        answer = self.query(self.submit(prompt).json()["taskId"]).json()
        return str(answer["results"][0]["url"])

    def accepted(self) -> int:
        """Return how many tasks the service has accepted."""
        return len(self.simulator.ledger().tasks)

    def fault(self, call: Any, kind: str, **rest: Any) -> None:  # noqa: ANN401  (as Fault)
        """Add a rule to the simulator's table."""
        self.simulator.add_fault(Fault(call=call, kind=kind, **rest))


@pytest.fixture
def victim() -> Iterator[Victim]:
    """Return a client of a fresh service whose tasks end at once."""
    with in_thread(Settings(task_s=0)) as server:
        made = Victim(server)
        yield made
        made.http.close()


@pytest.mark.parametrize(
    ("kind", "error", "accepted"),
    [
        ("drop_before", httpx.RemoteProtocolError, 0),
        ("drop_after", httpx.RemoteProtocolError, 1),
        ("reset_before", httpx.ReadError, 0),
        ("reset_after", httpx.ReadError, 1),
        ("timeout_before", httpx.ReadTimeout, 0),
        ("timeout_after", httpx.ReadTimeout, 1),
    ],
)
def test_submit_without_an_answer(
    victim: Victim, kind: str, error: type[httpx.HTTPError], accepted: int
) -> None:
    """The connection ends, is reset or stays silent, before or after the acceptance."""
    victim.fault("submit", kind, times=1)
    with pytest.raises(error):
        victim.submit(timeout=0.2 if kind.startswith("timeout") else 60)
    assert victim.accepted() == accepted
    assert [task.answered for task in victim.simulator.ledger().tasks] == [False] * accepted
    assert victim.submit().json()["taskId"]


@pytest.mark.parametrize("call", ["upload", "query", "download", "queue_status", "account"])
@pytest.mark.parametrize("kind", ["drop_before", "reset_after", "error_before", "timeout_after"])
def test_every_call_can_be_hit(victim: Victim, call: str, kind: str) -> None:
    """Faults of the connection suit each call, and the next request is served."""
    link = victim.result_link()
    url = {
        "upload": f"{victim.server.base_url}/media/upload/binary",
        "query": f"{victim.server.base_url}/query",
        "download": link,
        "queue_status": f"{victim.server.base_url}/queue/status",
        "account": f"{victim.server.url}/uc/openapi/accountStatus",
    }[call]
    method = "GET" if call in {"download", "queue_status"} else "POST"
    victim.fault(call, kind, times=1, status=503, seconds=0.01)
    if kind == "error_before":
        assert victim.http.request(method, url).status_code == 503
    else:
        with pytest.raises(httpx.TransportError):
            victim.http.request(method, url)
    assert victim.http.request(method, url).status_code == 200


def test_reset_is_a_real_reset(victim: Victim) -> None:
    """A reset arrives as RST on the raw socket, a drop as its plain end."""
    host = urlsplit(victim.server.url)
    request = f"GET /openapi/v2/queue/status HTTP/1.1\r\nhost: {host.netloc}\r\n\r\n".encode()
    victim.fault("queue_status", "reset_before", times=1)
    victim.fault("queue_status", "drop_before", skip=1)
    with socket.create_connection((host.hostname, host.port or 0), 5) as raw:
        raw.sendall(request)
        with pytest.raises(ConnectionResetError):
            raw.recv(100)
    with socket.create_connection((host.hostname, host.port or 0), 5) as raw:
        raw.sendall(request)
        assert raw.recv(100) == b""


def test_silence_does_not_hold_up_the_end() -> None:
    """A server whose client waits for a silent or slow answer stops at once."""
    with in_thread(Settings()) as server:
        for kind, path in (("timeout_before", "queue/status"), ("slow", "query")):
            call: Any = "queue_status" if kind == "timeout_before" else "query"
            server.simulator.add_fault(Fault(call=call, kind=kind, seconds=600))
            method = "GET" if call == "queue_status" else "POST"
            with pytest.raises(httpx.ReadTimeout):
                httpx.request(
                    method, f"{server.base_url}/{path}", timeout=0.1, trust_env=False, verify=NO_TLS
                )
        begun = time.monotonic()
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(("kind", "accepted"), [("error_before", 0), ("error_after", 1)])
def test_submit_answered_by_an_http_error(victim: Victim, kind: str, accepted: int) -> None:
    """A 5xx page comes before or after the acceptance."""
    victim.fault("submit", kind, status=504)
    answer = victim.submit()
    assert (answer.status_code, answer.headers["content-type"]) == (504, "text/html; charset=utf-8")
    assert victim.accepted() == accepted


@pytest.mark.parametrize("acting", [False, True])
@pytest.mark.parametrize("kind", ["html", "garbage", "code"])
def test_acting_is_the_rules_choice(victim: Victim, kind: str, acting: bool) -> None:  # noqa: FBT001
    """A page, garbage or a code may hide an acceptance, or stand for none."""
    victim.fault("submit", kind, acting=acting, code="1005")
    assert victim.submit().status_code == 200
    assert victim.accepted() == acting


@pytest.mark.parametrize("body", ["text", "truncated", "null", "string", "empty"])
def test_garbage_cannot_be_read(victim: Victim, body: str) -> None:
    """Garbage is HTTP 200 of type JSON with no object that names a task."""
    victim.fault("submit", "garbage", body=body, acting=True)
    answer = victim.submit()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    task_id = victim.simulator.ledger().tasks[0].task_id
    match body:
        case "null":
            assert answer.json() == {"code": 0, "msg": "success", "data": None}
        case "string":
            assert answer.json() == task_id
        case _:
            with pytest.raises(json.JSONDecodeError):
                answer.json()


@pytest.mark.parametrize("code", ["-1", "301", "401", "416", "421", "811", "1003", "1014", "1520"])
def test_any_code_in_either_form(victim: Victim, code: str) -> None:
    """A code comes flat as text or enveloped as number; a rejected submit is noted."""
    victim.fault("submit", "code", code=code, times=1)
    victim.fault("submit", "code", code=code, form="msg", skip=1)
    flat = victim.submit().json()
    assert (flat["taskId"], flat["errorCode"]) == ("", code)
    enveloped = victim.submit().json()
    assert (enveloped["code"], enveloped["data"]) == (int(code), None)
    assert [rejected.code for rejected in victim.simulator.ledger().rejected] == [code, code]
    assert victim.accepted() == 0


def test_a_task_id_may_come_with_an_error_text(victim: Victim) -> None:
    """An answer may carry a code beside a taskId or a live status: it is still accepted."""
    victim.fault("submit", "stray_code", code="1000")
    victim.fault("query", "stray_code", code="1005")
    answer = victim.submit().json()
    assert (len(answer["taskId"]), answer["errorCode"]) == (19, "1000")
    told = victim.query(answer["taskId"]).json()
    assert (told["status"], told["errorCode"]) == ("SUCCESS", "1005")


def test_answers_may_be_spelt_otherwise(victim: Victim) -> None:
    """Where sources disagree on names, the other spelling can be had."""
    for call in ("upload", "submit", "query"):
        victim.fault(call, "alias")
    assert victim.upload().json()["code"] == 200
    task_id = victim.submit().json()["task_id"]
    told = victim.query(task_id).json()
    assert (told["task_id"], told["status"]) == (task_id, "success")
    assert set(told["results"][0]) == {"outputUrl", "nodeId", "outputType", "text"}


@pytest.mark.parametrize("code", ["1501", "1505", "1000"])
def test_a_task_can_fail_uncharged(victim: Victim, code: str) -> None:
    """A failed task tells its code and reason, has no results and costs nothing."""
    victim.fault("submit", "fail_task", code=code)
    told = victim.query(victim.submit().json()["taskId"]).json()
    assert (told["status"], told["errorCode"], told["results"]) == ("FAILED", code, None)
    assert told["failedReason"]["exception_message"]
    assert victim.simulator.ledger().charged == 0


def test_success_can_lack_results(victim: Victim) -> None:
    """A task may succeed with no results, for good or in one answer only."""
    victim.fault("submit", "no_results", times=1)
    task_id = victim.submit().json()["taskId"]
    told = victim.query(task_id).json()
    assert (told["status"], told["results"]) == ("SUCCESS", [])
    task_id = victim.submit().json()["taskId"]
    victim.fault("query", "no_results", times=1)
    assert victim.query(task_id).json()["results"] == []
    assert len(victim.query(task_id).json()["results"]) == 1


def test_fast_answers_with_the_results(victim: Victim) -> None:
    """A submit may be answered with SUCCESS and results at once; without, it never is."""
    assert victim.submit().json()["status"] == "RUNNING"
    victim.simulator.update_settings(task_s=600)
    victim.fault("submit", "fast")
    answer = victim.submit().json()
    assert answer["status"] == "SUCCESS"
    assert victim.http.get(answer["results"][0]["url"]).status_code == 200
    assert victim.simulator.ledger().tasks[1].queries == 0


def test_slow_acts_even_if_the_client_gives_up(victim: Victim) -> None:
    """A delayed submit is accepted all the same, though nobody waits for it."""
    victim.fault("submit", "slow", seconds=0.2, times=1)
    with pytest.raises(httpx.ReadTimeout):
        victim.submit(timeout=0.05)
    deadline = time.monotonic() + 5
    while not victim.accepted() and time.monotonic() < deadline:
        victim.http.get(f"{victim.server.base_url}/queue/status")
    assert victim.accepted() == 1


@pytest.mark.parametrize("byte_range", [None, "bytes=100-"])
def test_download_cut_short(victim: Victim, byte_range: str | None) -> None:
    """With the whole's length announced a cut shows as a broken answer, also of a range."""
    link = victim.result_link()
    victim.fault("download", "truncate", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        victim.http.get(link, headers={"Range": byte_range} if byte_range else {})
    assert victim.http.get(link).status_code == 200


@pytest.mark.parametrize(("length", "announced"), [("none", False), ("short", True)])
def test_download_cut_short_unnoticed(victim: Victim, length: str, announced: bool) -> None:  # noqa: FBT001
    """Without a length, or with that of the part, HTTP alone shows no harm."""
    link = victim.result_link()
    victim.fault("download", "truncate", length=length, share=0.25, times=1)
    part, whole = victim.http.get(link), victim.http.get(link)
    assert part.content == whole.content[: len(whole.content) // 4]
    assert ("content-length" in part.headers) == announced


def test_download_of_another_type_or_refused(victim: Victim) -> None:
    """A result may come as a page with status 200, and its link may be dead early."""
    link = victim.result_link()
    victim.fault("download", "wrong_type", times=1)
    page = victim.http.get(link)
    assert (page.status_code, page.text[:6]) == (200, "<html>")
    victim.fault("download", "expired", times=1, status=404)
    assert victim.http.get(link).status_code == 404
    assert victim.http.get(link).status_code == 200
    victim.fault("submit", "expired")
    assert victim.http.get(victim.result_link()).status_code == 403


def test_selection_by_place(victim: Victim) -> None:
    """A rule lets the first `skip` pass, then hits each `every`-th, `times` times."""
    victim.fault("queue_status", "error_before", skip=1, every=2, times=2)
    url = f"{victim.server.base_url}/queue/status"
    statuses = [victim.http.get(url).status_code for _ in range(7)]
    assert statuses == [200, 502, 200, 502, 200, 200, 200]
    report = victim.http.get(f"{victim.server.url}/_simulator/faults").json()
    assert (report[0]["seen"], report[0]["fired"]) == (7, 2)


def test_selection_by_chance_repeats() -> None:
    """Which requests chance hits depends on the seed alone."""

    def statuses() -> list[int]:
        with (
            in_thread(Settings(seed=4)) as server,
            httpx.Client(trust_env=False, verify=NO_TLS) as http,
        ):
            rule = Fault(call="account", kind="error_before", probability=0.5)
            server.simulator.add_fault(rule)
            url = f"{server.url}/uc/openapi/accountStatus"
            return [http.post(url).status_code for _ in range(20)]

    first = statuses()
    assert set(first) == {200, 502}
    assert statuses() == first


def test_selection_by_prompt(victim: Victim) -> None:
    """A rule finds its task by the prompt: at submit, at query and at download."""
    gold, snow = victim.result_link("make it gold"), victim.result_link("make it snow")
    for call in ("submit", "query", "download"):
        victim.fault(call, "error_before", contains="snow")
    assert victim.http.get(gold).status_code == 200
    assert victim.http.get(snow).status_code == 502
    assert victim.submit("more snow please").status_code == 502
    by_prompt = {task.prompt: task.task_id for task in victim.simulator.ledger().tasks}
    assert victim.query(by_prompt["make it gold"]).status_code == 200
    assert victim.query(by_prompt["make it snow"]).status_code == 502


def test_a_lost_acceptance_can_also_fail(victim: Victim) -> None:
    """Rules of different layers hit one request together."""
    victim.fault("submit", "fail_task", code="1501")
    victim.fault("submit", "drop_after")
    with pytest.raises(httpx.RemoteProtocolError):
        victim.submit()
    (task,) = victim.simulator.ledger().tasks
    assert (task.status, task.answered) == ("FAILED", False)


def test_faults_are_set_over_http(victim: Victim) -> None:
    """Rules are added, listed and taken away by the admin calls; a wrong one is told."""
    url = f"{victim.server.url}/_simulator/faults"
    rule = {"call": "submit", "kind": "error_before"}
    assert len(victim.http.post(url, json=[rule, rule]).json()) == 2
    assert victim.submit().status_code == 502
    assert victim.http.delete(url).json() == []
    assert victim.submit().status_code == 200
    for wrong in ({"call": "submit", "kind": "truncate"}, {"kind": "slow"}, rule | {"colour": 1}):
        answer = victim.http.post(url, json=wrong)
        assert answer.status_code == 400
        assert answer.json()["error"]


@pytest.mark.parametrize("call", ["upload", "submit", "query"])
def test_an_answer_can_drip(victim: Victim, call: str) -> None:
    """The true answer comes byte by byte; no pause is long, and all of it is."""
    task_id = victim.submit().json()["taskId"]
    calls: dict[str, Callable[[], httpx.Response]] = {
        "upload": victim.upload,
        "submit": victim.submit,
        "query": lambda: victim.query(task_id),
    }
    whole = len(calls[call]().content)
    victim.fault(call, "drip", seconds=0.001, times=1)
    began_s = time.monotonic()
    assert len(calls[call]().content) == whole
    assert time.monotonic() - began_s > whole * 0.001


def test_an_answer_can_go_on_for_ever(victim: Victim) -> None:
    """After the true answer come spaces for as long as the client takes them."""
    link = victim.result_link()
    for call, url in (
        ("queue_status", f"{victim.server.base_url}/queue/status"),
        ("download", link),
    ):
        victim.fault(call, "endless", times=1)
        with victim.http.stream("GET", url) as answer:
            assert "content-length" not in answer.headers
            came = 0
            for chunk in answer.iter_raw():
                came += len(chunk)
                if came > 5_000_000:
                    break
        assert came > 5_000_000
        assert victim.http.get(url).status_code == 200


def test_an_answer_can_inflate(victim: Victim) -> None:
    """Two megabytes in gzip stand for more than anyone should hold."""
    victim.fault("submit", "inflate", times=1)
    body = {"prompt": "make it gold", "image": victim.link}
    with victim.http.stream("POST", f"{victim.server.base_url}/{GROK}", json=body) as answer:
        packed = b"".join(answer.iter_raw())
    assert len(packed) < 3_000_000
    assert len(zlib.decompressobj(wbits=31).decompress(packed[:10_000])) > 5_000_000
    assert victim.accepted() == 1


def test_a_result_can_lie_anywhere(victim: Victim) -> None:
    """A query's answer may name any link; the next one names the true one."""
    task_id = victim.submit().json()["taskId"]
    victim.fault("query", "odd_link", link="http://\0/x", times=1)
    links = [victim.query(task_id).json()["results"][0]["url"] for _ in range(2)]
    assert links[0] == "http://\0/x"
    assert victim.http.get(links[1]).status_code == 200
