"""Previews -> terminal and JSON: what each source would get, before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from hotfolder import views
from hotfolder.cli import render
from hotfolder.domain import money
from hotfolder.domain.materials import Origin, of_origin, reasons
from hotfolder.journal.drafts import Draft
from hotfolder.planning.outlook import Expected, Outlook

NAMED: Final = 5
_WORDS: Final = {
    Outlook.NEW: "new",
    Outlook.REUSED: "get another one's result, which is free",
    Outlook.DONE: "done already",
    Outlook.UNDER_WAY: "under way",
    Outlook.UNASKED: "made only by retry --changed: others of the same file were sent already",
    Outlook.FAILED: "failed before (retry works on them again)",
    Outlook.WAITS: "waiting",
    Outlook.IMPOSSIBLE: "cannot be edited",
    Outlook.SKIPPED: "skipped",
}


def page(found: Sequence[Expected]) -> RenderableType:
    """Return what each source would get, those that get the same together, and the sum."""
    groups: dict[str, list[Expected]] = {}
    for each in found:
        groups.setdefault(_likeness(each), []).append(each)
    parts = [part for alike in groups.values() for part in _group(alike)]
    return Group(*parts, Text(total(found), style="bold"))


def total(found: Sequence[Expected]) -> str:
    """Return how many files there are of each kind, and what the new ones cost."""
    files = len({(each.preview.watch, each.preview.source) for each in found})
    told = []
    for outlook, words in _WORDS.items():
        those = [each for each in found if each.outlook is outlook]
        if those and outlook is Outlook.NEW:
            words = f"{words}, {_price(those)}"  # noqa: PLW2901  the same words, and more
        told += [f"{len(those)} {words}"] if those else []
    if len(found) > files and told:  # several edits of a file
        edits = f"{len(found)} edit{'' if len(found) == 1 else 's'} of "
        return f"{edits}{files} file{'' if files == 1 else 's'}: {'; '.join(told)}"
    return f"{files} file{'' if files == 1 else 's'}: {'; '.join(told) or 'none to edit'}"


def _price(those: Sequence[Expected]) -> str:
    amount = money.total(each.price for each in those)
    if amount is None:
        return "at a price that is not known"
    currency = next((each.draft.estimate.currency for each in those if each.draft), None)
    return f"about {render.money(amount, currency)}"


def _likeness(each: Expected) -> str:
    """Return what those have in common that are shown together."""
    if each.draft is None:
        return json.dumps([each.preview.watch, each.preview.reason])
    told = as_json(each, each.draft)
    own = ("source", "output", "slot", "variant")
    alike = {key: value for key, value in told.items() if key not in own}
    return json.dumps(alike, sort_keys=True)


def _group(alike: Sequence[Expected]) -> Iterator[RenderableType]:
    first = alike[0]
    sources = list(dict.fromkeys(each.preview.source for each in alike))
    names = [render.name(each).plain for each in sources[:NAMED]]
    more = f" and {len(sources) - NAMED} more" if len(sources) > NAMED else ""
    count = f"{len(sources)} files: " if len(sources) > 1 else ""
    yield Text.assemble((f"{count}{', '.join(names)}{more}", "bold"), f"  ({first.preview.watch})")
    if first.preview.reason is not None:
        yield Padding(render.name(first.preview.reason), (0, 0, 0, 2))
    if first.draft is not None:
        lines = render.table("", "")
        lines.show_header = False
        for label, text in _lines(first, first.draft, alike):
            lines.add_row(label, render.name(text))
        yield Padding(lines, (0, 0, 0, 2))


def _lines(each: Expected, draft: Draft, alike: Sequence[Expected]) -> Iterator[tuple[str, str]]:
    one = len(alike) == 1
    told = as_json(each, draft)
    yield from _asked(told)
    for path in told["references"]:
        yield "reference", path
        for reason in told["reference_conversion"].get(path, []):
            yield "converted", reason
    for reason in told["conversion"]:
        yield "converted", reason
    made = [each.draft.plan.variant for each in alike if each.draft and each.draft.plan.variant]
    if made:
        yield "variants", f"{len(set(made))} of each"
    if one:
        yield "output", told["output"]
    if each.outlook is Outlook.NEW:
        yield "estimate", render.money(each.price, told["currency"]) + ("" if one else " each")
    elif not told["error"]:
        yield "but", _WORDS[each.outlook]
    if draft.failure is not None:
        yield "but", views.sentences(draft.failure)


def _asked(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is asked of the service, in words."""
    yield "rule", told["rule"]
    yield "model", told["model"]
    yield "prompt", told["prompt"] or "-"
    if told["params"]:
        yield "params", json.dumps(told["params"], ensure_ascii=False)
    for number, then in enumerate(told["then"], 2):
        asked = f"{then['model']}: {then['prompt']}" if then["prompt"] else then["model"]
        yield f"step {number} of {len(told['then']) + 1}", asked


def listed(each: Expected) -> dict[str, Any]:
    """Return an edit as `plan --json` promises it, or why there is none."""
    if each.draft is None:
        preview = each.preview
        return {"watch": preview.watch, "source": preview.source, "reason": preview.reason}
    return as_json(each, each.draft)


def as_json(each: Expected, draft: Draft) -> dict[str, Any]:
    """Return one edit that a source would get; only a new one has a price."""
    preview, plan, failure = each.preview, draft.plan, draft.failure
    references = of_origin(draft.materials, Origin.REFERENCE)
    folder, slash, _ = preview.named_after.rpartition("/")
    amount = each.price
    return {
        "watch": preview.watch,
        "source": preview.source,
        "reason": None,
        "slot": draft.slot,
        "variant": plan.variant,
        "rule": plan.rule,
        "model": plan.model,
        "prompt": plan.prompt,
        "params": plan.params,
        "then": [
            {"model": each.model, "prompt": each.prompt, "params": each.params}
            for each in plan.then
        ],
        "references": [material.path for material in references],
        "reference_conversion": {
            material.path: reasons([material]) for material in references if material.preparation
        },
        "conversion": reasons(draft.sources),
        "output": f"{folder}{slash}{plan.stem}.*",
        "outlook": each.outlook.value,
        "estimate": None if amount is None else float(amount),
        "currency": draft.estimate.currency,
        "error": failure
        and {"code": failure.code, "message": failure.message, "hint": failure.hint},
    }
