"""UPLOADED: everything that can be known before money leaves, and then the intent."""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from hotfolder.account.pricing import Prices
from hotfolder.domain import events as ev
from hotfolder.domain import failures, file_failures, loras, tokens
from hotfolder.domain.errors import (
    OutputError,
    RemoteError,
)
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Job
from hotfolder.domain.params import Params
from hotfolder.domain.states import WaitsFor
from hotfolder.journal import acceptance, holds, places, reading, uploads
from hotfolder.journal.drafts import Draft
from hotfolder.kinds.workshop.errors import WorkerFailed
from hotfolder.outputs import target, trial
from hotfolder.outputs.errors import NotMounted
from hotfolder.outputs.spool import Spool
from hotfolder.pipeline.delays import READ_TIMEOUT_S, output_is_silent
from hotfolder.pipeline.desk import Desk
from hotfolder.pipeline.step import Outcome
from hotfolder.pipeline.steps.uploading import LINK_MARGIN, is_of_use
from hotfolder.runninghub import payload
from hotfolder.runninghub.catalog import MEGABYTE, Model
from hotfolder.tree import files

CHECK_TIMEOUT_S: Final = 20.0
# After a result could not be named, its watch is held for about so long before the next is tried.
TRIED_AGAIN_S: Final = 60.0
# A plan that changed at the last moment must stay so: its sidecar may still be being written.
REPLANNED_QUIET_S: Final = 2.0

# Makes a blocking call on a job's share.
Run = Callable[[Callable[[], Any]], Awaitable[Any]]
Review = Callable[[Job, Run], Awaitable[ev.Event | Draft | None]]


@dataclass(frozen=True, slots=True)
class Addresses:
    """The service's site, and where it tells the end of a task: "" = it is not to call.

    Each submit has a token of its own there, made of `random` bytes and sealed with `key`.
    """

    site: str
    webhook_url: str
    key: bytes
    random: tokens.Random

    def token(self) -> str:
        """Return a token for one submit."""
        return tokens.sealed(self.random(tokens.NONCE_BYTES), self.key)

    def asked_for(self, token: str) -> dict[str, str]:
        """Return what asks the service, in a submit, to tell the end of its task."""
        if not self.webhook_url:
            return {}
        return {payload.CALLBACK: f"{self.webhook_url.rstrip('/')}/{token}"}


class SpoolFull(OutputError):
    """The spool's disk has less room than must stay free."""


@dataclass(frozen=True, slots=True)
class Storage:
    """Where results go, and how many bytes must be free there before more is paid for.

    `is_silent` says of an output root that it did not answer when it was last written to.
    """

    spool: Spool
    min_free_bytes: Callable[[], int]
    is_silent: Callable[[str], bool]
    tried_s: dict[Path, float] = field(default_factory=dict)

    def look(self, output_root: Path, now_s: float, *, was_mounted: bool) -> bool:
        """Raise OutputError where a result could not be stored; blocks.

        From time to time a trial file is written and named there, first of all. Returns whether a
        disk is mounted at the output folder, which must be so if it ever was.
        """
        mounted = target.is_mounted(output_root)
        if was_mounted and not mounted:
            raise NotMounted(output_root)
        free = {"output": target.check_root(output_root), "spool": self.spool.free_bytes()}
        for place, free_bytes in free.items():
            if free_bytes < self.min_free_bytes():
                full = SpoolFull if place == "spool" else OutputError
                raise full(
                    f"only {free_bytes // MEGABYTE} MB are free for the {place}",
                    hint="Make room there; limits.min_free_mb says how much must stay free.",
                )
        self._try(output_root, now_s)
        return mounted

    def _try(self, output_root: Path, now_s: float) -> None:
        if now_s - self.tried_s.get(output_root, -math.inf) >= TRIED_AGAIN_S:
            trial.try_publishing(output_root)
            self.tried_s[output_root] = now_s


