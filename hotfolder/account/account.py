"""What the service says of the account, and the key that it is asked with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog
from pydantic import SecretStr

from hotfolder.config import Config
from hotfolder.domain.errors import Held, RemoteError
from hotfolder.journal import memory
from hotfolder.journal.journal import Journal
from hotfolder.key import KeyProblem
from hotfolder.runninghub.client import Client

ASK_TIMEOUT_S: Final = 10.0

FindKey = Callable[[Config], SecretStr]

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.service")


class Account:
    """The account's currency, its limit of tasks at once, and its key.

    `config` tells the one in force; `find_key` finds the key again and blocks.
    """

    def __init__(
        self, journal: Journal, client: Client, config: Callable[[], Config], find_key: FindKey
    ) -> None:
        self.currency: str | None = None
        self._journal = journal
        self._client = client
        self._config = config
        self._find_key = find_key
        self._limit_there = 0
        self._key_problem = ""

    @property
    def limit(self) -> int:
        """How many tasks may run at once: the smaller of what config and service say, 0 = none."""
        known = [each for each in (self._config().limits.concurrency, self._limit_there) if each]
        return min(known, default=0)

    async def begin(self) -> None:
        """Remember the currency and ask for the limit."""
        self.currency = await self._journal.run(memory.currency)
        await self.ask_limit()

    async def ask_limit(self) -> None:
        """Ask how many tasks may run at once, for a limited time."""
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S):
                self._limit_there = (await self._client.queue()).limit or 0
        except (RemoteError, TimeoutError) as error:
            log.info("service.limit_unknown", error=str(error))

    async def ask_currency(self) -> None:
        """Ask which currency charges are in, and remember it."""
        try:
            account = await self._client.account()
        except Held as error:
            log.warning("service.refuses", **error.failure.log_context())
            return
        except RemoteError as error:
            log.info("service.account_unknown", error=str(error))
            return
        if account.currency:
            self.currency = account.currency
            await self._journal.run(memory.keep_currency, account.currency)

    def renew_key(self) -> bool:
        """Use the key that now stands where it was found; whether it is another one. Blocks."""
        try:
            return self._client.use_key(self._find_key(self._config()))
        except KeyProblem as error:
            if str(error) != self._key_problem:
                log.warning("key.unusable", error=str(error))
            self._key_problem = str(error)
            return False
