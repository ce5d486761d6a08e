"""What follows where a result cannot be fetched: tries, new queries, and who says what is lost."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hotfolder.domain import events as ev
from hotfolder.domain.errors import (
    Busy,
    LinkForbidden,
    LinkGone,
    NotSent,
    RemoteError,
    TooSlow,
    Unanswered,
)
from hotfolder.domain.retry import Later
from hotfolder.domain.states import State
from hotfolder.pipeline.delays import Delays
from hotfolder.pipeline.renewing import LINK_TRIES, Renewing, Unusable
from tests.builders import Desk, succeeded

if TYPE_CHECKING:
    from hotfolder.domain.jobs import Job

GONE, NO_HOST, FORBIDDEN = LinkGone("404"), NotSent("no such host"), LinkForbidden("private")
UNUSABLE = [NO_HOST, Unanswered("500"), TooSlow("drips"), FORBIDDEN]


class Fetcher:
    """Tries to fetch one job's result again and again, and asks for it anew where told to."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.job: Job = desk.bring_to(State.FINISHED)
        self.renewing = Renewing(desk.journal, Delays(Later(desk.clock, lambda: 1.0)))

    async def fails(self, *errors: RemoteError | Unusable) -> list[ev.Event]:
        """Let tries fail and return what followed each."""
        followed: list[ev.Event] = []
        for error in errors:
            assert self.job.submit is not None
            event = await self.renewing.after(self.job, self.job.submit, error)
            followed.append(event)
            self.job = self.desk.apply(self.job, event)
            if self.job.state is State.RUNNING:
                self.job = self.desk.apply(self.job, succeeded())
        return followed

    async def names(self, *errors: RemoteError | Unusable) -> list[str]:
        """Let tries fail and return the names of what followed each."""
        return [type(each).__name__ for each in await self.fails(*errors)]


@pytest.fixture
def fetcher(desk: Desk) -> Fetcher:
    """Give a job whose task has ended well."""
    return Fetcher(desk)


@pytest.mark.parametrize("error", [*UNUSABLE, Unusable("half", Path("1-1-unusable"))], ids=repr)
async def test_a_few_failures_lead_to_a_new_query(
    fetcher: Fetcher, error: RemoteError | Unusable
) -> None:
    """Whatever kept a result from being fetched: the third time the task is asked for again."""
    assert await fetcher.names(*LINK_TRIES * [error]) == ["Postponed", "Postponed", "LinksUnusable"]


async def test_rounds_come_ever_more_slowly(fetcher: Fetcher) -> None:
    """A link that never works makes no storm of queries: waits grow over all rounds."""
    events = await fetcher.fails(*8 * LINK_TRIES * [NO_HOST])
    waits = [
        (each.until - fetcher.desk.clock.now).total_seconds()
        for each in events
        if isinstance(each, ev.Postponed) and each.until is not None
    ]
    assert waits == sorted(waits)
    assert waits[-1] == 300


@pytest.mark.parametrize("error", [NO_HOST, Unanswered("500"), TooSlow("drips")], ids=repr)
async def test_only_a_store_says_what_is_lost(fetcher: Fetcher, error: RemoteError) -> None:
    """No name server, no broken network and no slow line ends a job, however old its links are."""
    fetcher.desk.clock.forward(timedelta(days=3).total_seconds())
    names = await fetcher.names(*100 * [error])
    assert set(names) == {"Postponed", "LinksUnusable"}
    mixed = await fetcher.names(*20 * [error, GONE, GONE])
    assert "GaveUp" not in mixed


async def test_an_old_link_that_stays_refused_is_lost(fetcher: Fetcher) -> None:
    """The store's own refusals count: asked for anew once, and refused again, it is lost."""
    fetcher.desk.clock.forward(timedelta(days=3).total_seconds())
    names = await fetcher.names(*2 * LINK_TRIES * [GONE])
    assert names == ["Postponed", "Postponed", "LinksExpired", "Postponed", "Postponed", "GaveUp"]
    assert fetcher.job.failure is not None
    assert fetcher.job.failure.code == "paid_lost"


async def test_a_young_link_is_not_given_up_soon(fetcher: Fetcher) -> None:
    """A link of today cannot have expired: it is asked for anew, again and again, for a while."""
    names = await fetcher.names(*24 * [GONE])
    assert names.count("LinksExpired") == 7
    assert names[-1] == "GaveUp"


async def test_a_forbidden_link_is_told_and_given_up_late(fetcher: Fetcher) -> None:
    """It may be a name server that lies for an hour: a person is told at once, and asked later."""
    names = await fetcher.names(*4 * [FORBIDDEN])
    assert names[2] == "LinksUnusable"
    assert fetcher.job.failure is not None
    assert fetcher.job.failure.code == "link_forbidden"
    names = await fetcher.names(*20 * [FORBIDDEN])
    assert names[-1] == "GaveUp"
    fetcher.job = fetcher.desk.apply(fetcher.job, ev.Requeried(by="test"), succeeded())
    assert (await fetcher.names(FORBIDDEN))[0] == "Postponed"


@pytest.mark.parametrize(
    ("error", "in_all"), [(Unusable("half", Path("1-1-unusable")), 8), (FORBIDDEN, 24)], ids=repr
)
async def test_a_network_that_fails_brings_no_end_nearer(
    fetcher: Fetcher, error: RemoteError | Unusable, in_all: int
) -> None:
    """What gives a result up is counted alone: a cut line between says nothing of the result."""
    assert "GaveUp" not in await fetcher.names(*(in_all - 2) * [error, NO_HOST])
    last = 0
    while fetcher.job.state is not State.FAILED:
        await fetcher.fails(error)
        last += 1
    assert last <= 4


async def test_a_store_that_says_when_is_waited_for(fetcher: Fetcher) -> None:
    """Retry-After is heeded, however often; a new query would come to the same store too soon."""
    wait = Busy("503", after_s=77.0, limit=False)
    events = await fetcher.fails(*6 * [wait])
    until = fetcher.desk.clock.now + timedelta(seconds=77)
    assert [each.until for each in events if isinstance(each, ev.Postponed)] == 6 * [until]


async def test_what_is_slow_is_told_at_once(fetcher: Fetcher) -> None:
    """A person need not wait for five tries to read that a store drips."""
    await fetcher.fails(TooSlow("drips"))
    assert fetcher.job.failure is not None
    assert fetcher.job.failure.code == "too_slow"
