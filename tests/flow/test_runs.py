"""Apps and workflows in a rule's place of a model, through to the output folder."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from hotfolder import config
from hotfolder.preflight import edits
from hotfolder.simulator import Fault

if TYPE_CHECKING:
    from tests.studio import Studio

DRESS = "1877265245566922753"
TWO = "1937084629516193794"
POSTER = "1950000000000000001"
LOCKED = "1950000000000000009"
WEAVE = "1904136902449209346"
NEVER_RAN = "1990000000000000810"
DRESS_TABLE = f"""
[[app]]
id = "{DRESS}"
name = "Change the dress"
[app.nodes]
"39.image" = {{ type = "IMAGE", label = "person" }}
"52.prompt" = {{ type = "STRING", label = "what to wear" }}
"60.select" = {{ type = "LIST", options = ["1", "2", "3"] }}
"3.seed" = {{ type = "INT" }}
"64.force_inpaint" = {{ type = "BOOLEAN" }}
"""
WEAVE_TABLE = f"""
[[workflow]]
id = "{WEAVE}"
[workflow.nodes]
"10.image" = {{ type = "IMAGE" }}
"6.text" = {{ type = "STRING" }}
"7.text" = {{ type = "STRING", value = "blurry" }}
"""


def app_rule(more: str = "", *, table: str = DRESS_TABLE, app: str = DRESS) -> str:
    """Return a rule that names an app, and the app's table after it."""
    return f'app = "{app}"\nprompt = "a gold dress"\n{more}\n{table}'


def nodes_sent(studio: Studio) -> dict[str, object]:
    """Return what the one task was sent, by node and field."""
    (task,) = studio.ledger().tasks
    listed = task.params["nodeInfoList"]
    assert isinstance(listed, list)
    return {f"{each['nodeId']}.{each['fieldName']}": each["fieldValue"] for each in listed}


async def test_an_app_stands_where_a_model_would(studio: Studio) -> None:
    """The picture goes into the app's node by its name there, the prompt into its text."""
    studio.configure(
        rules=[app_rule('nodes = { "60.select" = "2", "3.seed" = 7, "64.force_inpaint" = false }')]
    )
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.outputs() == ["ann.jpg"]
    sent = nodes_sent(studio)
    assert str(sent.pop("39.image")).startswith("openapi/")
    assert sent == {
        "52.prompt": "a gold dress",
        "60.select": "2",
        "3.seed": "7",
        "64.force_inpaint": "false",
    }
    job = studio.job("ann.jpg")
    assert (job["model"], job["charge"]) == (f"app/{DRESS}", 0.05)
    await studio.once()
    assert len(studio.ledger().tasks) == 1


async def test_a_seed_may_be_random(studio: Studio) -> None:
    """A random seed is drawn once, sent as a number, and never makes anything stale."""
    studio.configure(rules=[app_rule('nodes = { "3.seed" = "random" }')])
    studio.drop("ann.jpg")
    await studio.once()
    await studio.once()
    assert str(nodes_sent(studio)["3.seed"]).isdecimal()
    assert [each["stale"] for each in studio.jobs()] == [False]


async def test_a_text_makes_a_poster(studio: Studio) -> None:
    """An app without a node for a file takes text files: the text goes into its only text."""
    table = f"""
[[app]]
id = "{POSTER}"
[app.nodes]
"6.text" = {{ type = "STRING" }}
"""
    studio.configure(rules=[f'app = "{POSTER}"\n{table}'])
    studio.drop("fox.txt", "a fox in the snow")
    await studio.once()
    assert studio.outputs() == ["fox.png"]
    assert nodes_sent(studio) == {"6.text": "a fox in the snow"}


async def test_a_workflow_with_values_and_a_sidecar(studio: Studio) -> None:
    """A workflow's table says what goes where; a sidecar's prompt counts as ever."""
    wiring = 'nodes = { "6.text" = "{prompt}" }\n'
    studio.configure(rules=[f'workflow = "{WEAVE}"\nprompt = "gold"\n{wiring}{WEAVE_TABLE}'])
    studio.drop("ann.jpg")
    studio.drop("ann.txt", "silver")
    await studio.once()
    sent = nodes_sent(studio)
    assert (sent["6.text"], sent["7.text"]) == ("silver", "blurry")
    assert studio.outputs() == ["ann.jpg"]


