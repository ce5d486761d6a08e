"""Previews -> terminal and JSON: what each source would get, before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from hotfolder.cli import render
from hotfolder.domain.materials import Origin, of_origin, reasons
from hotfolder.journal.drafts import Draft
from hotfolder.planning.preview import Preview


def page(previews: Iterable[Preview]) -> RenderableType:
    """Return what each source would get, one below the other."""
    return Group(*(part for each in previews for part in _source(each)))


def _source(preview: Preview) -> Iterator[RenderableType]:
    yield Text.assemble((render.name(preview.source).plain, "bold"), f"  ({preview.watch})")
    if preview.reason is not None:
        yield Padding(render.name(preview.reason), (0, 0, 0, 2))
    for draft in preview.drafts:
        lines = render.table("", "")
        lines.show_header = False
        for label, text in _lines(preview, draft):
            lines.add_row(label, render.name(text))
        yield Padding(lines, (0, 0, 0, 2))


def _lines(preview: Preview, draft: Draft) -> Iterator[tuple[str, str]]:
    told = as_json(preview, draft)
    yield "rule", told["rule"]
    yield "model", told["model"]
    yield "prompt", told["prompt"] or "-"
    if told["params"]:
        yield "params", json.dumps(told["params"], ensure_ascii=False)
    for path in told["references"]:
        yield "reference", path
        for reason in told["reference_conversion"].get(path, []):
            yield "converted", reason
    for reason in told["conversion"]:
        yield "converted", reason
    yield "output", told["output"]
    yield "estimate", render.money(draft.estimate.amount, draft.estimate.currency)
    if told["error"]:
        yield "but", f"{told['error']['message']} {told['error']['hint']}"


def listed(preview: Preview) -> list[dict[str, Any]]:
    """Return a source as `plan --json` promises it: an entry for each of its edits."""
    if preview.reason is not None:
        return [{"watch": preview.watch, "source": preview.source, "reason": preview.reason}]
    return [as_json(preview, draft) for draft in preview.drafts]


def as_json(preview: Preview, draft: Draft) -> dict[str, Any]:
    """Return one edit that a source would get."""
    plan, failure = draft.plan, draft.failure
    references = of_origin(draft.materials, Origin.REFERENCE)
    folder, slash, _ = preview.source.rpartition("/")
    amount = draft.estimate.amount
    return {
        "watch": preview.watch,
        "source": preview.source,
        "reason": None,
        "rule": plan.rule,
        "model": plan.model,
        "prompt": plan.prompt,
        "params": plan.params,
        "references": [each.path for each in references],
        "reference_conversion": {
            each.path: reasons([each]) for each in references if each.preparation
        },
        "conversion": reasons(draft.sources),
        "output": f"{folder}{slash}{plan.stem}.*",
        "estimate": None if amount is None else float(amount),
        "currency": draft.estimate.currency,
        "error": failure
        and {"code": failure.code, "message": failure.message, "hint": failure.hint},
    }
