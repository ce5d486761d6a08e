"""What an edit is expected to cost: as the last one, else as the service says, else by the list.

A free edit says nothing of the next one: a quota of free calls ends without a word, and what comes
after it must not slip through a budget as if it were free, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from hotfolder.domain.chance import undrawn
from hotfolder.domain.errors import Busy, NotSent, RemoteError, Unanswered
from hotfolder.domain.jobs import Estimate, Job
from hotfolder.journal import budgets
from hotfolder.journal.budgets import Budget
from hotfolder.journal.journal import Journal
from hotfolder.runninghub import estimates
from hotfolder.runninghub.catalog import Model
from hotfolder.runninghub.client import Client

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.account")


@dataclass(frozen=True, slots=True)
class Priced:
    """An estimate, and the key by which later charges of the same kind are known."""

    key: str
    estimate: Estimate


class Prices:
    """Estimates edits, and knows what may be charged for them.

    `previewed` says whether the service may be asked for a price, which is free.
    """

    def __init__(
        self,
        journal: Journal,
        client: Client,
        *,
        previewed: Callable[[], bool],
        budgets: Callable[[], Sequence[Budget]],
    ) -> None:
        self._journal = journal
        self._client = client
        self._previewed = previewed
        self._budgets = budgets
        self._asked: dict[str, Estimate] = {}
        self._one_at_a_time = asyncio.Lock()

    def budgets_of(self, watch: str, model: Model) -> tuple[Budget, ...]:
        """Return the budgets that a watch's edits by a model must keep to; only runs cost coins."""
        known = (each for each in self._budgets() if each.watch in (None, watch))
        return tuple(each for each in known if model.run or not each.coins)

    async def priced(
        self, model: Model, job: Job, body: dict[str, object], *, is_needed: bool
    ) -> Priced:
        """Return what a submit of a body to a job's model is expected to cost.

        A price by the length of what is sent is listed as it was when the job was planned.

        Where it `is_needed` and only the service can tell, raises NotSent, Unanswered or Busy: that
        it could not be asked just now is not that nobody knows.
        """
        params = undrawn(job.plan).params
        is_planned = estimates.is_by_length(model)
        listed = job.estimate if is_planned else estimates.estimate(model, params)
        key = estimates.price_key(model, params, listed)
        estimate = await self._journal.run(budgets.last_charge, key, self._client.site)
        if estimate is None and self._previewed() and model.run is None:
            try:
                async with self._one_at_a_time:
                    estimate = await self._preview(key, model.endpoint, body)
            except RemoteError as error:
                log.info("price.unknown", endpoint=model.endpoint, error=str(error))
                passes = isinstance(error, NotSent | Unanswered | Busy)
                if passes and is_needed and listed.amount is None:
                    raise
        return Priced(key, estimate or listed)

    async def _preview(self, key: str, endpoint: str, body: dict[str, object]) -> Estimate | None:
        """Ask once for each kind of edit; what cannot be told is asked for again next time."""
        if key not in self._asked:
            told = await self._client.price_preview(endpoint, body)
            if told is None:
                return None
            self._asked[key] = told
        return self._asked[key]
