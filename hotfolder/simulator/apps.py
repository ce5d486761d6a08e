"""The AI apps and ComfyUI workflows that the service knows, and what a run may set in them.

Read from a data file; a test or the admin calls may change them, as their authors do.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from hotfolder.simulator.answers import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hotfolder.simulator.answers import Json

Kind: TypeAlias = Literal["ai-app", "workflow"]
MEDIA = frozenset({"IMAGE", "VIDEO", "AUDIO"})
_LOADERS = {
    ("LoadImage", "image"): "IMAGE",
    ("LoadAudio", "audio"): "AUDIO",
    ("LoadVideo", "file"): "VIDEO",
    ("VHS_LoadVideo", "video"): "VIDEO",
}
_TYPES = {bool: "BOOLEAN", int: "INT", float: "FLOAT", str: "STRING"}


@dataclass(frozen=True, kw_only=True)
class Node:
    """One value that a run may set; `is_wire`: it comes from another node, so it may not.

    options: the values that it may have, none = any. told: as the service tells it.
    """

    node_id: str
    node_name: str
    field: str
    type: str
    value: object
    options: tuple[object, ...] = ()
    is_wire: bool = False


@dataclass(frozen=True, kw_only=True)
class Run:
    """An app or a workflow: its nodes by id and field, and what a run of it costs.

    nodes: of an app, as it tells them. prompt: of a workflow, its JSON. has_run: whether it ever
    ran on the site.
    """

    kind: Kind
    run_id: str
    name: str
    output: str
    price: Decimal
    coins: Decimal
    password: str
    has_run: bool
    nodes: tuple[Json, ...] = ()
    prompt: Mapping[str, Any] | None = None

    @property
    def endpoint(self) -> str:
        """Return where it is run, below the base URL."""
        return f"run/{self.kind}/{self.run_id}"

    def settable(self) -> dict[tuple[str, str], Node]:
        """Return what a run may set, and the wires besides."""
        found = _of_workflow(self.prompt) if self.prompt is not None else _of_app(self.nodes)
        return {(node.node_id, node.field): node for node in found}


class Runs:
    """All apps and workflows."""

    def __init__(self) -> None:
        text = files("hotfolder.simulator").joinpath("apps.json").read_text("utf-8")
        data = json.loads(text)
        told = [_run("ai-app", each) for each in data["apps"]]
        told += [_run("workflow", each) for each in data["workflows"]]
        self._known = {(each.kind, each.run_id): each for each in told}

    def __iter__(self) -> Any:  # noqa: ANN401  an iterator of Run
        return iter(self._known.values())

    def find(self, kind: Kind, run_id: object) -> Run:
        """Return one; raises RefusedError 901 or 380 where there is none."""
        known = self._known.get((kind, str(run_id)))
        if known is None:
            raise RefusedError("901" if kind == "ai-app" else "380")
        return known

    def change(self, kind: Kind, run_id: str, **changes: Any) -> None:  # noqa: ANN401  as Run's
        """Change one, as its author may at any time."""
        self._known[kind, run_id] = replace(self.find(kind, run_id), **changes)


def demo(run: Run, site: str) -> Json:
    """Return what is told of an app that is to be called."""
    return {
        "curl": f"curl --location --request POST '{site}/openapi/v2/{run.endpoint}'",
        "webappName": run.name,
        "nodeInfoList": list(run.nodes),
        "covers": [],
        "tags": [],
        "statisticsInfo": {"likeCount": "0", "useCount": "1"},
        "accessEncrypted": bool(run.password),
    }


def _run(kind: Kind, told: Json) -> Run:
    prompt = told.get("prompt")
    nodes = told.get("nodes")
    return Run(
        kind=kind,
        run_id=str(told["id"]),
        name=str(told["name"]),
        output=str(told["output"]),
        price=Decimal(str(told["price"])),
        coins=Decimal(str(told["coins"])),
        password=str(told.get("password", "")),
        has_run=bool(told.get("has_run", True)),
        nodes=tuple(nodes) if isinstance(nodes, list) else (),
        prompt=prompt if isinstance(prompt, dict) else None,
    )


def _of_app(nodes: Sequence[Json]) -> list[Node]:
    return [
        Node(
            node_id=str(each["nodeId"]),
            node_name=str(each["nodeName"]),
            field=str(each["fieldName"]),
            type=str(each["fieldType"]),
            value=each["fieldValue"],
            options=_options(each) if each["fieldType"] == "LIST" else (),
        )
        for each in nodes
    ]


def _of_workflow(prompt: Mapping[str, Any]) -> list[Node]:
    return [
        Node(
            node_id=node_id,
            node_name=node["class_type"],
            field=field,
            type=_LOADERS.get((node["class_type"], field), _TYPES.get(type(value), "STRING")),
            value=value,
            is_wire=isinstance(value, list),
        )
        for node_id, node in prompt.items()
        for field, value in node["inputs"].items()
    ]


def _options(node: Json) -> tuple[object, ...]:
    """Return the options of a list, which are told in either of two forms."""
    data = json.loads(str(node.get("fieldData") or "[]"))
    if data and isinstance(data[0], list):
        return tuple(data[0])
    return tuple(each["index"] for each in data if isinstance(each, dict) and "index" in each)
