"""The simulated service's apps, workflows, LoRAs, and its older calls, over real HTTP."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.customer import CAT, KEY

if TYPE_CHECKING:
    from tests.customer import Customer

DRESS = "1877265245566922753"
WEAVE = "1904136902449209346"
NEVER_RAN = "1990000000000000810"
LOCKED = "1950000000000000009"
LORA = b"weights of a model"


def node(node_id: str, field: str, value: object) -> dict[str, object]:
    """Return one entry of a nodeInfoList."""
    return {"nodeId": node_id, "fieldName": field, "fieldValue": value}


def call(customer: Customer, path: str, **said: object) -> Any:  # noqa: ANN401  (JSON)
    """Make one of the older calls, with the key in its body."""
    return customer.http.post(customer.server.url + path, json={"apiKey": KEY, **said}).json()


def name_of_cat(customer: Customer) -> str:
    """Upload the cat and return the name that nodes know it by."""
    return str(customer.upload()["data"]["fileName"])


def run(customer: Customer, *nodes: dict[str, object], app: str = DRESS, **rest: object) -> Any:  # noqa: ANN401
    """Run an app on V2."""
    return customer.post(f"run/ai-app/{app}", {"nodeInfoList": list(nodes), **rest})


def test_an_app_runs_and_is_charged_as_a_run(customer: Customer) -> None:
    """An app takes an upload by its name; its money is told as the fee for the run."""
    told = run(customer, node("39", "image", name_of_cat(customer)), node("52", "prompt", "gold"))
    assert told["taskId"]
    assert told["errorCode"] == ""
    done = customer.finish(told)
    assert done["status"] == "SUCCESS"
    assert customer.http.get(done["results"][0]["url"]).content.startswith(b"\xff\xd8")
    assert Decimal(done["usage"]["consumeMoney"]) == Decimal("0.05")
    (task,) = customer.simulator.ledger().tasks
    assert task.prompt == "gold"
    assert task.input_sha256 == (hashlib.sha256(CAT).hexdigest(),)


def test_a_members_run_costs_coins(customer: Customer) -> None:
    """With a member's key a run costs coins and no money, and none is left in the end."""
    customer.simulator.update_settings(key_kind="consumer", coin_balance="12")
    done = customer.finish(run(customer, node("52", "prompt", "gold")))
    assert Decimal(done["usage"]["consumeCoins"]) == Decimal(12)
    assert Decimal(done["usage"]["thirdPartyConsumeMoney"]) == 0
    assert run(customer, node("52", "prompt", "red"))["errorCode"] == "414"
    wallet = call(customer, "/uc/openapi/accountStatus")["data"]
    assert (wallet["remainCoins"], wallet["remainMoney"], wallet["apiType"]) == (
        "0",
        None,
        "NORMAL",
    )


@pytest.mark.parametrize(
    ("nodes", "rest", "code"),
    [
        ([node("99", "image", "x")], {}, "1101"),
        ([node("39", "picture", "x")], {}, "1101"),
        ([{"nodeId": "39", "fieldName": "image"}], {}, "1101"),
        ([node("52", "prompt", ["a"])], {}, "1101"),
        ([], {"instanceType": "huge"}, "1007"),
        ([], {"nodes": []}, "1007"),
        ([node("60", "select", "3")], {}, "433"),
        ([node("3", "seed", "soon")], {}, "433"),
    ],
)
def test_wrong_nodes_are_refused(
    customer: Customer, nodes: list[dict[str, object]], rest: dict[str, Any], code: str
) -> None:
    """What no node has is refused, and no task comes of it."""
    told = run(customer, *nodes, **rest)
    assert (told["taskId"], told["errorCode"]) == ("", code)
    ledger = customer.simulator.ledger()
    assert [each.code for each in ledger.rejected] == [code]
    assert not ledger.tasks


def test_node_errors_name_node_and_field(customer: Customer) -> None:
    """What ComfyUI's own check finds is told in the tips, by node and input."""
    tips = json.loads(run(customer, node("60", "select", "3"))["promptTips"])
    (wrong,) = tips["node_errors"]["60"]["errors"]
    assert (wrong["type"], wrong["extra_info"]["input_name"]) == ("value_not_in_list", "select")


def test_a_file_that_is_not_there_fails_its_node(customer: Customer) -> None:
    """A file that cannot be read is accepted; the task fails later, and says at which node."""
    failed = customer.finish(run(customer, node("39", "image", "api/nothing.png")))
    assert (failed["status"], failed["errorCode"]) == ("FAILED", "805")
    assert failed["failedReason"]["node_id"] == "39"
    assert failed["failedReason"]["node_name"] == "LoadImage"
    assert not customer.simulator.ledger().charged


def test_unknown_runs_and_paths(customer: Customer) -> None:
    """No such app is 901, no such workflow 380, one that never ran 810; any other path is none."""
    assert run(customer, app="1")["errorCode"] == "901"
    assert customer.post("run/workflow/1", {})["errorCode"] == "380"
    assert customer.post(f"run/workflow/{NEVER_RAN}", {})["errorCode"] == "810"
    rejected = len(customer.simulator.ledger().rejected)
    for path in ("api-key/list", "run/elsewhere/1", "no/such-model"):
        answer = customer.http.post(f"{customer.server.base_url}/{path}", json={})
        assert answer.status_code == 404
    assert customer.http.get(f"{customer.server.base_url}/api-key/list").status_code == 404
    assert len(customer.simulator.ledger().rejected) == rejected


