"""No dearer than the owner allows: whoever may drop a file is not thereby trusted with the money.

The owner allows what the rules of a watch say, each model at that rule's own parameters, and the
models in `sidecar_models` at their defaults. What sidecars and folder files make of that may cost
as much as the dearest of these, whatever it is; what is dearer, or what nobody knows the price of,
is held until the owner releases that very job.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from hotfolder import config
from hotfolder.domain import failures
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Params
from hotfolder.runninghub import estimates
from hotfolder.runninghub.catalog import Model


def beyond(watch: config.Watch, model: Model, params: Params) -> Failure | None:
    """Return why an edit is dearer than the owner allows, or None where it is not."""
    wanted = estimates.price_key(model, params)
    allowed = list(_allowed(watch))
    if any(estimates.price_key(*each) == wanted for each in allowed):
        return None
    price = estimates.estimate(model, params)
    prices = [estimates.estimate(*each) for each in allowed]
    known = [
        each.amount
        for each in prices
        if each.amount is not None and each.currency == price.currency
    ]
    dearest: Decimal | None = max(known, default=None)
    if price.amount is not None and dearest is not None and price.amount <= dearest:
        return None
    return failures.dearer(model.name, price.amount, dearest)


def _allowed(watch: config.Watch) -> Iterator[tuple[Model, Params]]:
    for rule in watch.rule:
        model = watch.catalog.find(rule.model)
        if model is not None:
            yield model, rule.params
    for name in watch.sidecar_models:
        model = watch.catalog.find(name)
        if model is not None:
            yield model, {}
