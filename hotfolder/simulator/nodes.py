"""Whether what a run sets fits the nodes of its app or workflow.

A node or field that is not there refuses the whole call; a value that a node cannot have is found
by ComfyUI's own check, which names node and field.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hotfolder.simulator.answers import Form, Json, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotfolder.simulator.apps import Node, Run

LORA_LOADER = "RHLoraLoader"
NO_NODE = {"flat": "1101", "msg": "803", "message": "803"}


class NodeErrorsError(RefusedError):
    """ComfyUI would not run it: 433, and in its tips what is wrong with which node."""

    def __init__(self, node: Node, kind: str, details: str, form: Form) -> None:
        super().__init__("433", form=form)
        wrong = {"type": kind, "message": _WORDS[kind], "details": details}
        wrong["extra_info"] = {"input_name": node.field}  # type: ignore[assignment]
        errors = {node.node_id: {"errors": [wrong], "class_type": node.node_name}}
        self.tips = json.dumps({"result": False, "error": None, "node_errors": errors})


_WORDS = {
    "value_not_in_list": "Value not in list",
    "invalid_input_type": "Failed to convert an input value",
    "bad_linked_input": "Bad linked input, a link to another node cannot be replaced",
}


def check(
    run: Run, listed: object, has_lora: Callable[[str], bool], form: Form
) -> dict[tuple[str, str], object]:
    """Return what a run sets, by node and field; raises RefusedError or NodeErrorsError."""
    if not isinstance(listed, list):
        raise RefusedError("1007", "nodeInfoList is not a list", form=form)
    known, found = run.settable(), {}
    for each in listed:
        place = _place(each, form)
        node = known.get(place)
        if node is None:
            raise RefusedError(NO_NODE[form], f"no field {place[1]} in node {place[0]}", form=form)
        if place in found:
            raise RefusedError(NO_NODE[form], f"node {place[0]} {place[1]} twice", form=form)
        _check_value(node, each["fieldValue"], has_lora, form)
        found[place] = each["fieldValue"]
    return found


def _place(each: object, form: Form) -> tuple[str, str]:
    if not isinstance(each, dict) or "fieldValue" not in each:
        raise RefusedError(NO_NODE[form], "an entry of nodeInfoList lacks fieldValue", form=form)
    node_id, field = each.get("nodeId"), each.get("fieldName")
    if not isinstance(node_id, str | int) or not isinstance(field, str):
        raise RefusedError(NO_NODE[form], "nodeId and fieldName must be texts", form=form)
    return str(node_id), field


def _check_value(node: Node, value: object, has_lora: Callable[[str], bool], form: Form) -> None:
    if node.is_wire:
        raise NodeErrorsError(node, "bad_linked_input", node.field, form)
    if not isinstance(value, str | int | float | bool):
        raise RefusedError(NO_NODE[form], f"{node.field} is no plain value", form=form)
    if node.options and str(value) not in map(str, node.options):
        raise NodeErrorsError(node, "value_not_in_list", f"{node.field}: '{value}'", form)
    if node.node_name == LORA_LOADER and node.field == "lora_name" and not has_lora(str(value)):
        raise NodeErrorsError(node, "value_not_in_list", f"lora_name: '{value}'", form)
    if not _converts(node.type, value):
        raise NodeErrorsError(node, "invalid_input_type", f"{node.field}: {value!r}", form)


def _converts(kind: str, value: object) -> bool:
    if kind == "BOOLEAN":
        return isinstance(value, bool) or str(value).lower() in ("true", "false")
    if kind not in ("INT", "FLOAT"):
        return True
    try:
        number = float(str(value))
    except ValueError:
        return False
    return kind == "FLOAT" or number.is_integer()


def text_of(body: Mapping[str, Any] | None) -> str:
    """Return the texts that a run sets, for what looks into a prompt."""
    listed = (body or {}).get("nodeInfoList")
    entries = listed if isinstance(listed, list) else []
    return " ".join(_texts(entries))


def _texts(entries: list[Any]) -> list[str]:
    return [
        each["fieldValue"]
        for each in entries
        if isinstance(each, dict)
        and isinstance(each.get("fieldValue"), str)
        and each.get("fieldName") in ("text", "prompt")
    ]


def written(run: Run) -> str:
    """Return a workflow's JSON as a text."""
    return json.dumps(run.prompt, ensure_ascii=False)


def plain(body: Json) -> Json:
    """Return a body in a form in which equal runs are equal: no secret, no order."""
    return {key: value for key, value in body.items() if key not in ("apiKey", "accessPassword")}
