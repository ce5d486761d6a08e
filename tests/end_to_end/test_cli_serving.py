"""`account`, `webhook`, `lora`, `app` and `workflow`: what is asked of the service itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import tomli

from hotfolder.simulator import Fault
from tests.studio import KEY

if TYPE_CHECKING:
    from tests.end_to_end.conftest import CommandLine
    from tests.studio import Studio

DRESS = "1877265245566922753"
TWO = "1937084629516193794"
WEAVE = "1904136902449209346"
NEVER_RAN = "1990000000000000810"


def test_account_tells_what_is_left_and_what_was_spent(
    studio: Studio, hotfolder: CommandLine
) -> None:
    """Balance, coins, kind of key, limit, running, spent today; as a table and as JSON."""
    studio.drop("ann.jpg")
    assert hotfolder("once").code == 0
    told = json.loads(hotfolder("account", "--json").out)
    assert (told["balance"], told["currency"], told["coins"]) == (999.86, "CNY", 10000)
    assert (told["key_kind"], told["limit"], told["running"]) == ("SHARED", 50, 0)
    assert told["spent_today"] == [{"charge": 0.14, "currency": "CNY"}]
    shown = hotfolder("account").out
    for words in ("999.86 CNY", "enterprise, on shared machines", "50 tasks at once"):
        assert words in shown
    studio.simulator.update_settings(key="x" * 32)
    assert hotfolder("account").code == 4


def test_webhook_tells_of_a_callback_and_has_it_sent_again(
    studio: Studio, hotfolder: CommandLine
) -> None:
    """A callback that nobody hears is told as such; one can be wished for again."""
    studio.configure(callbacks=True)
    studio.simulator.update_settings(webhook_tries=1)
    studio.drop("ann.jpg")
    assert hotfolder("once").code == 0
    number = str(studio.job("ann.jpg")["id"])
    shown = hotfolder("webhook", number, "--resend")
    assert shown.code == 0, shown.err
    assert "was heard" in shown.out
    assert "asked to send it again" in shown.out
    assert studio.ledger().requests["webhook_resend"] == 1
    assert "there is no job 99" in hotfolder("webhook", "99").err


def test_a_task_that_has_no_callback_says_so(studio: Studio, hotfolder: CommandLine) -> None:
    """Without a webhook there is none; the page of the task is told all the same."""
    studio.drop("ann.jpg")
    assert hotfolder("once").code == 0
    assert "no callback" in hotfolder("webhook", "1").err
    task_id = studio.job("ann.jpg")["task_id"]
    shown = hotfolder("explain", studio.input / "ann.jpg").out
    assert f"/call-api/call-record-detail/{task_id}" in "".join(shown.split())


def test_lora_uploads_a_file_and_prints_its_name(studio: Studio, hotfolder: CommandLine) -> None:
    """The name is that of its MD5; an empty one, another kind and none at all have plain words."""
    file = studio.folder / "mine.safetensors"
    file.write_bytes(b"weights")
    shown = hotfolder("lora", file)
    assert shown.out.strip().startswith("api-lora-cn/")
    assert studio.simulator.loras.has(shown.out.strip())
    assert "lora_put_with_key" not in studio.ledger().requests
    file.write_bytes(b"")
    assert "is empty (0 bytes)" in hotfolder("lora", file).err
    (studio.folder / "mine.pt").write_bytes(b"x")
    assert "must end with .safetensors" in hotfolder("lora", studio.folder / "mine.pt").err
    assert "cannot be read" in hotfolder("lora", studio.folder / "none.safetensors").err


@pytest.mark.parametrize(("command", "number"), [("app", DRESS), ("app", TWO), ("workflow", WEAVE)])
def test_what_is_printed_is_a_config(
    studio: Studio, hotfolder: CommandLine, command: str, number: str
) -> None:
    """The table and the rule that are printed are appended by --write, and `check` accepts it."""
    printed = hotfolder(command, number)
    assert printed.code == 0, printed.err
    assert tomli.loads(printed.out)[command][0]["id"] == number
    fresh = studio.folder / "fresh" / "hotfolder.toml"
    fresh.parent.mkdir()
    assert hotfolder(command, number, "--write", fresh).code == 0
    text = fresh.read_text().replace("[api]", f'[api]\nbase_url = "{studio.base_url}"')
    fresh.write_text(text)
    checked = hotfolder("check", config=fresh)
    assert checked.code == 0, checked.said
    before = fresh.read_text()
    assert hotfolder(command, number, "--write", fresh).code == 2
    assert fresh.read_text() == before


def test_a_written_rule_runs(studio: Studio, hotfolder: CommandLine) -> None:
    """What --write appends to a config runs as it stands, but for the prompt."""
    studio.configure(rules=[])
    assert hotfolder("app", DRESS, "--write", hotfolder.config).code == 0
    text = hotfolder.config.read_text().replace('prompt = "…"', 'prompt = "gold"')
    hotfolder.config.write_text(text)
    studio.drop("ann.jpg")
    ended = hotfolder("once")
    assert ended.code == 0, ended.said
    assert studio.outputs() == ["ann.jpg"]


def test_what_changed_since_the_table_was_written_is_told(
    studio: Studio, hotfolder: CommandLine
) -> None:
    """A node that is gone and one of another kind are told beside the table of today."""
    table = f'app = "{DRESS}"\n[[app]]\nid = "{DRESS}"\n[app.nodes]\n'
    table += '"38.image" = { type = "IMAGE" }\n"3.seed" = { type = "STRING" }\n'
    studio.configure(rules=[table])
    shown = hotfolder("app", f"https://www.runninghub.cn/ai-detail/{DRESS}").out
    assert "changed: node 38.image of the config's table is gone" in shown
    assert "changed: node 3.seed was STRING" in shown


def test_what_cannot_be_told_has_a_reason(hotfolder: CommandLine) -> None:
    """No such app, a workflow that never ran, what is no number: a plain reason, and 2."""
    for words, said in (
        (("app", "1"), "does not know"),
        (("workflow", NEVER_RAN), "never ran in its web page"),
        (("app", "dress"), "is no number"),
    ):
        ended = hotfolder(*words)
        assert ended.code == 2
        assert said in ended.err, ended.err


def test_the_key_in_a_query_string_is_in_no_log(studio: Studio, hotfolder: CommandLine) -> None:
    """The call that carries the key in its address gives it away nowhere, whatever goes wrong."""
    faults = ("error_before", "drop_before", "garbage", "html")
    seen = []
    studio.simulator.update_settings(echo=True)
    for kind in (None, *faults):
        if kind is not None:
            studio.fault(Fault(call="app_nodes", kind=kind, times=1))
        ended = hotfolder("app", DRESS, "--log-level", "debug")
        seen.append(ended.out + ended.err)
    assert len(set(seen)) > 1
    assert KEY not in "".join(seen)
    kept = (path for path in studio.folder.rglob("*") if path.is_file())
    assert not any(KEY.encode() in path.read_bytes() for path in kept)
