"""Free looks at the service in place of calls that would be in vain.

While the service is silent, whatever needs it is held, and one look at a time takes the place of
thousands of attempts. While it refuses the account for its key or its money, a look at the account
finds out when the cause is gone. It lifts such a hold only where an earlier look had seen the
cause: where the service contradicts itself, only a trial submit can tell.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

import structlog

from hotfolder.bell import Bell, Ring
from hotfolder.domain.errors import Held, JournalUnavailable, RemoteError
from hotfolder.domain.failures import ACCOUNT_REFUSALS, NO_MONEY, UNREACHABLE, Failure
from hotfolder.domain.retry import JOURNAL_WAIT_S, Later, backoff_s
from hotfolder.journal import holds
from hotfolder.journal.journal import Journal
from hotfolder.runninghub import refusals
from hotfolder.runninghub.client import Client
from hotfolder.runninghub.fields import Answer

SILENT_CALLS: Final = 5
DOUBTED_CALLS: Final = 3
FIRST_LOOK_S: Final = 4.0
LONGEST_LOOK_S: Final = 60.0

SILENCE: Final = (holds.SERVICE, UNREACHABLE.code)  # of this machine alone, where several share
REFUSALS: Final = frozenset((holds.ACCOUNT, code) for code in ACCOUNT_REFUSALS)

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.account")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a look at the account saw; `refused` None = the service takes the key."""

    refused: Failure | None
    balance: Decimal | None


class Probing:
    """Hears how the service answers every call, and looks for itself while something is held.

    `renew_key` reads the key again and says whether it is another one; it blocks. `on_answer` is
    awaited when a service that was silent answers again.
    """

    def __init__(
        self,
        journal: Journal,
        client: Client,
        later: Later,
        *,
        bell: Bell,
        renew_key: Callable[[], bool],
        on_answer: Callable[[], Awaitable[None]],
    ) -> None:
        self._journal = journal
        self._client = client
        self._later = later
        self._renew_key = renew_key
        self._on_answer = on_answer
        self._bell = bell
        self._ear = bell.ear(Ring.CHANGED, Ring.HELD)
        self._silent = 0
        self._doubted = 0
        self._looks = 0
        self._look_at = self._quiet_at = later.clock()
        self._seen: _Seen | None = None
        client.listen(self.heard)

    def heard(self, _call: str, answer: Answer | None) -> None:
        """Take in what a call was answered with; None = nothing."""
        if answer is None or refusals.is_silence(answer):
            self._silent += 1
        else:
            self._silent = 0
            self._doubted = self._doubted + 1 if refusals.doubts_key(answer) else 0
        if self._silent == SILENT_CALLS or self._doubted == DOUBTED_CALLS:
            self._ear.ring()

    async def run(self) -> None:
        """Look whenever it is due, until cancelled."""
        while True:
            self._ear.forget()
            try:
                wait_s = await self._tend()
            except JournalUnavailable:
                wait_s = JOURNAL_WAIT_S
            await self._ear.hear(wait_s)

    async def _tend(self) -> float:
        """Do what is due and return the seconds until the next time."""
        if self._silent >= SILENT_CALLS:
            await self._stop()
        causes = await self._journal.run(holds.causes)
        is_silent = await self._journal.run(holds.is_held, *SILENCE)
        doubted = self._doubted >= DOUBTED_CALLS
        if not (doubted or is_silent or causes & REFUSALS):
            self._forget()
            return LONGEST_LOOK_S
        if doubted or not 0.0 < self._until_look_s() <= LONGEST_LOOK_S:
            self._plan_look()
            await self.look()
        return min(LONGEST_LOOK_S, max(0.0, self._until_look_s()))

    def _until_look_s(self) -> float:
        """Return the seconds until the next look; too many where a clock was set back since."""
        return (self._look_at - self._later.clock()).total_seconds()

    async def _stop(self) -> None:
        if await self._journal.run(holds.stop, holds.SERVICE, UNREACHABLE):
            log.warning("service.silent", **UNREACHABLE.log_context())
            self._plan_look()

    def _plan_look(self) -> None:
        self._looks += 1
        wait_s = backoff_s(
            self._looks, self._later.jitter(), base_s=FIRST_LOOK_S, longest_s=LONGEST_LOOK_S
        )
        self._look_at = self._later.after(wait_s)

    def _forget(self) -> None:
        """Begin anew, but not so soon that one broken corner makes an endless flicker."""
        now = self._later.clock()
        if now - self._quiet_at >= timedelta(seconds=LONGEST_LOOK_S):
            self._looks = 0
        self._look_at, self._seen = now, None

    # -- one look

    async def look(self) -> None:
        """Ask for the account, with the key as it now stands, and draw the conclusions."""
        has_new_key = await asyncio.to_thread(self._renew_key)
        seen = await self._ask()
        causes = await self._journal.run(holds.causes)
        if not self._silent and await self._journal.run(holds.is_held, *SILENCE):
            await self._go_on()
        if seen is not None and seen.refused is not None:
            await self._confirm(seen.refused)
        elif seen is not None:
            self._doubted = 0
            lifted = {code for _, code in causes & REFUSALS if self._disproves(seen, code)}
            await self._lift(set(ACCOUNT_REFUSALS) if has_new_key else lifted)
        self._seen = seen or self._seen

    async def _ask(self) -> _Seen | None:
        try:
            account = await self._client.account()
        except Held as error:
            known = error.failure.code in ACCOUNT_REFUSALS
            return _Seen(error.failure, None) if known else None
        except RemoteError:
            return None
        return _Seen(None, account.balance)

    def _disproves(self, seen: _Seen, code: str) -> bool:
        before = self._seen
        if before is None:
            return False
        if code == NO_MONEY.code and before.balance is not None and seen.balance is not None:
            return seen.balance > before.balance
        return before.refused is not None

    async def _go_on(self) -> None:
        self._quiet_at = self._later.clock()
        await self._on_answer()
        await self._journal.run(holds.drop, *SILENCE)
        log.info("service.answers")
        self._bell.ring(Ring.DUE)

    async def _confirm(self, failure: Failure) -> None:
        """Hold the account where queries and uploads, too, were refused for its key."""
        if self._doubted < DOUBTED_CALLS:
            return
        self._doubted = 0
        if await self._journal.run(holds.hold, holds.ACCOUNT, failure):
            log.warning("hold.began", scope=holds.ACCOUNT, **failure.log_context())

    async def _lift(self, codes: Collection[str]) -> None:
        for code in codes:
            for scope in await self._journal.run(holds.lift, [holds.ACCOUNT], code):
                log.info("hold.lifted", scope=scope)
                self._bell.ring(Ring.DUE)