async def test_a_constant_file_fills_a_node(studio: Studio) -> None:
    """Of two pictures the rule says which is the source, and which file the other one is."""
    garment = studio.folder / "garment.jpg"
    garment.write_bytes(studio.drop("x.jpg", number=9).read_bytes())
    (studio.input / "x.jpg").unlink()
    table = f"""
[[app]]
id = "{TWO}"
[app.nodes]
"10.image" = {{ type = "IMAGE", label = "person" }}
"11.image" = {{ type = "IMAGE", label = "garment" }}
"20.text" = {{ type = "STRING" }}
"""
    nodes = f'nodes = {{ "10.image" = "{{source}}", "11.image" = {{ file = "{garment}" }} }}'
    studio.configure(rules=[app_rule(nodes, table=table, app=TWO)])
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.outputs() == ["ann.jpg"]
    (task,) = studio.ledger().tasks
    assert len(set(task.input_sha256)) == 2


async def test_a_member_pays_in_coins(studio: Studio) -> None:
    """Coins are a currency of their own in what was charged."""
    studio.simulator.update_settings(key_kind="consumer")
    studio.configure(rules=[app_rule()])
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.ledger().coins == Decimal(12)
    assert not studio.ledger().charged
    assert studio.outputs() == ["ann.jpg"]


COINS_TABLE = DRESS_TABLE.replace("[app.nodes]", "coins = 12\n[app.nodes]")


async def test_coins_have_a_budget_of_their_own(studio: Studio) -> None:
    """Two of three runs fit into a day's coins; the rule is held, and models go on."""
    studio.simulator.update_settings(key_kind="consumer")
    studio.configure(limits="daily_coins = 30", rules=[app_rule(table=COINS_TABLE)])
    studio.drop_many(3)
    await studio.once()
    assert studio.ledger().coins == Decimal(24)
    assert studio.hold_code() == "budget_spent"
    assert studio.hold()["scope"] == "rule:studio/default"
    assert "24 are spent" in studio.hold()["reason"]
    studio.configure(limits="daily_coins = 36", rules=[app_rule(table=COINS_TABLE)])
    await studio.once()
    assert studio.states() == {"done": 3}


async def test_coins_are_no_money(studio: Studio) -> None:
    """A budget of money does not stop what costs coins, nor is it used up by that."""
    studio.simulator.update_settings(key_kind="consumer")
    studio.configure(limits="daily_charge = 0.01", rules=[app_rule(table=COINS_TABLE)])
    studio.drop_many(2)
    await studio.once()
    assert studio.states() == {"done": 2}
    assert studio.status()["charges"]["today"] == 0


async def test_a_run_of_unknown_cost_is_held_under_a_budget(studio: Studio) -> None:
    """Neither coins nor money are spent on what nobody knows the price of."""
    studio.configure(limits="daily_coins = 20", rules=[app_rule()])
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.hold_code() == "price_unknown"
    assert not studio.ledger().tasks


async def test_what_a_run_costs_is_learnt_from_the_last_one(studio: Studio) -> None:
    """Nobody says what a run costs, until one was charged: that is what the next one costs."""
    studio.simulator.update_settings(key_kind="consumer")
    studio.configure(rules=[app_rule()])
    studio.drop("ann.jpg")
    await studio.once()
    studio.configure(limits="daily_coins = 20", rules=[app_rule()])
    studio.drop("bob.jpg", number=2)
    await studio.once()
    assert studio.ledger().coins == Decimal(12)
    assert studio.hold_code() == "budget_spent"


NODE_GONE = DRESS_TABLE.replace("52.prompt", "53.prompt")
NEVER = f"""workflow = "{NEVER_RAN}"
[[workflow]]
id = "{NEVER_RAN}"
[workflow.nodes]
"10.image" = {{ type = "IMAGE" }}
"""
REFUSED = [
    (app_rule(table=NODE_GONE), "workflow_wrong", "hotfolder app"),
    (app_rule(table=DRESS_TABLE.replace(DRESS, "18"), app="18"), "workflow_missing", "web page"),
    (NEVER, "workflow_missing", "web page"),
    (app_rule(table=DRESS_TABLE.replace(DRESS, LOCKED), app=LOCKED), "run_forbidden", "password"),
]


