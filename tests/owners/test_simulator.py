"""The simulated service, over real HTTP: uploads, submits, tasks, results and serving."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
from decimal import Decimal
from typing import Any

import httpx
import pytest
from PIL import Image

from hotfolder.simulator import Fault, Settings, Simulator, running
from hotfolder.simulator.server import listener
from tests.customer import CAT, GROK, KEY, NANO, NO_TLS, Customer

QWEN = "alibaba/qwen-image-2.0/image-edit"


def test_upload_answers_as_the_facts_say(customer: Customer) -> None:
    """An upload answers code 0, a size in text, a file name by content and a live link."""
    answer = customer.upload()
    data = answer["data"]
    assert (answer["code"], answer["message"], data["type"]) == (0, "success", "image")
    assert data["size"] == str(len(CAT))
    assert data["fileName"] == f"openapi/{hashlib.sha256(CAT).hexdigest()}.jpg"
    assert httpx.get(data["download_url"], trust_env=False, verify=NO_TLS).content == CAT


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [("notes.txt", b"text", 301), ("empty.png", b"", 301), ("big.png", b"x" * 2000, 809)],
)
def test_upload_refuses_types_and_sizes(
    customer: Customer, name: str, content: bytes, code: int
) -> None:
    """A file of another type, an empty one and one over the cap is refused."""
    customer.simulator.update_settings(upload_max_bytes=1000)
    answer = customer.upload(content, name)
    assert answer["code"] == code
    assert answer["data"] is None


def test_links_come_from_the_services_own_address(customer: Customer) -> None:
    """A client that names another host is sent to this one all the same, never out into the net."""
    foreign = {"host": "www.service.example"}
    customer.simulator.add_fault(Fault(call="submit", kind="fast"))
    base = customer.server.base_url
    files = {"file": ("a.jpg", CAT)}
    uploaded = customer.http.post(f"{base}/media/upload/binary", files=files, headers=foreign)
    link = uploaded.json()["data"]["download_url"]
    body = {"prompt": "make it gold", "image": link}
    told = customer.http.post(f"{base}/{GROK}", json=body, headers=foreign).json()
    for each in (link, told["results"][0]["url"]):
        assert each.startswith(f"{customer.server.url}/")
        assert httpx.get(each, trust_env=False, verify=NO_TLS).status_code == 200


def test_upload_without_its_part_is_refused(customer: Customer) -> None:
    """The multipart part must be named `file`, and the body must be multipart."""
    url = f"{customer.server.base_url}/media/upload/binary"
    assert customer.http.post(url, files={"image": ("a.png", b"x")}).json()["code"] == 301
    assert customer.http.post(url, content=b"raw").json()["code"] == 301


def test_a_task_walks_to_its_result(customer: Customer) -> None:
    """A task is QUEUED, RUNNING, then SUCCESS with results and the charge as text."""
    accepted = customer.submit()
    assert len(accepted["taskId"]) == 19
    assert accepted["status"] == "QUEUED"
    assert accepted["results"] is None
    customer.clock.now += 5
    assert customer.query(accepted["taskId"])["status"] == "RUNNING"
    customer.clock.now += 20
    done = customer.query(accepted["taskId"])
    assert done["status"] == "SUCCESS"
    assert done["usage"]["thirdPartyConsumeMoney"] == "0.14"
    assert done["usage"]["taskCostTime"] == "20"
    assert [result["outputType"] for result in done["results"]] == ["jpg"]


def test_tasks_may_take_longer_and_shorter(customer: Customer) -> None:
    """By up to the share that is set, and each by its own."""
    customer.simulator.update_settings(queued_s=0, task_s=20, task_spread=0.25)
    link = customer.link()
    tasks = [customer.submit(link=link)["taskId"] for _ in range(20)]
    began_s = customer.clock.now
    lasted: dict[str, float] = {}
    while len(lasted) < len(tasks):
        customer.clock.now += 0.5
        for task in tasks:
            if task not in lasted and customer.query(task)["status"] == "SUCCESS":
                lasted[task] = customer.clock.now - began_s
    assert 15 <= min(lasted.values()) < 20 < max(lasted.values()) <= 25.5


def test_submitting_twice_pays_twice(customer: Customer) -> None:
    """There is no idempotency: the same body is two tasks and two charges."""
    link = customer.link()
    first, second = customer.submit(link=link), customer.submit(link=link)
    assert first["taskId"] != second["taskId"]
    ledger = customer.simulator.ledger()
    assert ledger.charged == Decimal("0.28")
    assert [len(group) for group in ledger.paid_twice()] == [2]


def test_paying_twice_shows_in_spite_of_another_link(customer: Customer) -> None:
    """The same bytes uploaded again are the same work; another prompt is not."""
    customer.submit()
    customer.submit()
    customer.submit("make it silver")
    assert [len(group) for group in customer.simulator.ledger().paid_twice()] == [2]


@pytest.mark.parametrize(
    "body",
    [
        {"prompt": "make it gold"},
        {"image": "LINK"},
        {"prompt": "gold", "image": "LINK"},
        {"prompt": "x" * 20001, "image": "LINK"},
        {"prompt": "make it gold", "image": ["LINK"]},
        {"prompt": "make it gold", "image": "openapi/name.png"},
        {"prompt": "make it gold", "image": "data:image/png,plain"},
        {"prompt": "make it gold", "image": "LINK", "size": "1k"},
        ["not an object"],
    ],
)
def test_submit_refuses_wrong_parameters(customer: Customer, body: Any) -> None:  # noqa: ANN401
    """Missing, short, long, mistyped and undeclared parameters answer 1007, no task."""
    text = json.dumps(body).replace("LINK", customer.link())
    answer = customer.post(GROK, json.loads(text))
    assert (answer["taskId"], answer["errorCode"]) == ("", "1007")
    assert " | " in answer["errorMessage"]
    assert customer.simulator.ledger().tasks == ()
    assert [rejected.code for rejected in customer.simulator.ledger().rejected] == ["1007"]


def test_submit_refuses_an_unknown_endpoint(customer: Customer) -> None:
    """An endpoint that is in no catalog is no path at all; a retired one answers 1001."""
    base = customer.server.base_url
    assert customer.http.post(f"{base}/no/such-model", json={}).status_code == 404
    assert customer.post("rhart-image-g-1.5/edit", {})["errorCode"] == "1001"


def test_submit_refuses_a_file_the_model_does_not_take(customer: Customer) -> None:
    """A readable file of another type answers 1007, one over the model's size 1008."""
    body = {"prompt": "make it gold", "resolution": "1k"}
    webp = customer.link(name="cat.webp")
    assert customer.post(NANO, body | {"imageUrls": [webp]})["errorCode"] == "1007"
    heavy = customer.link(bytes(10 * 1024 * 1024 + 1))
    assert customer.submit(link=heavy)["errorCode"] == "1008"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"resolution": "8k"}, "1007"),
        ({"resolution": None}, "1007"),
        ({"aspectRatio": "2:1"}, "1007"),
        ({"imageUrls": "LINK"}, "1007"),
        ({"imageUrls": ["LINK"] * 11}, "1007"),
        ({"webhookUrl": "http://127.0.0.1:1/hook"}, ""),
        ({}, ""),
    ],
)
def test_submit_checks_lists_and_options(
    customer: Customer, change: dict[str, Any], code: str
) -> None:
    """Options, list form and list length are checked; webhookUrl always passes."""
    body = {"prompt": "make it gold", "imageUrls": ["LINK"], "resolution": "1k"} | change
    text = json.dumps(body).replace("LINK", customer.link())
    assert customer.post(NANO, json.loads(text))["errorCode"] == code


