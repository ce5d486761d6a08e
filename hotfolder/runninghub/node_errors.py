"""What ComfyUI's own check found wrong with which node, in words: it stands in an answer's tips."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from hotfolder.runninghub import fields

MOST_TOLD: Final = 3


def words(body: object) -> str:
    """Return what is wrong with which node and field, "" where an answer says nothing of it."""
    return fields.words("; ".join(list(_told(body))[:MOST_TOLD]))


def _told(body: object) -> Iterator[str]:
    for tips in _tips(body):
        errors = tips.get("node_errors")
        for node_id, node in errors.items() if isinstance(errors, dict) else ():
            if isinstance(node, dict):
                yield from _of_node(str(node_id), node)


def _tips(body: object) -> Iterator[Mapping[str, Any]]:
    """Yield the tips of an answer of either form; they are JSON in a text."""
    held = body if isinstance(body, dict) else {}
    inner = held.get("data")
    for each in (held, inner if isinstance(inner, dict) else {}):
        stated = each.get("promptTips")
        read = fields.parsed(stated.encode()) if isinstance(stated, str) else stated
        if isinstance(read, dict):
            yield read


def _of_node(node_id: str, node: Mapping[str, Any]) -> Iterator[str]:
    named = fields.text(node.get("class_type"))
    place = f"node {node_id} ({named})" if named else f"node {node_id}"
    listed = node.get("errors")
    for each in listed if isinstance(listed, list) else []:
        if not isinstance(each, dict):
            continue
        extra = each.get("extra_info")
        field = fields.text(extra.get("input_name")) if isinstance(extra, dict) else ""
        said = ": ".join(
            filter(None, (fields.text(each.get(key)) for key in ("message", "details")))
        )
        yield f"{place}{f', {field}' if field else ''}: {said or 'no reason given'}"
