"""Which step a job of each state takes, and what the step is built of."""

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
from hotfolder.pipeline.delays import Delays, confirmed
from hotfolder.pipeline.desk import Desk
from hotfolder.pipeline.following import Following
from hotfolder.pipeline.ingredients import Ingredients
from hotfolder.pipeline.marking import Marking
from hotfolder.pipeline.renewing import Renewing
from hotfolder.pipeline.reuse import Reusing
from hotfolder.pipeline.signing import Signing, certified
from hotfolder.pipeline.source_metadata import KeptMetadata
from hotfolder.pipeline.step import Step, keeping_part
from hotfolder.pipeline.steps.fetching import Fetching
from hotfolder.pipeline.steps.finishing import Finishing
from hotfolder.pipeline.steps.intending import Addresses, Intending, Review, Storage
from hotfolder.pipeline.steps.preparing import Preparing
from hotfolder.pipeline.steps.publishing import Publishing
from hotfolder.pipeline.steps.querying import Querying
from hotfolder.pipeline.steps.submitting import Submitting
from hotfolder.pipeline.steps.uploading import Uploading


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTable:
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
        own = self.owners
        desk = Desk(
            journal=own.journal,
            client=own.client,
            spool=own.spool,
            threads=own.threads,
            delays=Delays(own.later),
            schedule=own.environment.schedule,
            catalog=self.current.catalog,
            small=own.small,
        )
        ingredients = Ingredients(desk, own.workshop, self.current.signs)
        uploading, fetching = self._uploading(desk), self._fetching(desk, ingredients)
        reusing = Reusing(
            desk,
            fetching=fetching,
            work_key=self.current.work_key,
            keep_source=uploading.keep_source,
        )
        assuring = Assuring(desk)
        current = self.current
        intending = certified(self._intending(desk), current.signs, current.credential, desk)
        intending = assuring.before_intent(intending)
        following = Following(desk)
        querying = Querying(desk, durations=self.durations, currency=self.currency)
        return {
            State.ACCEPTED: self._confirmed(
                desk,
                ingredients.before(
                    reusing.before(following.before(assuring.before_intent(uploading)))
                ),
            ),
            State.UPLOADED: self._confirmed(desk, reusing.before(following.before(intending))),
            State.SUBMITTING: Submitting(
                desk, marking=self.marking, durations=self.durations, hurry=self.hurry
            ),
            State.RUNNING: keeping_part(reusing.again(querying)),
            State.FINISHED: keeping_part(fetching),
            State.FETCHED: Publishing(
                desk, access=self.current.access, failpoint=own.environment.failpoint
            ),
        }

    def _confirmed(self, desk: Desk, step: Step) -> Step:
        return confirmed(step, self.require_place, desk.threads, desk.delays)

    def _uploading(self, desk: Desk) -> Uploading:
        return Uploading(
            desk,
            preparing=Preparing(desk, self.owners.workshop),
            source_metadata=KeptMetadata(desk.spool),
        )

    def _intending(self, desk: Desk) -> Intending:
        current = self.current
        return Intending(
            desk,
            addresses=Addresses(
                desk.client.site,
                current.config.api.webhook_url,
                self.callback_key,
                self.owners.environment.random,
            ),
            storage=Storage(desk.spool, current.min_free_bytes, self.marking.is_silent),
            review=self.review,
            prices=Prices(
                desk.journal,
                desk.client,
                previewed=lambda: current.config.limits.price_preview,
                budgets=current.budgets,
            ),
        )

    def _fetching(self, desk: Desk, ingredients: Ingredients) -> Fetching:
        signing = Signing(
            self.owners.workshop,
            desk.spool,
            ingredients=ingredients,
            credential=self.current.credential,
            is_wanted=self.current.signs,
            failpoint=self.owners.environment.failpoint,
        )
        return Fetching(
            desk,
            finishing=Finishing(
                self.owners.workshop,
                desk.spool,
                desk.small,
                signing=signing,
                holds=self.current.holds_unsigned,
                writer=lambda: self.current.config.provenance.prompt_writer,
            ),
            renewing=Renewing(desk.journal, desk.delays),
        )
