"""What the service says of an app or a workflow -> the nodes of its table.

The service tells an app's nodes with their types; of a workflow it tells the whole JSON, in which
a value that is a list comes from another node (a wire) and cannot be set.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError

from hotfolder.runninghub import fields
from hotfolder.runninghub.runs import NODE_PATTERN, Node

LARGEST_SAFE: Final = 2**63 - 1  # TOML and SQLite have no greater whole number
_TYPES: Final = frozenset({"STRING", "LIST", "INT", "FLOAT", "BOOLEAN", "IMAGE", "VIDEO", "AUDIO"})
_KINDS: Final = {"image": "IMAGE", "video": "VIDEO", "audio": "AUDIO"}
_OF_VALUE: Final = {bool: "BOOLEAN", int: "INT", float: "FLOAT", str: "STRING"}


class NoWorkflow(ValueError):
    """A text that is no workflow in ComfyUI's API format."""


def of_app(listed: object) -> dict[str, tuple[Node, str]]:
    """Return the nodes that an app lets be set, each with its author's value."""
    found: dict[str, tuple[Node, str]] = {}
    for each in listed if isinstance(listed, list) else []:
        if not isinstance(each, Mapping):
            continue
        key = f"{fields.scalar(each.get('nodeId'))}.{fields.text(each.get('fieldName'))}"
        node = _node(_of_app(each))
        if node is not None and NODE_PATTERN.fullmatch(key):
            found[key] = node, _as_text(each.get("fieldValue"))
    return found


def workflow(text: str) -> dict[str, Any]:
    """Return a workflow in API format. Raises NoWorkflow."""
    read = fields.parsed(text.encode())
    nodes = read if isinstance(read, dict) else {}
    for node, each in nodes.items():
        if not isinstance(each, dict) or not isinstance(each.get("inputs"), dict):
            raise NoWorkflow(f"node {node} has no inputs: export the workflow in API format")
    if not nodes:
        raise NoWorkflow("it is no JSON in ComfyUI's API format")
    return nodes


def of_workflow(whole: Mapping[str, Any]) -> dict[str, tuple[Node, str]]:
    """Return the nodes of a workflow that may be set, each with the value that it has."""
    found: dict[str, tuple[Node, str]] = {}
    for node_id, each in whole.items():
        for field, value in each["inputs"].items():
            key = f"{node_id}.{field}"
            node = _node(_of_workflow(each, field, value))
            if node is not None and NODE_PATTERN.fullmatch(key):
                found[key] = node, _as_text(value)
    return found


def wires(whole: Mapping[str, Any]) -> frozenset[str]:
    """Return the inputs of a workflow that come from other nodes."""
    return frozenset(
        f"{node_id}.{field}"
        for node_id, each in whole.items()
        for field, value in each["inputs"].items()
        if isinstance(value, list)
    )


def _node(facts: dict[str, Any] | None) -> Node | None:
    try:
        return None if facts is None else Node.model_validate(facts)
    except ValidationError:
        return None


def _of_app(each: Mapping[str, Any]) -> dict[str, Any] | None:
    kind = fields.text(each.get("fieldType")).upper()
    if kind not in _TYPES:
        return None
    label = fields.first_text(dict(each), "descriptionEn", "description", "nodeName")
    data = fields.parsed(fields.text(each.get("fieldData")).encode())
    facts: dict[str, Any] = {"type": kind, "label": label}
    if kind == "LIST":
        facts["options"] = list(_options(data))
    return facts | (_limits(data) if kind in ("INT", "FLOAT") else {})


def _options(data: object) -> Iterator[object]:
    """Yield the options of a list, which come in two forms: plain, and as objects."""
    listed = data if isinstance(data, list) else []
    if listed and isinstance(listed[0], list):
        listed = listed[0]
    for each in listed:
        option = each.get("index", each.get("name")) if isinstance(each, dict) else each
        if isinstance(option, str | int | float):
            yield option


def _limits(data: object) -> dict[str, Any]:
    said = data[1] if isinstance(data, list) and len(data) > 1 else {}
    found = said if isinstance(said, dict) else {}
    return {
        key: found[key]
        for key in ("min", "max")
        if isinstance(found.get(key), int | float) and abs(found[key]) <= LARGEST_SAFE
    }


def _of_workflow(node: Mapping[str, Any], field: str, value: object) -> dict[str, Any] | None:
    title = node.get("_meta", {}).get("title") if isinstance(node.get("_meta"), dict) else None
    class_type = fields.text(node.get("class_type"))
    kind = _OF_VALUE.get(type(value))
    if kind == "STRING" and "Load" in class_type:
        named = [_KINDS[each] for each in _KINDS if each in class_type.casefold()]
        is_file = field.casefold() in (*_KINDS, "file")
        kind = named[0] if named and is_file else kind
    label = f"{fields.text(title) or class_type}: {field}"
    return None if kind is None else {"type": kind, "label": label}


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
