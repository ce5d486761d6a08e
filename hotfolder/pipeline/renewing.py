"""What follows an attempt by which a result could not be fetched.

A few tries of one link, then the task is asked for again, which is free and may name another: after
failures of any kind, in rounds that come ever more slowly. Whether what was paid is lost only the
store can say, by refusing the link. A name server, a broken network or a link that is none cannot.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from hotfolder.domain import events as ev
from hotfolder.domain import failures
from hotfolder.domain.errors import Busy, LinkForbidden, LinkGone, RemoteError
from hotfolder.domain.jobs import Job, Submit
from hotfolder.journal import reading
from hotfolder.journal.journal import Journal
from hotfolder.pipeline.delays import Delays

LINK_TRIES: Final = 3  # a store may need a moment before what was just put there can be read
BROKEN_TRIES: Final = 8
FORBIDDEN_TRIES: Final = 24
LINKS_LIVE_S: Final = 86_400.0
YOUNG_LINK_TRIES: Final = 24  # an hour or two: what cannot have expired is not given up for a fault


class Unusable(Exception):
    """What came is no whole result; the text says why, and `kept` is where it lies."""

    def __init__(self, reason: str, kept: Path) -> None:
        super().__init__(reason)
        self.failure = failures.result_unusable(reason, str(kept))


class Renewing:
    """Decides between another try, a new query, and giving up."""

    def __init__(self, journal: Journal, delays: Delays) -> None:
        self._journal = journal
        self._delays = delays
        self._refused: dict[int, int] = {}

    async def after(self, job: Job, submit: Submit, error: RemoteError | Unusable) -> ev.Event:
        """Return the event that follows a failed attempt."""
        unusable = await self._journal.run(reading.unusable_links, job.id)
        tried = job.attempt + 1
        given_up = _given_up(error, LINK_TRIES * unusable + tried)
        if given_up is not None:
            return given_up
        refused = self._count_refused(job, error)
        if tried < LINK_TRIES or isinstance(error, Busy):
            return self._again(job, error, LINK_TRIES * (unusable + submit.links_expired))
        if refused < LINK_TRIES:
            return ev.LinksUnusable(reason=str(error))
        return ev.GaveUp(failure=failures.PAID_LOST) if self._is_lost(submit) else ev.LinksExpired()

    def _count_refused(self, job: Job, error: Exception) -> int:
        """Return how often the store has now refused a link in a row; a restart forgets it."""
        earlier = self._refused.pop(job.id, 0) if job.attempt else 0
        if not isinstance(error, LinkGone) or isinstance(error, LinkForbidden):
            return 0
        self._refused[job.id] = earlier + 1
        return earlier + 1

    def _again(self, job: Job, error: RemoteError | Unusable, before: int) -> ev.Event:
        if before and isinstance(error, LinkForbidden):
            until, failure = self._delays.backoff(job, before), failures.LINK_FORBIDDEN
            return ev.Postponed(until=until, reason=str(error), failure=failure)
        if isinstance(error, Unusable):
            until, reason = self._delays.backoff(job, before), f"the result is unusable: {error}"
            return ev.Postponed(until=until, reason=reason, failure=error.failure)
        return self._delays.postponed(job, f"the result cannot be fetched: {error}", error, before)

    def _is_lost(self, submit: Submit) -> bool:
        """Whether the store has refused links often enough, now that it does so once more."""
        if not submit.links_expired:
            return False
        is_young = self._delays.later.clock.elapsed_s() - submit.sent_s < LINKS_LIVE_S
        return not is_young or LINK_TRIES * (submit.links_expired + 1) >= YOUNG_LINK_TRIES


def _given_up(error: RemoteError | Unusable, in_all: int) -> ev.GaveUp | None:
    """Return the end of a job that a person has to look at, after so many tries in all."""
    if isinstance(error, Unusable) and in_all >= BROKEN_TRIES:
        return ev.GaveUp(failure=error.failure)
    if isinstance(error, LinkForbidden) and in_all >= FORBIDDEN_TRIES:
        return ev.GaveUp(failure=failures.LINK_FORBIDDEN)
    return None
