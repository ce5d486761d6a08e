"""The manual's page of the menu: every entry, how it is driven, and the test that does it.

`python -m tests.menu_page` writes it anew; `tests/test_docs.py` holds the page against it.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Final

from hotfolder.cli.model_drops import drops
from hotfolder.config import recipes
from hotfolder.runninghub.catalog import Catalog, Model

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = ROOT / "hotfolder" / "manual" / "menu.md"
EVERY: Final = "materials/test_every_model.py::test_every_model_is_paid_and_brings_what_it_says"
RETIRED: Final = "owners/test_catalog.py::test_what_a_rule_may_not_name"
RECIPE: Final = "flow/test_chains.py::test_each_recipe"
RESULTS: Final = {
    "image": "picture",
    "video": "film",
    "audio": "sound",
    "3d": "3D model",
    "string": "text",
}
INTRODUCTION: Final = """# The service's menu

Every entry of the service's own menu: what is dropped for it, what comes, and the test of this
project that does it against the simulator (below `tests/`). `hotfolder models NAME` tells more.
"""
BESIDE: Final = """## Beside the menu

The catalog has 90 models more, which are driven in the same way (`flow/test_groups.py`).

Where a world is made of a picture or a film (`marble-1.0`, `1.1`, `1.1-plus`), the service's
registry says that the file is sent as a text, its address. It is sent the address of an upload, as
any model is; nobody has tried that, so `hotfolder models` says "not confirmed".

Of these models nobody says where their files go. A rule may not name them, and `check` says so: to
guess would cost money. Who knows writes it into a `[[model]]` of that name (page `models`).
"""
# What of the menu is no model: how it is driven, and by which test.
OTHERS: Final = (
    (
        "Start ComfyUI, a workflow",
        '`workflow = "190…"` in a rule',
        "flow/test_runs.py::test_a_workflow_with_values_and_a_sidecar",
    ),
    (
        "A workflow of your own JSON",
        "`workflow_file` in its table",
        "flow/test_runs.py::test_a_workflow_may_bring_its_own_json",
    ),
    (
        "An AI app",
        '`app = "187…"` in a rule',
        "flow/test_runs.py::test_an_app_stands_where_a_model_would",
    ),
    (
        "AI app nodes (apiCallDemo)",
        "`hotfolder app ID`",
        "end_to_end/test_cli_serving.py::test_a_written_rule_runs",
    ),
    (
        "Get Workflow JSON",
        "`hotfolder workflow ID`",
        "end_to_end/test_cli_serving.py::test_what_is_printed_is_a_config",
    ),
    (
        "Upload, upload for nodes",
        "by itself",
        "flow/test_runs.py::test_an_app_stands_where_a_model_would",
    ),
    (
        "Upload LoRA",
        "`hotfolder lora FILE`",
        "end_to_end/test_cli_serving.py::test_lora_uploads_a_file_and_prints_its_name",
    ),
    ("Query, status, outputs", "by itself", "owners/test_simulator_runs.py::test_the_older_calls"),
    ("Cancel", "`hotfolder cancel JOB`", "flow/test_control.py::test_what_waits_can_be_cancelled"),
    (
        "Account",
        "`hotfolder account`",
        "end_to_end/test_cli_serving.py::test_account_tells_what_is_left_and_what_was_spent",
    ),
    (
        "Webhook, its details, resend",
        "`hotfolder webhook JOB`",
        "end_to_end/test_cli_serving.py::test_webhook_tells_of_a_callback_and_has_it_sent_again",
    ),
    ("Native ComfyUI, websockets", "not built: see the page `apps`", ""),
)


def page() -> str:
    """Return the page."""
    menu = [each for each in Catalog() if each.in_menu]
    parts = [INTRODUCTION]
    for section, models in groupby(sorted(menu, key=_order), key=_section):
        parts += [f"## {section}\n", _table(["model", "drop", "get", "test"], map(_row, models))]
    others = ([name, how, _test(test)] for name, how, test in OTHERS)
    parts += ["## What is no model\n", _table(["entry", "how", "test"], others), BESIDE]
    parts.append("\n".join(f"- `{each.name}`" for each in Catalog() if _is_unknown(each)) + "\n")
    return "\n".join(parts)


def _is_unknown(model: Model) -> bool:
    return not (model.retired or model.inputs)


def tests_named() -> set[str]:
    """Return the tests that the page names, as path and function."""
    return {EVERY, RETIRED, RECIPE, *(test for *_, test in OTHERS if test)}


def _order(model: Model) -> tuple[str, str]:
    return _section(model), model.name


def _section(model: Model) -> str:
    return model.section.partition(" / ")[0] or "Others"


def _row(model: Model) -> list[str]:
    if model.retired:
        return [f"`{model.name}`", f"nothing: retired, {model.retired}", "-", _test(RETIRED)]
    ways = next(iter(drops(model)), "-")
    chained = [name for name, each in recipes.shipped().items() if _is_in(model, each)]
    if chained:
        ways = "; ".join([ways, *(f"recipe `{each}`" for each in chained)])
    if not model.confirmed:
        ways += ", once confirmed by you"
    test = RECIPE if chained else EVERY
    return [f"`{model.name}`", ways, RESULTS[model.output], _test(test)]


def _is_in(model: Model, recipe: dict[str, object]) -> bool:
    then = recipe["then"]
    assert isinstance(then, list)
    return model.name in {recipe["model"], *(each["model"] for each in then)}


def _test(name: str) -> str:
    file, _, function = name.partition("::")
    return f"`{file}`: {function.removeprefix('test_').replace('_', ' ')}" if name else "-"


def _table(head: list[str], rows: object) -> str:
    assert hasattr(rows, "__iter__")
    lines = [f"| {' | '.join(each)} |" for each in (head, ["---"] * len(head), *rows)]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page())
