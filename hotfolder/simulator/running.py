"""What a run of an app or a workflow asks for: its nodes' values, files and price."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

from hotfolder.simulator import nodes, stand_ins
from hotfolder.simulator.answers import Form, Json, RefusedError
from hotfolder.simulator.apps import MEDIA
from hotfolder.simulator.catalog import Model
from hotfolder.simulator.edit import result_type
from hotfolder.simulator.orders import Order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotfolder.simulator.apps import Node, Run
    from hotfolder.simulator.loras import Loras
    from hotfolder.simulator.media import Material, MediaStore
    from hotfolder.simulator.settings import Settings

INSTANCES = ("default", "plus", "ultra")
# The two APIs say the same with other words, and one of them knows more of them.
Api: TypeAlias = Literal["v2", "older"]
_FORMS: Mapping[Api, Form] = {"v2": "flat", "older": "msg"}
_KNOWN = frozenset(
    {
        *("nodeInfoList", "instanceType", "usePersonalQueue", "retainSeconds", "webhookUrl"),
        *("accessPassword", "addMetadata"),
    }
)
_OLDER = frozenset({"apiKey", "workflowId", "webappId", "workflow"})


def examine(
    run: Run, body: Json, settings: Settings, media: MediaStore, loras: Loras, now: float, api: Api
) -> Order:
    """Check a run and look its files up; raises RefusedError.

    A file that cannot be read is no reason to refuse: its node fails when the task runs.
    """
    form = _FORMS[api]
    unknown = set(body) - _KNOWN - (_OLDER if api == "older" else set())
    if unknown:
        raise RefusedError("1007", f"unknown parameter {min(unknown)}", form=form)
    if body.get("instanceType", "default") not in INSTANCES:
        raise RefusedError("1007", "instanceType", form=form)
    if run.password and body.get("accessPassword") != run.password:
        raise RefusedError("403", "the app asks for its password", form=form)
    if not run.has_run:
        raise RefusedError("810", form=form)
    whole = _whole(run, body, form)
    given = nodes.check(whole, _listed(body), loras.has, form)
    if body.get("workflow"):
        given = {place: node.value for place, node in whole.settable().items() if not node.is_wire}
    return _order(whole, given, body, settings, media, now)


def _whole(run: Run, body: Json, form: Form) -> Run:
    """Return the run with the workflow's JSON that the body brings along, if it does."""
    brought = body.get("workflow")
    if not brought:
        return run
    try:
        prompt = json.loads(str(brought))
        return replace(
            run, prompt={str(k): {"inputs": v["inputs"], **v} for k, v in prompt.items()}
        )
    except (ValueError, AttributeError, KeyError, TypeError):
        raise RefusedError("433", "workflow is no API-format JSON", form=form) from None


def _listed(body: Json) -> object:
    """Return the nodes that are set; a workflow that is brought along has them already."""
    return [] if body.get("workflow") else body.get("nodeInfoList", [])


def _order(
    run: Run,
    given: Mapping[tuple[str, str], object],
    body: Json,
    settings: Settings,
    media: MediaStore,
    now: float,
) -> Order:
    known = run.settable()
    files = {
        place: media.named(str(value), now, settings.upload_ttl_s)
        for place, value in given.items()
        if known[place].type in MEDIA
    }
    lacking = [known[place] for place, material in files.items() if material is None]
    materials = tuple(material for material in files.values() if material is not None)
    pays_money = settings.key_kind == "enterprise"
    price = run.price if settings.price is None else settings.price
    return Order(
        model=Model(endpoint=run.endpoint, output=run.output, params=(), price=None),
        params=nodes.plain(body),
        texts=nodes.text_of(body),
        materials=materials,
        readable=not lacking,
        failing_node=_at_fault(lacking[0]) if lacking else None,
        price=price if pays_money else Decimal(0),
        coins=Decimal(0) if pays_money else run.coins,
        is_run=True,
        has_price=False,
        outputs=1,
        result_type=_result_type(run, materials, settings),
        result_bytes=settings.result_bytes,
        result_file=settings.result_file,
    )


def _at_fault(node: Node) -> Json:
    """Return what a task says of the node that it failed at."""
    return {
        "node_id": node.node_id,
        "node_name": node.node_name,
        "exception_type": "FileNotFoundError",
        "exception_message": f"{node.field}: the file cannot be read",
        "current_inputs": json.dumps({node.field: ["..."]}),
        "current_outputs": "{}",
        "traceback": json.dumps(["execution.py, in execute", f"{node.node_name}.py, in load"]),
    }


def _result_type(run: Run, materials: tuple[Material, ...], settings: Settings) -> str:
    if run.output != "image":
        return stand_ins.EXTENSIONS[run.output]
    if settings.result_file is not None:
        return settings.result_file.suffix[1:]
    if settings.result_type != "source":
        return settings.result_type
    return result_type(materials[0].extension if materials else "png")
