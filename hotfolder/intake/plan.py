"""A source, its rules and its sidecar -> the jobs it should become, or why it should not.

Precedence is per key: sidecar, nearest folder file, rule. Where a sidecar changes the model,
the rule's params are dropped, because they belong to another model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from hotfolder import config
from hotfolder.domain import failures
from hotfolder.domain.events import WaitsFor
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Plan
from hotfolder.domain.sightings import Sighting
from hotfolder.domain.templates import fill_stem
from hotfolder.intake import ignore, rules, sidecar
from hotfolder.intake.sidecar import BrokenSidecar, Sidecar
from hotfolder.journal.acceptance import SAID_SKIP, Draft
from hotfolder.runninghub import catalog, payload

PICTURE = "the picture"
_NOTHING_SAID = Sidecar()


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nobody wants this file as a source; nothing is kept of it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A sidecar says that this source is not wanted."""

    reason: str


Resolution = Ignored | Skipped | tuple[Draft, ...]


def why_ignored(watch: config.Watch, relative: str) -> str | None:
    """Return why a path is no source of a watch, by its name alone, or None."""
    if not watch.recursive and "/" in relative:
        return "in a subfolder, and this watch is not recursive"
    reason = ignore.ignored(relative)
    if reason:
        return reason
    if ignore.is_sidecar(relative):
        return "a sidecar or note, not a picture"
    if not rules.matching(watch, relative):
        return "no rule of this watch takes files of this name"
    return None


def resolve(watch: config.Watch, relative: str) -> Resolution:
    """Return what a source should become, reading its sidecar and folder file.

    Raises OSError and RootGone where the share fails.
    """
    reason = why_ignored(watch, relative)
    if reason:
        return Ignored(reason)
    taking = rules.matching(watch, relative)
    try:
        own, folder = _layers(watch, relative)
    except BrokenSidecar as error:
        broken = Failure("sidecar_broken", str(error), "Mend the file; the picture waits for it.")
        return tuple(_waiting(_draft(watch, relative, rule, None, None), broken) for rule in taking)
    if own is not None and own.skip:
        return Skipped(SAID_SKIP)
    drafts = (_draft(watch, relative, rule, own, folder) for rule in taking)
    return tuple(_once_per_plan(_judged(watch, draft, own) for draft in drafts))


def _layers(watch: config.Watch, relative: str) -> tuple[Sidecar | None, Sidecar | None]:
    if watch.sidecar == "none":
        return None, None
    found = sidecar.beside(watch.input, relative)
    return _read(watch.input, found.sidecar), _read(watch.input, found.folder_file)


def _read(root: Path, found: tuple[str, Sighting] | None) -> Sidecar | None:
    return sidecar.read(root, found[0]) if found else None


def _draft(
    watch: config.Watch,
    relative: str,
    rule: config.Rule,
    own: Sidecar | None,
    folder: Sidecar | None,
) -> Draft:
    said, below = own or _NOTHING_SAID, folder or _NOTHING_SAID
    name = said.model or rule.model
    model = watch.catalog.find(name) or watch.catalog.default
    params = {**(rule.params if name == rule.model else {}), **(said.params or {})}
    prompt = next(filter(None, map(_worded, (said.prompt, below.prompt, rule.prompt))), None)
    if model.prompt is None and said.prompt is None:
        prompt = None
    template = said.output_name or watch.output_template(rule)
    stem = fill_stem(template, name=relative.rpartition("/")[2], rule=rule.name, watch=watch.name)
    return Draft(
        plan=Plan(rule=rule.name, model=name, prompt=prompt, params=params, stem=stem),
        parameter=model.picture.key,
        estimate=catalog.estimate(model, params),
        replaces=watch.collision == "replace",
    )


def _worded(prompt: str | None) -> str:
    return (prompt or "").strip()


def _judged(watch: config.Watch, draft: Draft, own: Sidecar | None) -> Draft:
    plan = draft.plan
    model = watch.catalog.find(plan.model)
    allowed = {*watch.sidecar_models, *(rule.model for rule in watch.rule)}
    if model is None or plan.model not in allowed:
        reason = f"The sidecar asks for the model {plan.model}, which this watch does not allow."
        hint = f"Allowed are: {', '.join(sorted(allowed))}."
        return _waiting(draft, Failure("sidecar_wrong", reason, hint))
    if watch.sidecar == "required" and own is None:
        return _waiting(draft, failures.SIDECAR_MISSING)
    if plan.prompt is None and model.needs_prompt:
        return _waiting(draft, failures.NO_PROMPT)
    files = {model.picture.key: [PICTURE]}
    wrong = payload.compose(model, plan.prompt, plan.params, files).problems
    if wrong:
        return _waiting(draft, failures.wrong_parameters(wrong))
    return draft


def _waiting(draft: Draft, failure: Failure) -> Draft:
    return replace(draft, failure=failure, waits_for=WaitsFor.SIDECAR)


def _once_per_plan(drafts: Iterable[Draft]) -> list[Draft]:
    kept: list[Draft] = []
    for draft in drafts:
        same = (_work(draft) == _work(other) for other in kept)
        if not any(same):
            kept.append(draft)
    return kept


def _work(draft: Draft) -> Plan:
    return replace(draft.plan, rule="", stem="")
