"""How a run is written: its nodes in a list, and read again from what was sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hotfolder.runninghub.catalog import Model

LISTED = "nodeInfoList"
USUAL = "default"  # the machine that a run gets unless another is asked for


def written(model: Model, body: Mapping[str, object]) -> dict[str, object]:
    """Return the body of a run: each parameter's value at its node.

    A workflow that is brought along has them in its own JSON, and no list is read beside it.
    """
    if model.run is None:
        return dict(body)
    told: dict[str, object] = {}
    if model.run.instance != USUAL:
        told["instanceType"] = model.run.instance
    if model.run.workflow:
        told["workflow"] = _with_values(model, body)
        return told
    told[LISTED] = [_entry(model, key, value) for key, value in body.items()]
    return told


def read(model: Model, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was sent as values by parameter, however it was written."""
    if model.run is None:
        return dict(sent)
    by_node = _values(sent)
    places = ((key, parameter.node) for key, parameter in model.params.items())
    return {key: by_node[node] for key, node in places if node in by_node}


def runs_other(model: Model, sent: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Return whether another machine or workflow is asked for now, that one's values included."""
    if model.run is None:
        return False
    if sent.get("instanceType", USUAL) != now.get("instanceType", USUAL):
        return True
    if not ("workflow" in sent or "workflow" in now):
        return False
    both = (each.get("workflow", "{}") for each in (sent, now))
    was, wanted = map(json.loads, both)
    return bool(was != wanted)


def own(model: Model) -> list[str]:
    """Return what makes a run another one besides its values: its own JSON, another machine."""
    if model.run is None:
        return []
    machine: list[str] = [model.run.instance] if model.run.instance != USUAL else []
    return [*machine, model.run.workflow] if model.run.workflow else machine


def _values(sent: Mapping[str, Any]) -> dict[str, Any]:
    if "workflow" in sent:
        whole = json.loads(sent["workflow"])
        return {
            f"{node}.{field}": value
            for node, each in whole.items()
            for field, value in each["inputs"].items()
        }
    return {f"{each['nodeId']}.{each['fieldName']}": each["fieldValue"] for each in sent[LISTED]}


def _entry(model: Model, key: str, value: object) -> dict[str, object]:
    node, _, field = model.params[key].node.partition(".")
    return {"nodeId": node, "fieldName": field, "fieldValue": _as_text(value)}


def _as_text(value: object) -> str:
    """Return a value as the service's own clients send it: all are texts."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _with_values(model: Model, body: Mapping[str, object]) -> str:
    whole = json.loads(model.run.workflow if model.run else "{}")
    for key, value in body.items():
        node, _, field = model.params[key].node.partition(".")
        whole[node]["inputs"][field] = value
    return json.dumps(whole, ensure_ascii=False)
