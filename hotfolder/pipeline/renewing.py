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
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Job, Submit
from hotfolder.journal import reading
from hotfolder.journal.journal import Journal
from hotfolder.pipeline.delays import Delays

LINK_TRIES: Final = 3  # a store may need a moment before what was just put there can be read
BROKEN_TRIES: Final = 8
FORBIDDEN_TRIES: Final = 22  # beside the first two, of which no person is told
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
        failure = _failure(error)
        unusable, alike = await self._journal.run(
            reading.failed_fetches, job.id, failure.code if failure else ""
        )
        if failure is not None and alike + 1 >= _most_tries(error):
            return ev.GaveUp(failure=failure)
        refused = self._count_refused(job, error)
        if job.attempt + 1 < LINK_TRIES or isinstance(error, Busy):
            return self._again(job, error, LINK_TRIES * (unusable + submit.links_expired))
        if refused < LINK_TRIES:
            return ev.LinksUnusable(reason=str(error), failure=failure)
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


def _failure(error: RemoteError | Unusable) -> Failure | None:
    """Return why a job ends whose tries fail so again and again, None where they may go on."""
    if isinstance(error, Unusable):
        return error.failure
    return failures.LINK_FORBIDDEN if isinstance(error, LinkForbidden) else None


def _most_tries(error: RemoteError | Unusable) -> int:
    """Return after how many tries that failed alike a person has to look."""
    return BROKEN_TRIES if isinstance(error, Unusable) else FORBIDDEN_TRIES