@pytest.mark.parametrize(("rule", "code", "hint"), REFUSED)
async def test_what_every_job_would_be_refused_for_holds_the_rule(
    studio: Studio, rule: str, code: str, hint: str
) -> None:
    """Changed nodes, an app that is gone, a workflow that never ran: one reason, nothing paid."""
    studio.configure(rules=[rule])
    studio.drop_many(3)
    await studio.once()
    assert not studio.ledger().tasks
    assert studio.hold_code() == code
    assert hint in str(studio.hold())
    assert studio.states() == {"uploaded": 3}


async def test_a_value_that_a_node_cannot_have_is_told_by_node_and_field(studio: Studio) -> None:
    """ComfyUI's own words reach the person, with the node and its field."""
    studio.configure(rules=[app_rule('nodes = { "60.select" = "3" }')])
    studio.drop("ann.jpg")
    await studio.once()
    error = studio.job("ann.jpg")["error"]
    assert "node 60 (ImpactSwitch), select: Value not in list" in error["message"]
    assert not studio.ledger().tasks


async def test_a_task_that_fails_at_a_node_says_at_which(studio: Studio) -> None:
    """The reason of a failed task names its node."""
    studio.fault(
        Fault(
            call="query",
            kind="says",
            fields={
                "status": "FAILED",
                "errorCode": "805",
                "failedReason": {
                    "node_id": "13",
                    "node_name": "KSampler",
                    "exception_message": "out of memory",
                },
            },
        )
    )
    studio.configure(rules=[app_rule()])
    studio.drop("ann.jpg")
    await studio.once()
    assert "out of memory (node KSampler 13)" in studio.job("ann.jpg")["error"]["message"]


async def test_a_password_comes_from_its_file_and_is_kept_nowhere(studio: Studio) -> None:
    """An app behind a password runs with it; journal and ledger do not have it."""
    password = studio.folder / "password"
    password.write_text("open sesame\n")
    password.chmod(0o600)
    table = DRESS_TABLE.replace(DRESS, LOCKED).split('"52')[0]
    table = table.replace("[app.nodes]", f'access_password_file = "{password}"\n[app.nodes]')
    studio.configure(rules=[f'app = "{LOCKED}"\n{table}'])
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.outputs() == ["ann.jpg"]
    kept = [path for path in studio.state.rglob("*") if path.is_file()]
    assert not any(b"sesame" in path.read_bytes() for path in kept)
    password.chmod(0o644)
    studio.drop("bob.jpg", number=2)
    await studio.once()
    assert studio.hold_code() == "no_password"
    assert len(studio.ledger().tasks) == 1


async def test_a_workflow_may_bring_its_own_json(studio: Studio) -> None:
    """Its own JSON goes along with the values in it, by the call that is known to read it."""
    whole = studio.simulator.runs.find("workflow", WEAVE).prompt
    own = studio.folder / "own.json"
    own.write_text(json.dumps(whole))
    nodes = 'nodes = { "10.image" = "{source}", "6.text" = "{prompt}" }'
    rule = f'workflow = "{WEAVE}"\nprompt = "gold"\n{nodes}\n'
    studio.configure(rules=[f'{rule}[[workflow]]\nid = "{WEAVE}"\nworkflow_file = "{own}"\n'])
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.outputs() == ["ann.jpg"]
    (task,) = studio.ledger().tasks
    sent = json.loads(str(task.params["workflow"]))
    assert sent["6"]["inputs"]["text"] == "gold"
    assert sent["10"]["inputs"]["image"].startswith("openapi/")
    assert sent["3"]["inputs"]["steps"] == 20


async def test_another_json_is_another_edit(studio: Studio) -> None:
    """A workflow's own JSON that changed makes stale what it made, and is never taken for it."""
    whole = studio.simulator.runs.find("workflow", WEAVE).prompt
    own = studio.folder / "own.json"
    nodes = 'nodes = { "10.image" = "{source}", "6.text" = "{prompt}" }'
    rule = f'workflow = "{WEAVE}"\nprompt = "gold"\n{nodes}\n'
    table = f'[[workflow]]\nid = "{WEAVE}"\nworkflow_file = "{own}"\n'
    for steps in (20, 30):
        own.write_text(json.dumps(whole).replace('"steps": 20', f'"steps": {steps}'))
        studio.configure(rules=[rule + table])
        studio.drop(f"p{steps}.jpg", number=1)
        await studio.once()
        await studio.once()
    assert len(studio.ledger().tasks) == 2
    assert studio.job("p20.jpg")["stale"]
    assert not studio.job("p30.jpg")["stale"]