def test_a_data_uri_is_an_image(customer: Customer) -> None:
    """An image may come within the body, as a Base64 data URI."""
    uri = f"data:image/jpeg;base64,{base64.b64encode(CAT).decode()}"
    assert customer.finish(customer.submit(link=uri))["status"] == "SUCCESS"
    assert customer.simulator.ledger().tasks[0].input_sha256 == (hashlib.sha256(CAT).hexdigest(),)


@pytest.mark.parametrize("link", ["http://127.0.0.1:1/x.jpg", "EXPIRED", "BROKEN"])
def test_an_unreadable_image_fails_after_acceptance(customer: Customer, link: str) -> None:
    """A link nobody serves, one past its day and bytes that are no picture fail uncharged."""
    if link == "EXPIRED":
        link = customer.link()
        customer.clock.now += 24 * 60 * 60
    elif link == "BROKEN":
        link = customer.link(CAT[:5000])
    ended = customer.finish(customer.submit(link=link))
    assert (ended["status"], ended["errorCode"]) == ("FAILED", "1013")
    assert ended["results"] is None
    assert set(ended["usage"].values()) == {None}
    ledger = customer.simulator.ledger()
    assert (ledger.charged, ledger.remaining) == (Decimal(0), Decimal(1000))


def test_query_tells_unknown_from_malformed(customer: Customer) -> None:
    """An unknown id answers 1004, one that is no id 1007; the status is empty."""
    assert customer.query("1" * 19)["errorCode"] == "1004"
    assert customer.query("1" * 19)["status"] == ""
    assert customer.query("nonsense")["errorCode"] == "1007"
    assert customer.query(17)["errorCode"] == "1007"


def test_several_outputs_are_several_results(customer: Customer) -> None:
    """A body with imageNum asks for so many results, each its own picture, each charged."""
    body = {"prompt": "make it gold", "imageUrls": [customer.link()], "imageNum": "3"}
    done = customer.finish(customer.post(QWEN, body))
    pictures = {customer.http.get(result["url"]).content for result in done["results"]}
    assert len(pictures) == 3
    assert done["usage"]["thirdPartyConsumeMoney"] == "0.39"


