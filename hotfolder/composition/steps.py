"""The way of a picture: which step a job of each state takes, and what the step is built of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from hotfolder.account.pace import Durations
from hotfolder.account.pricing import Prices
from hotfolder.composition.current_config import CurrentConfig
from hotfolder.composition.daemon_parts import Owners
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State
from hotfolder.pipeline.assuring import Assuring
from hotfolder.pipeline.marking import Marking
from hotfolder.pipeline.renewing import Renewing
from hotfolder.pipeline.reuse import Reusing
from hotfolder.pipeline.source_metadata import KeptMetadata
from hotfolder.pipeline.step import Step, confirmed, keeping_part
from hotfolder.pipeline.steps.fetching import Fetching
from hotfolder.pipeline.steps.finishing import Finishing
from hotfolder.pipeline.steps.preparing import Preparing
from hotfolder.pipeline.steps.publishing import Publishing
from hotfolder.pipeline.steps.querying import Querying
from hotfolder.pipeline.steps.submitting import Addresses, Intending, Review, Storage, Submitting
from hotfolder.pipeline.steps.uploading import Uploading


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What the steps need besides the owners.

    `callback_key` signs the addresses that callbacks come to; `currency` tells the account's, as
    far as it is known; `hurry` is set when the service stops.
    """

    owners: Owners
    current: CurrentConfig
    review: Review
    require_place: Callable[[Job], None]
    marking: Marking
    callback_key: bytes
    currency: Callable[[], str | None]
    durations: Durations
    hurry: asyncio.Event

    def steps(self) -> dict[State, Step]:
        """Return the step of every state that has one."""
        uploading, fetching = self._uploading(), self._fetching()
        reusing = self._reusing(uploading, fetching)
        return {
            State.ACCEPTED: self._confirmed(reusing.before(uploading)),
            State.UPLOADED: self._confirmed(reusing.before(self._assuring(self._intending()))),
            State.SUBMITTING: self._submitting(),
            State.RUNNING: keeping_part(reusing.again(self._querying())),
            State.FINISHED: keeping_part(fetching),
            State.FETCHED: self._publishing(),
        }

    def _confirmed(self, step: Step) -> Step:
        return confirmed(step, self.require_place, self.owners.threads, self.owners.later)

    def _reusing(self, uploading: Uploading, fetching: Fetching) -> Reusing:
        own = self.owners
        return Reusing(
            own.journal,
            own.client,
            own.spool,
            own.threads,
            own.later,
            fetching,
            self.current.work_key,
            uploading.keep_source,
        )

    def _uploading(self) -> Uploading:
        own = self.owners
        return Uploading(
            own.journal,
            own.client,
            own.threads,
            own.later,
            self.current.catalog,
            Preparing(own.workshop, own.spool.folder, own.threads, own.later),
            KeptMetadata(own.spool),
        )

    def _intending(self) -> Intending:
        own, current = self.owners, self.current
        return Intending(
            own.journal,
            Addresses(
                own.client.site,
                current.config.api.webhook_url,
                self.callback_key,
                own.environment.random,
            ),
            Storage(own.spool, current.min_free_bytes, self.marking.is_silent),
            self.review,
            own.threads,
            own.later,
            current.catalog,
            Prices(
                own.journal,
                own.client,
                previewed=lambda: current.config.limits.price_preview,
                budgets=current.budgets,
            ),
        )

    def _assuring(self, intending: Intending) -> Step:
        own = self.owners
        assuring = Assuring(own.journal, own.client, own.environment.schedule, own.later)
        return assuring.before_intent(intending)

    def _submitting(self) -> Submitting:
        own = self.owners
        return Submitting(
            own.client,
            self.marking,
            self.durations,
            own.environment.schedule,
            own.later,
            self.hurry,
            self.current.catalog,
        )

    def _querying(self) -> Querying:
        own = self.owners
        return Querying(
            own.journal,
            own.client,
            self.durations,
            own.environment.schedule,
            own.later,
            self.currency,
        )

    def _fetching(self) -> Fetching:
        own = self.owners
        finishing = Finishing(own.workshop, own.spool)
        return Fetching(
            own.client,
            own.spool,
            own.later,
            self.current.catalog,
            finishing,
            Renewing(own.journal, own.later),
        )

    def _publishing(self) -> Publishing:
        own = self.owners
        return Publishing(
            own.journal,
            own.spool,
            own.threads,
            own.later,
            self.current.access,
            own.environment.failpoint,
        )