class Intending:
    """Looks at everything that can be known before the paid call, then states the intent.

    `review` looks at the source and its plan again: None = as planned, a draft where the plan
    changed, an event where the job cannot go on.
    """

    def __init__(
        self, desk: Desk, *, addresses: Addresses, storage: Storage, review: Review, prices: Prices
    ) -> None:
        self._desk = desk
        self._addresses = addresses
        self._storage = storage
        self._review = review
        self._prices = prices

    async def __call__(self, job: Job) -> Outcome:
        """Return SubmitIntended, or why not."""
        good_until = self._desk.later.clock() + LINK_MARGIN / 2
        keys, site = job.upload_keys, self._addresses.site
        found = [
            await self._desk.journal.run(uploads.find, each, site, good_until) for each in keys
        ]
        model = self._desk.catalog().find(job.plan.model)
        links = [each for each in found if each is not None and is_of_use(model, each)]
        if len(links) < len(keys):
            return Outcome(ev.UploadExpired())
        try:
            await self._check_storage(job)
            reviewed = await self._review(
                job, partial(self._desk.threads.run, job.watch, timeout_s=READ_TIMEOUT_S)
            )
        except OutputError as error:
            hint = await self._hint(error)
            failure = Failure(failures.OUTPUT_BLOCKED, str(error), hint)
            later = ev.Postponed(until=self._desk.later.clock(), reason=str(error), failure=failure)
            return Outcome(later, hold=(holds.watch_scope(job.watch), failure))
        except (OSError, files.SourceError) as error:
            return Outcome(self._desk.delays.source_failed(job, error))
        except WorkerFailed as error:
            reason = f"the file cannot be looked at: {error}"
            return Outcome(self._desk.delays.postponed(job, reason))
        if isinstance(reviewed, Draft):
            reviewed = await self._desk.journal.run(acceptance.as_allowed, job.id, reviewed)
            if reviewed.failure is not None or not reviewed.is_plan_of(job):
                return await self._replan(job, reviewed)
            reviewed = None
        return Outcome(reviewed) if reviewed else await self._intent(job, links)

    async def _with_loras(self, job: Job) -> Params | None:
        """Return a job's params with the names of uploaded LoRAs; None where one is not there."""
        good_until, site = self._desk.later.clock(), self._addresses.site
        keys = {each.key for each in loras.used(job.plan.params).values()}
        found = {
            each: await self._desk.journal.run(uploads.find, each, site, good_until)
            for each in keys
        }
        names = {key: link.file_name for key, link in found.items() if link is not None}
        return loras.named(job.plan.params, names) if len(names) == len(keys) else None

    async def _check_storage(self, job: Job) -> None:
        if self._storage.is_silent(job.output_root):
            raise output_is_silent()
        was_mounted = await self._desk.journal.run(places.was_mounted, job.output_root)
        root, now_s = Path(job.output_root), self._desk.later.clock.elapsed_s()
        check = partial(self._storage.look, root, now_s, was_mounted=was_mounted)
        try:
            mounted = await self._desk.threads.run(job.watch, check, timeout_s=CHECK_TIMEOUT_S)
        except TimeoutError:
            raise output_is_silent() from None
        if mounted and not was_mounted:
            await self._desk.journal.run(places.note_mounted, job.output_root)

    async def _hint(self, error: OutputError) -> str:
        """Return what helps; a spool may be full of edits that wait for a person."""
        if not isinstance(error, SpoolFull):
            return error.hint
        waiting = await self._desk.journal.run(reading.undecided)
        if not waiting.size:
            return error.hint
        size_mb = waiting.size / MEGABYTE
        return (
            f"{error.hint} {size_mb:.0f} MB of edits wait there for a decision: `hotfolder review`"
        )

    async def _replan(self, job: Job, draft: Draft) -> Outcome:
        await self._desk.journal.run(acceptance.replan, job.id, draft)
        if draft.failure is None:
            return Outcome(
                ev.Postponed(
                    until=self._desk.later.after(REPLANNED_QUIET_S),
                    reason="replanned",
                    counts=False,
                )
            )
        return Outcome(
            ev.Postponed(
                until=None,
                reason=draft.failure.code,
                waits_for=draft.waits_for or WaitsFor.SIDECAR,
                failure=draft.failure,
            )
        )

    async def _intent(self, job: Job, links: list[ev.UploadLink]) -> Outcome:
        model = self._desk.catalog().find(job.plan.model)
        if model is None:
            return Outcome(ev.GaveUp(failure=failures.WRONG_ENDPOINT))
        places = (each.parameter for each in job.uploaded)
        named = (_known_as(model, each) for each in links)
        files = payload.files(zip(places, named, strict=True))
        params = await self._with_loras(job)
        if params is None:
            return Outcome(ev.UploadExpired())
        sent = payload.compose(model, job.plan.prompt, params, files)
        if sent.problems:  # the plan was judged before: this is a last line of defence
            return Outcome(ev.GaveUp(failure=file_failures.wrong_parameters(sent.problems)))
        token = self._addresses.token()
        body = payload.as_sent(model, sent.body)
        budgets = self._prices.budgets_of(job.watch, model)
        try:
            priced = await self._prices.priced(model, job, body, is_needed=bool(budgets))
        except RemoteError as error:
            return Outcome(
                self._desk.delays.postponed(job, f"the price is not known: {error}", error)
            )
        intent = ev.SubmitIntended(
            token=token,
            site=self._addresses.site,
            payload=json.dumps({**body, **self._addresses.asked_for(token)}),
            asks_for_callback=bool(self._addresses.webhook_url),
            price_key=priced.key,
            estimate=priced.estimate.amount,
            currency=priced.estimate.currency,
        )
        return Outcome(intent, budgets=budgets)


def _known_as(model: Model, link: ev.UploadLink) -> str:
    """Return what an upload is known by: its link, to the nodes of a run its name."""
    return link.file_name if model.run else link.url