def test_result_is_an_edit_of_the_same_size(customer: Customer) -> None:
    """The edit changes the pixels, keeps the size, drops metadata, repeats, and obeys."""
    link = customer.link()
    gold, again, snow = (
        customer.http.get(customer.finish(customer.submit(prompt, link))["results"][0]["url"])
        for prompt in ("make it gold", "make it gold", "make it snow")
    )
    assert gold.content == again.content != snow.content
    assert gold.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(gold.content)) as edited, Image.open(io.BytesIO(CAT)) as source:
        assert edited.size == source.size
        assert not edited.getexif()
        assert edited.tobytes() != source.tobytes()


def test_result_of_a_turned_see_through_png(customer: Customer) -> None:
    """A PNG stays a PNG, upright as it is shown, and keeps its transparency."""
    source = Image.new("RGBA", (40, 30), (200, 30, 30, 0))
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    source.save(buffer, "PNG", exif=exif)
    done = customer.finish(customer.submit(link=customer.link(buffer.getvalue(), "a.png")))
    content = customer.http.get(done["results"][0]["url"]).content
    with Image.open(io.BytesIO(content)) as edited:
        assert (edited.format, edited.size, edited.mode) == ("PNG", (30, 40), "RGBA")
        assert edited.getchannel("A").getextrema() == (0, 0)


def test_result_links_need_no_key_and_serve_ranges(customer: Customer) -> None:
    """A result is read by its signed link alone, whole or in part; keys sent are counted."""
    url = customer.finish(customer.submit())["results"][0]["url"]
    whole = httpx.get(url, trust_env=False, verify=NO_TLS)
    assert int(whole.headers["content-length"]) == len(whole.content)
    part = httpx.get(url, trust_env=False, verify=NO_TLS, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole.content)}"
    tail = httpx.get(
        url, trust_env=False, verify=NO_TLS, headers={"Range": f"bytes={len(whole.content) - 3}-"}
    )
    assert tail.content == whole.content[-3:]
    beyond = httpx.get(url, trust_env=False, verify=NO_TLS, headers={"Range": "bytes=99999999-"})
    assert beyond.status_code == 416
    assert httpx.get(url.partition("?")[0], trust_env=False, verify=NO_TLS).status_code == 404
    assert "download_with_key" not in customer.simulator.ledger().requests
    customer.http.get(url)
    assert customer.simulator.ledger().requests["download_with_key"] == 1


def test_result_links_die(customer: Customer) -> None:
    """A result's link answers 403 after its time, or at once by the admin call."""
    url = customer.finish(customer.submit())["results"][0]["url"]
    assert customer.http.get(url).status_code == 200
    customer.clock.now += 24 * 60 * 60
    assert customer.http.get(url).status_code == 403
    url = customer.finish(customer.submit())["results"][0]["url"]
    customer.http.post(f"{customer.server.url}/_simulator/expire")
    assert customer.http.get(url).status_code == 403


def test_cancel_stops_a_task_or_only_says_so(customer: Customer) -> None:
    """A queued task is cancelled uncharged; with no cancel time set it runs on."""
    url = f"{customer.server.url}/task/openapi/cancel"
    task_id = customer.submit()["taskId"]
    answer = customer.http.post(url, json={"apiKey": KEY, "taskId": task_id}).json()
    assert answer["code"] == 0
    assert customer.query(task_id)["status"] == "CANCEL"
    assert customer.simulator.ledger().charged == 0
    customer.simulator.update_settings(cancel_s=None)
    second = customer.submit()
    customer.http.post(url, json={"apiKey": KEY, "taskId": second["taskId"]})
    assert customer.finish(second)["status"] == "SUCCESS"
    unknown = customer.http.post(url, json={"apiKey": KEY, "taskId": "1" * 19}).json()
    assert unknown["code"] == 807


async def test_serves_in_the_running_loop() -> None:
    """A simulator is served in the caller's own event loop and gone afterwards."""
    async with (
        running(Simulator(Settings())) as server,
        httpx.AsyncClient(
            headers={"Authorization": f"Bearer {KEY}"}, trust_env=False, verify=NO_TLS
        ) as http,
    ):
        assert (await http.get(f"{server.base_url}/queue/status")).json()["code"] == 0
    async with httpx.AsyncClient(trust_env=False, verify=NO_TLS) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(server.url)


def test_answers_are_sent_at_once() -> None:
    """No connection gathers what is to be sent until an ACK comes, which takes 40 ms."""
    with (
        listener("127.0.0.1", 0) as place,
        socket.create_connection(place.getsockname()),
        place.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_ends_on_a_signal(number: signal.Signals) -> None:
    """The blocking form ends cleanly on SIGINT and SIGTERM."""
    program = (
        "from hotfolder.simulator import serve\n"
        "serve(on_ready=lambda server: print(server.base_url, flush=True))"
    )
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline().startswith("http://127.0.0.1:")
        os.kill(child.pid, number)
        assert child.wait(10) == 0
