"""Several jobs of one edit: `variants` of a rule, and what is left to chance in each."""

from __future__ import annotations

from dataclasses import replace

from hotfolder import config
from hotfolder.domain import names
from hotfolder.domain.chance import RANDOM
from hotfolder.domain.params import Params
from hotfolder.journal.drafts import FIRST_SLOT, Draft
from hotfolder.runninghub import payload
from hotfolder.runninghub.catalog import Model


def of(watch: config.Watch, rule: config.Rule, draft: Draft) -> tuple[Draft, ...]:
    """Return a draft once for each variant that a rule wants, each in a slot of its own.

    The seed of several is left to chance unless it is stated.
    """
    plan, model = draft.plan, watch.catalog.find(draft.plan.model)
    several = rule.variants > 1
    if model is not None:
        params = _with_chance(model, plan.params) if several else plan.params
        plan = replace(plan, params=params, drawn=payload.chances(model, params))
    if not several:
        return (replace(draft, plan=plan),)
    return tuple(
        replace(
            draft,
            slot=FIRST_SLOT + number - 1,
            plan=replace(plan, variant=number, stem=names.variant_stem(plan.stem, number)),
        )
        for number in range(1, rule.variants + 1)
    )


def count(watch: config.Watch, rules: tuple[config.Rule, ...]) -> int:
    """Return how many jobs a source becomes that rules may take by its name."""
    counts = [each.variants for each in rules]
    return sum(counts) if watch.rules == "all" else max(counts, default=0)


def _with_chance(model: Model, params: Params) -> Params:
    seeds = (key for key, each in model.params.items() if each.chances is not None)
    return dict.fromkeys(seeds, RANDOM) | params
