"""No dearer than the owner allows: whoever may drop a file is not thereby trusted with the money.

The owner allows what the rules of a watch say, each model at that rule's own parameters, and the
models in `sidecar_models` at their defaults. What sidecars and folder files make of that may cost
as much as the dearest of these, whatever it is; what is dearer, or what nobody knows the price of,
is held until the owner releases that very job. So is what costs more than `confirm_over`, whoever
asks for it: the owner wants to see such a price first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from hotfolder import config
from hotfolder.domain import money, price_failures
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Estimate, Job, Plan
from hotfolder.domain.materials import Material, Origin
from hotfolder.domain.params import Params
from hotfolder.journal.drafts import Draft
from hotfolder.kinds.formats import UnfitFile
from hotfolder.kinds.media import Media
from hotfolder.planning.facts import Facts
from hotfolder.planning.largest import largest_bytes
from hotfolder.planning.looks import Found
from hotfolder.runninghub import estimates
from hotfolder.runninghub.catalog import Model
from hotfolder.runninghub.estimates import Sent


def sent(watch: config.Watch, model: Model, draft: Draft, facts: Facts) -> Sent:
    """Return what the price of a draft may hang on besides its parameters.

    How long files are is looked at only where the model's price is by length. Raises Unseen.
    """
    if not estimates.is_by_length(model):
        return Sent(text=draft.plan.prompt)
    return Sent(text=draft.plan.prompt, seconds=lengths(watch, draft, facts))


def lengths(watch: config.Watch, draft: Draft, facts: Facts) -> dict[str, float]:
    """Return how many seconds the files of a draft last, by parameter. Raises Unseen."""
    return lasting((each.parameter, _found(watch, each, facts)) for each in draft.materials)


def lasting(found: Iterable[tuple[str, Found | UnfitFile | None]]) -> dict[str, float]:
    """Return how many seconds the first film or sound of each parameter lasts, where known."""
    seconds: dict[str, float] = {}
    for parameter, each in found:
        if isinstance(each, Media) and each.traits.duration_s is not None:
            seconds.setdefault(parameter, each.traits.duration_s)
    return seconds


def _found(watch: config.Watch, material: Material, facts: Facts) -> Found | UnfitFile | None:
    if material.origin is Origin.REFERENCE:
        path = Path(material.path)
        return facts.looks.of_reference(path.parent, path.name).found
    if material.position == 1:
        return facts.found
    most = largest_bytes(watch, material.path)
    return facts.looks.of_source(watch.input, material.path, most).found


@dataclass(frozen=True, slots=True)
class Held:
    """Why an edit waits for its price, and what a person allows by releasing it."""

    failure: Failure
    asks_for: str


def held(
    watch: config.Watch,
    model: Model,
    plan: Plan,
    sent: Sent,
    listed: Estimate,
    *,
    is_rules_own: bool,
) -> Held | None:
    """Return why an edit that is `listed` at a price waits for it, or None where it need not.

    The owner allows a rule's own edit by the rule, whatever it costs.
    """
    dearer = None if is_rules_own else beyond(watch, model, plan.params, sent)
    if dearer is not None:
        return Held(dearer, estimates.price_key(model, plan.params, listed))
    rule = next((each for each in watch.rule if each.name == plan.rule), None)
    limit = watch.confirms_over(rule) if rule else Decimal(0)
    if rule is None or not limit:
        return None
    amount = whole(rule, plan, listed)
    if amount is not None and amount <= limit:
        return None
    asks_for = money.written(amount, listed.currency)
    costs = None if amount is None else asks_for
    return Held(price_failures.to_confirm(model.name, costs, rule.variants, limit), asks_for)


def whole(rule: config.Rule, plan: Plan, listed: Estimate) -> Decimal | None:
    """Return the price of all jobs that are made for one set together, of which one is `listed`.

    What follows each of them is among them.
    """
    amount = plan.whole_price(listed.amount, listed.currency)
    return None if amount is None else amount * rule.variants


def asked_for(watch: config.Watch, model: Model, job: Job) -> str:
    """Return what a job that is held for its price asks for, as planned, for it to be allowed."""
    rule = next((each for each in watch.rule if each.name == job.plan.rule), None)
    if rule is None or job.failure is None or job.failure.code != price_failures.TO_CONFIRM:
        return estimates.price_key(model, job.plan.params, job.estimate)
    return money.written(whole(rule, job.plan, job.estimate), job.estimate.currency)


def beyond(watch: config.Watch, model: Model, params: Params, sent: Sent) -> Failure | None:
    """Return why an edit is dearer than the owner allows, or None where it is not.

    What is allowed is priced for the same text and files.
    """
    price = estimates.estimate(model, params, sent)
    wanted = estimates.price_key(model, params, price)
    prices = []
    for other, stated in _allowed(watch):
        allowed = estimates.estimate(other, stated, sent)
        if estimates.price_key(other, stated, allowed) == wanted:
            return None
        prices.append(allowed)
    known = [
        each.amount
        for each in prices
        if each.amount is not None and each.currency == price.currency
    ]
    dearest: Decimal | None = max(known, default=None)
    if price.amount is not None and dearest is not None and price.amount <= dearest:
        return None
    return price_failures.dearer(model.name, price.amount, dearest)


def _allowed(watch: config.Watch) -> Iterator[tuple[Model, Params]]:
    for rule in watch.rule:
        model = watch.catalog.find(rule.model)
        if model is not None:
            yield model, rule.params
    for name in watch.sidecar_models:
        model = watch.catalog.find(name)
        if model is not None:
            yield model, {}