def test_a_password_is_asked_for(customer: Customer) -> None:
    """An app behind a password is run only with it, and the ledger does not keep it."""
    assert run(customer, app=LOCKED)["errorCode"] == "403"
    assert run(customer, app=LOCKED, accessPassword="open sesame")["taskId"]
    assert "sesame" not in str(customer.simulator.ledger())


def test_a_workflow_lets_its_inputs_be_set_but_no_wire(customer: Customer) -> None:
    """Plain inputs of a workflow may be set, one that comes from another node may not."""
    path = f"run/workflow/{WEAVE}"
    told = customer.post(path, {"nodeInfoList": [node("6", "text", "gold")], "addMetadata": True})
    assert told["taskId"]
    wired = customer.post(path, {"nodeInfoList": [node("9", "images", "x")]})
    assert wired["errorCode"] == "433"
    assert "9" in json.loads(wired["promptTips"])["node_errors"]


def test_the_older_calls(customer: Customer) -> None:
    """Created, asked for its status and outputs: what the older API says at each time."""
    whole = call(customer, "/api/openapi/getJsonApiFormat", workflowId=WEAVE)["data"]["prompt"]
    assert json.loads(whole)["10"]["class_type"] == "LoadImage"
    created = call(
        customer,
        "/task/openapi/create",
        workflowId=WEAVE,
        nodeInfoList=[node("10", "image", name_of_cat(customer))],
    )
    told = created["data"]
    assert (created["code"], told["taskStatus"], told["netWssUrl"]) == (0, "QUEUED", None)
    seen = []
    for seconds in (0, 10, 100):
        customer.clock.now += seconds
        status = call(customer, "/task/openapi/status", taskId=told["taskId"])["data"]
        outputs = call(customer, "/task/openapi/outputs", taskId=told["taskId"])
        seen.append((status, outputs["code"]))
    assert seen == [("QUEUED", 813), ("RUNNING", 804), ("SUCCESS", 0)]
    assert customer.http.get(outputs["data"][0]["fileUrl"]).status_code == 200
    assert call(customer, "/task/openapi/outputs", taskId="1" * 19)["code"] == 807
    refused = call(customer, "/task/openapi/create", workflowId=WEAVE, nodeInfoList=[{}])
    assert refused["code"] == 803


def test_the_older_status_knows_four_words(customer: Customer) -> None:
    """Clients know no other: what was cancelled has failed."""
    told = call(
        customer,
        "/task/openapi/create",
        workflowId=WEAVE,
        nodeInfoList=[node("10", "image", name_of_cat(customer))],
    )["data"]
    assert call(customer, "/task/openapi/cancel", taskId=told["taskId"])["code"] == 0
    assert call(customer, "/task/openapi/status", taskId=told["taskId"])["data"] == "FAILED"


def test_an_older_task_may_fail(customer: Customer) -> None:
    """805 says at which node, and why."""
    told = call(
        customer,
        "/task/openapi/ai-app/run",
        webappId=DRESS,
        nodeInfoList=[node("39", "image", "api/nothing.png")],
    )["data"]
    customer.clock.now += 100
    failed = call(customer, "/task/openapi/outputs", taskId=told["taskId"])
    assert failed["code"] == 805
    assert failed["data"]["failedReason"]["node_name"] == "LoadImage"


def test_an_older_upload_is_known_to_nodes(customer: Customer) -> None:
    """The older upload takes the key as a field, and gives a name that a node finds."""
    url = f"{customer.server.url}/task/openapi/upload"
    form = {"apiKey": KEY, "fileType": "input"}
    told = customer.http.post(url, data=form, files={"file": ("cat.jpg", CAT)}).json()["data"]
    assert told["fileName"].startswith("api/")
    assert customer.finish(run(customer, node("39", "image", told["fileName"])))["results"]


def test_an_app_tells_its_nodes(customer: Customer) -> None:
    """The call that tells an app's nodes carries the key in its query string."""
    url = f"{customer.server.url}/api/webapp/apiCallDemo"
    told = customer.http.get(url, params={"apiKey": KEY, "webappId": DRESS}).json()["data"]
    assert told["webappName"] == "Change the dress"
    assert told["nodeInfoList"][0]["fieldType"] == "IMAGE"
    assert customer.http.get(url, params={"webappId": DRESS}).json()["code"] == 806
    assert customer.http.get(url, params={"apiKey": KEY, "webappId": "1"}).json()["code"] == 901


def test_a_lora_is_put_and_then_found(customer: Customer) -> None:
    """A LoRA is announced by its MD5 and put; a loader finds it only then."""
    md5 = hashlib.md5(LORA).hexdigest()  # noqa: S324
    place = call(customer, "/api/openapi/getLoraUploadUrl", loraName="mine", md5Hex=md5)["data"]
    load = {"nodeInfoList": [node("15", "lora_name", place["fileName"])]}
    assert customer.post(f"run/workflow/{WEAVE}", load)["errorCode"] == "433"
    assert customer.http.put(place["url"], content=b"other").status_code == 403
    assert customer.http.put(place["url"], content=LORA).status_code == 200
    assert customer.post(f"run/workflow/{WEAVE}", load)["taskId"]
