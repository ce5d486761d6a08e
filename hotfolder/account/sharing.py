"""Finding a fair share of an account that others use, too, without knowing them.

When the service refuses a submit for want of places, a free look tells how many tasks the account
has in all: more than ours, and others are there. Then looks go on as long as places are short.
Whoever has more than all others together gives way by a quarter; whoever has not takes a free
place at once, anybody else only one that stays free. Where nobody else is, or the service does
not say, the window alone decides.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from hotfolder.account.pace import Pace
from hotfolder.bell import Bell, Ring
from hotfolder.domain.errors import RemoteError
from hotfolder.domain.retry import Later
from hotfolder.runninghub.wire import Queue

SHORTEST_LOOK_S: Final = 0.5
LONGEST_LOOK_S: Final = 5.0
LONGEST_POOR_LOOK_S: Final = 1.0  # a place is free only for as long as its owner takes to fill it
SLOWER: Final = 1.3
STAYS_FREE: Final = 3

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.account")


class Sharing:
    """Looks at the account's queue after refusals, and rings when there is room."""

    def __init__(
        self, ask: Callable[[], Awaitable[Queue]], pace: Pace, later: Later, bell: Bell
    ) -> None:
        self._ask = ask
        self._pace = pace
        self._later = later
        self._bell = bell
        self._refused = bell.ear(Ring.REFUSED)
        self._seen_refusals = 0
        self._limit: int | None = None
        self._free_for = 0
        self._is_poor = False

    async def run(self) -> None:
        """Look after each refusal, and on while others are there, until cancelled."""
        while True:
            await self._refused.hear()
            await self._share()

    async def _share(self) -> None:
        """Look, ever more rarely while nothing changes, until places are no longer short.

        Who has less than all others together goes on looking often.
        """
        wait_s = SHORTEST_LOOK_S
        while True:
            self._refused.forget()
            is_over, has_changed = await self._look()
            if is_over:
                return
            longest_s = LONGEST_POOR_LOOK_S if self._is_poor else LONGEST_LOOK_S
            wait_s = SHORTEST_LOOK_S if has_changed else min(longest_s, SLOWER * wait_s)
            await self._refused.hear(wait_s * (0.75 + 0.5 * self._later.jitter()))

    async def _look(self) -> tuple[bool, bool]:
        """Look once; returns whether there is nothing to share, and whether the window moved."""
        try:
            queue = await self._ask()
        except RemoteError as error:
            log.info("queue.unknown", error=str(error))
            return True, False
        now_s = self._later.clock.elapsed_s()
        if queue.tasks is None or not self._pace.is_short(now_s):
            return True, False
        self._learn_limit(queue.limit, queue.tasks)
        others = max(0, queue.tasks - self._pace.mine)
        self._is_poor = self._pace.mine < others
        if not others and not self._pace.is_waiting(now_s):
            return True, False
        return False, self._adjust(queue.tasks, others)

    def _learn_limit(self, limit: int | None, tasks: int) -> None:
        """Take the tasks at a refusal for the limit where the service does not tell it."""
        if limit is not None:
            self._limit = limit
        elif self._pace.refusals != self._seen_refusals:
            self._limit = tasks
        self._seen_refusals = self._pace.refusals

    def _adjust(self, tasks: int, others: int) -> bool:
        mine = self._pace.mine
        is_free = self._limit is not None and tasks < self._limit
        self._free_for = self._free_for + 1 if is_free else 0
        if is_free and (not others or mine <= others or self._free_for >= STAYS_FREE):
            self._free_for = 0
            self._pace.widen()
            self._bell.ring(Ring.DUE)
            return True
        has_given_way = self._pace.window < mine  # and tasks of before still run
        if not is_free and mine > others + 1 and not has_given_way:
            self._pace.give_way()
            return True
        return False