async def test_an_app_is_reused_and_stale_as_models_are(studio: Studio) -> None:
    """The same picture is paid once; another value of a node makes it stale, and pays nothing."""
    studio.configure(rules=[app_rule('nodes = { "60.select" = "1" }')])
    studio.drop("ann.jpg")
    studio.drop("bob.jpg")
    await studio.once()
    assert studio.outputs() == ["ann.jpg", "bob.jpg"]
    assert len(studio.ledger().tasks) == 1
    studio.configure(rules=[app_rule('nodes = { "60.select" = "2" }')])
    await studio.once()
    assert len(studio.ledger().tasks) == 1
    assert [each["stale"] for each in studio.jobs()] == [True, True]


async def test_another_machine_is_another_edit(studio: Studio) -> None:
    """What a larger machine costs is not known from the smaller, nor is its result taken for it."""
    studio.configure(rules=[app_rule()])
    studio.drop("ann.jpg")
    await studio.once()
    plus = DRESS_TABLE.replace("[app.nodes]", 'instance = "plus"\n[app.nodes]')
    studio.configure(rules=[app_rule(table=plus)], limits="daily_charge = 5.0")
    studio.drop("bob.jpg")
    await studio.once()
    assert studio.job("ann.jpg")["stale"]
    assert studio.hold_code() == "price_unknown"
    studio.configure(rules=[app_rule(table=plus)])
    await studio.once()
    assert [task.params.get("instanceType") for task in studio.ledger().tasks] == [None, "plus"]
    assert studio.outputs() == ["ann.jpg", "bob.jpg"]


SET_TABLE = f"""
[[app]]
id = "{TWO}"
[app.nodes]
"10.image" = {{ type = "IMAGE", label = "person" }}
"11.image" = {{ type = "IMAGE", label = "garment" }}
"20.text" = {{ type = "STRING" }}
"""


async def test_an_app_takes_a_set(studio: Studio) -> None:
    """Two files of one stem go where their roles say, as one run; one alone is waited for."""
    nodes = 'nodes = { "10.image" = "{person}", "11.image" = "{garment}" }\nset_wait = 0.1'
    studio.configure(rules=[app_rule(nodes, table=SET_TABLE, app=TWO)])
    studio.drop("ann.person.jpg", number=1)
    await studio.once()
    assert not studio.ledger().tasks
    studio.drop("ann.garment.jpg", number=2)
    await studio.once()
    assert studio.outputs() == ["ann.jpg"], studio.summary()
    (task,) = studio.ledger().tasks
    assert len(set(task.input_sha256)) == 2
    sent = nodes_sent(studio)
    assert sent["10.image"] != sent["11.image"]
    assert sent["20.text"] == "a gold dress"


LORA_MODEL = "f-2-klein-4b/edit-lora"


async def test_a_lora_is_uploaded_when_it_is_needed(studio: Studio) -> None:
    """Once for all pictures, and known by its content: another one is another edit."""
    weights = studio.folder / "mine.safetensors"
    rule = f'model = "{LORA_MODEL}"\nprompt = "gold"\nparams.lora = {{ lora = "{weights.name}" }}'
    rule += f'\n[[model]]\nname = "{LORA_MODEL}"\nconfirmed = true\n'
    studio.configure(rules=[rule])
    studio.drop_many(2)
    await studio.once()
    assert {job["error"]["code"] for job in studio.jobs()} == {"lora_missing"}, studio.summary()
    weights.write_bytes(b"")
    await studio.once()
    assert "empty (0 bytes)" in studio.jobs()[0]["error"]["message"]
    weights.write_bytes(b"weights")
    await studio.once()
    assert studio.states() == {"done": 2}, studio.summary()
    names = {task.params["lora"] for task in studio.ledger().tasks}
    assert len(names) == 1
    assert str(names.pop()).startswith("api-lora-cn/")
    assert studio.ledger().requests["lora_put"] == 1
    await studio.once()
    assert [job["stale"] for job in studio.jobs()] == [False, False]
    weights.write_bytes(b"other weights")
    await studio.once()
    assert [job["stale"] for job in studio.jobs()] == [True, True]
    assert len(studio.ledger().tasks) == 2


