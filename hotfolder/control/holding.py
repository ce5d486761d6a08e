"""Holding submitting back by hand, and letting go what is held."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from hotfolder import config
from hotfolder.control import jobs
from hotfolder.control.requests import Pause, Release, Resume
from hotfolder.control.retrying import WatchNamed
from hotfolder.domain.errors import OperatorError
from hotfolder.domain.failures import PAUSED
from hotfolder.journal import allowing, backlog, budgets, holds, overwrite_guard, reading
from hotfolder.journal.holds import Hold
from hotfolder.journal.journal import Journal
from hotfolder.planning import spending

Look = Callable[[], Awaitable[None]]
Scan = Callable[[str], None]

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.control")


class Holding:
    """Pauses, resumes and releases.

    `look` looks at the account, with the key as it now stands; `scan` has a watch's folder
    scanned; `watch` gives the config's watch of a name.
    """

    def __init__(self, journal: Journal, *, look: Look, scan: Scan, watch: WatchNamed) -> None:
        self._journal = journal
        self._look = look
        self._scan = scan
        self._watch = watch

    async def pause(self, request: Pause) -> str:
        """Stop uploading and submitting until resume; what is submitted goes on."""
        scope, words = await self._scope(request.watch)
        is_new = await self._journal.run(holds.stop, scope, PAUSED)
        log.warning("operator.paused", scope=scope)
        return f"{words} is paused" + ("" if is_new else " already")

    async def resume(self, request: Resume) -> list[str]:
        """Let go on what was paused by hand, and have the account's holds tried at once."""
        scope, words = await self._scope(request.watch)
        was_held = bool(await self._over(request.watch))
        was_paused = await self._journal.run(holds.drop, scope, PAUSED.code)
        await self._look()
        await self._journal.run(overwrite_guard.let_go, request.watch)
        await self._journal.run(budgets.reconsider)
        for each in dict.fromkeys((scope, holds.ACCOUNT)):
            await self._journal.run(holds.try_now, each)
        log.info("operator.resumed", scope=scope)
        left = await self._over(request.watch)
        if not left:
            return [f"{words} goes on" if was_held else f"{words} was not held"]
        first = [f"{words} is no longer paused"] if was_paused else []
        tried = {scope, holds.ACCOUNT}
        return [*first, *(_still_held(each, is_tried=each.scope in tried) for each in left)]

    async def _over(self, watch: str | None) -> list[Hold]:
        """Return the holds that concern a watch, or all."""
        found = await self._journal.run(holds.holds)
        return [each for each in found if watch is None or _concerns(each.scope, watch)]

    async def release(self, request: Release) -> list[str]:
        """Let go what is held back of a watch, or leave it out; or jobs held for their price."""
        if request.jobs:
            return [await self._release_job(number) for number in request.jobs]
        if request.watch is None:
            raise OperatorError("name a watch, or a job with --job")
        await self._scope(request.watch)
        done = await self._journal.run(backlog.release, request.watch, skip=request.skip)
        log.info("operator.released", watch=request.watch, done=done, skip=request.skip)
        if not request.skip:
            self._scan(request.watch)
        return [f"watch {request.watch}: {each}" for each in done]

    async def _release_job(self, number: int) -> str:
        """Allow a job what its plan asks for, and no higher price."""
        job = await jobs.existing(self._journal, number)
        watch = self._watch(job.watch)
        model = watch.catalog.find(job.plan.model) if watch else None
        if watch is None or model is None:
            raise OperatorError(f"job {number}: its watch or its model is no longer in the config")
        price = spending.asked_for(watch, model, job)
        released = await self._journal.run(allowing.allow, job, price)
        if not released:
            return f"job {number} is not held for its price"
        amount = job.estimate.amount
        words = "" if amount is None else f" at about {amount:f} {job.estimate.currency or ''}"
        others = len(released) - 1
        if others:
            words = f"{words.rstrip()} each, with {others} more of its variants"
        log.warning("operator.released_job", job=number, model=model.name, price=price)
        return f"job {number} ({job.watch}: {job.source}) may be edited{words.rstrip()}"

    async def _scope(self, watch: str | None) -> tuple[str, str]:
        if watch is None:
            return holds.ACCOUNT, "submitting"
        known = {row.name for row in await self._journal.run(reading.watches)}
        if watch not in known:
            raise OperatorError(f"there is no watch {watch}{config.meant(watch, known)}")
        return holds.watch_scope(watch), f"watch {watch}"


def _concerns(scope: str, watch: str) -> bool:
    kind, _, place = scope.partition(":")
    return kind in (holds.ACCOUNT, holds.SERVICE, holds.MACHINE) or place.partition("/")[0] == watch


def _still_held(hold: Hold, *, is_tried: bool) -> str:
    what = "Submitting" if hold.scope == holds.ACCOUNT else hold.said
    then = "It is tried at once." if is_tried and hold.next_trial else hold.failure.hint
    return f"{what} is still held: {hold.failure.message} {then}"
