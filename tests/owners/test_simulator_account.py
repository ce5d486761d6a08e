"""The simulated account: its key, wallet, limits, queue and ledger."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING

import httpx
import pytest

from hotfolder.simulator import Settings, in_thread
from tests.customer import CAT, GROK, KEY, NANO, NO_TLS, Clock, Customer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("key", "status", "code"), [(None, 401, 401), ("k" * 31, 200, "802")])
def test_a_bad_key_is_refused(
    customer: Customer, key: str | None, status: int, code: int | str
) -> None:
    """No key is HTTP 401, a key that is not good code 802; nothing is accepted."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    url = f"{customer.server.base_url}/{GROK}"
    answer = httpx.post(url, json={}, headers=headers, trust_env=False, verify=NO_TLS)
    assert answer.status_code == status
    assert code in {answer.json().get("code"), answer.json().get("errorCode")}


def test_only_the_set_key_is_good(customer: Customer) -> None:
    """With a key set, another of 32 characters is refused, by the account with 806."""
    customer.simulator.update_settings(key="z" * 32)
    assert customer.upload()["code"] == 802
    account = f"{customer.server.url}/uc/openapi/accountStatus"
    assert customer.http.post(account, json={"apikey": KEY}).json()["code"] == 806
    assert customer.http.post(account, json={"apikey": "z" * 32}).json()["code"] == 0


def test_a_consumer_key_uploads_and_may_not_submit(customer: Customer) -> None:
    """With a key that is not an enterprise one uploads work, submits answer 1014."""
    customer.simulator.update_settings(key_kind="consumer")
    assert customer.upload()["code"] == 0
    assert customer.submit()["errorCode"] == "1014"


def test_wallet_goes_down_and_ends(customer: Customer) -> None:
    """Charges lower remainMoney; a task the wallet cannot pay answers 416."""
    customer.simulator.update_settings(balance="0.20")
    customer.finish(customer.submit())
    url = f"{customer.server.url}/uc/openapi/accountStatus"
    facts = customer.http.post(url, json={"apikey": KEY}).json()["data"]
    assert (facts["remainMoney"], facts["currency"]) == ("0.06", "CNY")
    assert customer.submit()["errorCode"] == "416"


@pytest.mark.parametrize("answer", ["421", "1520", "429"])
def test_concurrency_is_limited(customer: Customer, answer: str) -> None:
    """One task over the limit, queued ones counted, is refused; an end makes room."""
    customer.simulator.update_settings(concurrent_limit=1, limit_answer=answer)
    link = customer.link()
    first = customer.submit(link=link)
    body = {"prompt": "make it gold", "image": link}
    refused = customer.http.post(f"{customer.server.base_url}/{GROK}", json=body)
    assert refused.status_code == (429 if answer == "429" else 200)
    payload = refused.json()
    assert str(payload.get("code", payload.get("errorCode"))) == answer
    customer.finish(first)
    assert customer.submit(link=link)["taskId"]


def test_the_limit_holds_under_parallel_submits(customer: Customer) -> None:
    """Submits at the same moment get no more tasks than the limit allows."""
    customer.simulator.update_settings(concurrent_limit=3)
    link = customer.link()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: customer.submit(link=link), range(8)))
    assert sum("taskId" in answer for answer in answers) == 3
    assert [rejected.code for rejected in customer.simulator.ledger().rejected] == ["421"] * 5


def test_rate_is_limited(customer: Customer) -> None:
    """More requests in a second than allowed are told to wait, by HTTP or by code."""
    customer.simulator.update_settings(requests_per_s=2, retry_after_s=7)
    customer.query("1" * 19)
    customer.query("1" * 19)
    url = f"{customer.server.base_url}/query"
    refused = customer.http.post(url, json={"taskId": "1" * 19})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "7")
    customer.simulator.update_settings(rate_answer="1003")
    assert customer.query("1" * 19)["errorCode"] == "1003"
    customer.clock.now += 1
    assert customer.query("1" * 19)["errorCode"] == "1004"


def test_queue_status_counts_in_text(customer: Customer) -> None:
    """The queue's status gives counts as texts, and no limit when that is hidden."""
    customer.submit()
    customer.clock.now += 6
    customer.submit()
    url = f"{customer.server.base_url}/queue/status"
    facts = customer.http.get(url).json()["data"]
    assert (facts["concurrentLimit"], facts["totalCurrentTasks"]) == (50, "2")
    assert (facts["runningCount"], facts["queuedCount"]) == ("1", "1")
    customer.simulator.update_settings(hide_limit=True)
    assert customer.http.get(url).json()["data"]["concurrentLimit"] is None


def test_price_preview_is_free(customer: Customer) -> None:
    """A preview tells the price by the parameters and creates nothing."""
    body = {"prompt": "make it gold", "imageUrls": [customer.link()], "resolution": "4k"}
    answer = customer.post(f"price-preview/{NANO}", body)
    assert (answer["estimatedPrice"], answer["currency"], answer["errorCode"]) == ("0.2", "CNY", "")
    assert customer.simulator.ledger().tasks == ()


def test_ledger_is_told_over_http_and_kept_in_a_file(tmp_path: Path) -> None:
    """The ledger is at hand by the admin call, and each event in its file at once."""
    path = tmp_path / "ledger.jsonl"
    clock = Clock()
    with in_thread(Settings(ledger_path=path), clock=clock) as server:
        customer = Customer(server, clock)
        customer.submit("no")
        accepted = customer.submit()
        events = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        assert [event["event"] for event in events] == ["rejected", "accepted"]
        customer.finish(accepted)
        told = customer.http.get(f"{server.url}/_simulator/ledger").json()
        customer.http.close()
    events = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert (events[2]["event"], events[2]["status"], events[2]["charge"]) == (
        "ended",
        "SUCCESS",
        "0.14",
    )
    task = told["tasks"][0]
    assert (task["task_id"], task["endpoint"]) == (accepted["taskId"], GROK)
    assert task["input_sha256"] == [hashlib.sha256(CAT).hexdigest()]
    assert (task["queries"], task["ended_at"] - task["accepted_at"]) == (1, 2.0)
    assert told["requests"] == {"upload": 2, "submit": 2, "query": 1}
    assert (told["charged"], told["remaining"]) == ("0.14", "999.86")


def test_settings_change_while_it_runs(customer: Customer) -> None:
    """Settings are changed by the admin call; an unknown one changes nothing."""
    url = f"{customer.server.url}/_simulator/settings"
    assert customer.http.post(url, json={"task_s": 0, "balance": 1}).status_code == 200
    assert customer.simulator.settings.balance == Decimal(1)
    wrong = customer.http.post(url, json={"task_s": 9, "colour": "red"})
    assert wrong.status_code == 400
    assert "colour" in wrong.json()["error"]
    assert customer.simulator.settings.task_s == 0