async def test_a_lora_goes_into_a_node(studio: Studio) -> None:
    """A loader's node is sent the name that the service gave the file."""
    (studio.folder / "mine.safetensors").write_bytes(b"weights")
    table = f'{WEAVE_TABLE}"15.lora_name" = {{ type = "STRING" }}\n'
    nodes = 'nodes = { "15.lora_name" = { lora = "mine.safetensors" } }\n'
    studio.configure(rules=[f'workflow = "{WEAVE}"\n{nodes}{table}'])
    studio.drop_many(2)
    await studio.once()
    assert studio.states() == {"done": 2}, studio.summary()
    sent = [json.dumps(task.params["nodeInfoList"]) for task in studio.ledger().tasks]
    named = {name for each in sent for name in re.findall(r'"api-lora-cn/[^"]+"', each)}
    assert len(named) == 1
    assert all('"nodeId": "15"' in each for each in sent)
    assert studio.ledger().requests["lora_put"] == 1


async def test_a_node_that_is_a_wire_is_told(studio: Studio) -> None:
    """By its number and field, in ComfyUI's words; nothing is paid."""
    table = f'{WEAVE_TABLE}"9.images" = {{ type = "STRING" }}\n'
    studio.configure(rules=[f'workflow = "{WEAVE}"\nnodes = {{ "9.images" = "x" }}\n{table}'])
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states().get("done") is None
    assert not studio.ledger().tasks
    assert "node 9 (" in str(studio.job("ann.jpg")["error"]), studio.summary()


async def test_an_app_follows_a_model(studio: Studio) -> None:
    """In a chain an app takes the result, by its link, where a model would."""
    then = f'[[watch.rule.then]]\napp = "{DRESS}"\nprompt = "a gold dress"\n'
    then += 'nodes = { "60.select" = "2" }\n'
    rule = f'prompt = "Make it a summer day"\n{then}{DRESS_TABLE}'
    studio.configure(rules=[rule])
    assert not list(edits.problems(config.read(studio.folder / "config.toml", {})))
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.outputs() == ["ann.jpg"], studio.summary()
    assert [len(task.input_sha256) for task in studio.ledger().tasks] == [1, 1]


MANUAL = files("hotfolder").joinpath("manual", "apps.md").read_text("utf-8")
SHOWN = re.findall(r"```toml\n(.*?)```", MANUAL, re.DOTALL)


@pytest.mark.parametrize("number", range(2))
async def test_what_the_manual_shows_runs(studio: Studio, number: int) -> None:
    """The config for an app and the one for a workflow are read, checked, and edit a picture."""
    assert len(SHOWN) == 2
    head = f'state_dir = "{studio.state}"\n[api]\nbase_url = "{studio.base_url}"\n'
    studio.reconfigure(f'{head}[web]\nlisten = ""\n{SHOWN[number]}')
    assert not list(edits.problems(config.read(studio.folder / "config.toml", {})))
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.outputs() == ["ann.jpg"]
    assert studio.ledger().charged


WRONG = [
    ('nodes = { "61.select" = "2" }', "nodes.61.select: there is no node 61.select"),
    ('nodes = { "60.select" = "9" }', "60.select must be one of 1, 2, 3"),
    ('nodes = { "39.image" = "{prompt}" }', "cannot go into a node that takes a file"),
    ('nodes = { "60.select" = "{source}" }', "cannot go into a node that takes a value"),
    ('nodes = { "39.image" = "a.png" }', "takes a file"),
    ('nodes = { "3.seed" = "many" }', "3.seed must be a whole number"),
]


@pytest.mark.parametrize(("nodes", "said"), WRONG)
def test_check_says_what_a_node_cannot_have(studio: Studio, nodes: str, said: str) -> None:
    """What is wrong with a rule's nodes is told with its place, without a network."""
    studio.configure(rules=[app_rule(nodes)])
    reading = config.read(studio.folder / "config.toml", {})
    assert any(said in str(each) for each in edits.problems(reading))
