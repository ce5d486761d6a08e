"""Opens the owners, has every part built of them, and closes them again in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Final, Literal

import structlog
from pydantic import SecretStr

from hotfolder.account.account import FindKey
from hotfolder.bell import Bell, Ring
from hotfolder.composition.building import Building
from hotfolder.composition.current_config import CurrentConfig
from hotfolder.composition.daemon_parts import Owners, Parts
from hotfolder.composition.environment import Environment
from hotfolder.config import Config, listen_place
from hotfolder.domain.errors import NotConfined, OperatorError
from hotfolder.domain.redaction import Redactor
from hotfolder.domain.retry import Later
from hotfolder.journal import callbacks, recovery
from hotfolder.journal.journal import Journal
from hotfolder.kinds.workshop.errors import WorkerFailed
from hotfolder.kinds.workshop.small_pictures import SmallPictures
from hotfolder.kinds.workshop.workshop import Workshop
from hotfolder.outputs import disk
from hotfolder.outputs.spool import SPOOL_NAME, Spool
from hotfolder.reload import Reread
from hotfolder.runninghub.catalog import MEGABYTE
from hotfolder.runninghub.client import Client
from hotfolder.supervision import Supervisor
from hotfolder.threads import unattended
from hotfolder.tree.threads import ShareThreads
from hotfolder.watching import leasing
from hotfolder.web.listener import listening
from hotfolder.web.metrics import Metrics

KEY_BYTES: Final = 32
THUMBNAILS_NAME: Final = "thumbnails"
# What of ours stands in the state directory; in one that is the studio's, others stand beside it.
HELD_THERE: Final = ("journal.*", SPOOL_NAME, "backups", "backups/journal-*.db")

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.service")


class Composition:
    """The parts of one daemon; `parts` is None until they are open.

    `unconfined` says then what a worker can do although none must, None = nothing.
    `reread`, `find_key`, `supervisor` and `redactor` are as for `Service`.
    """

    def __init__(
        self,
        config: Config,
        key: SecretStr,
        environment: Environment,
        *,
        reread: Reread | None,
        supervisor: Supervisor,
        find_key: FindKey | None,
        redactor: Redactor,
    ) -> None:
        self.environment = environment
        self._wanted = config
        self.current = CurrentConfig(config, environment.zone, environment.clock)
        self.metrics = Metrics()
        self.parts: Parts | None = None
        self.unconfined: str | None = None
        self._is_known_confined = False
        self._bell = Bell()
        self._key = key
        self._find_key = find_key or (lambda _config: key)
        self._reread = reread or (lambda: config)
        self._supervisor = supervisor
        self._redactor = redactor

    @property
    def config(self) -> Config:
        """The config in force."""
        return self.current.config

    @asynccontextmanager
    async def open(self, *, single_scan: bool) -> AsyncIterator[Parts]:
        """Give every part, ready to work; `single_scan` = what comes later is left alone.

        Once it was left it may be called again: everything is opened anew, by the whole config.
        Raises JournalElsewhere where another machine follows a watch of a single scan.
        """
        self._make_state()
        async with AsyncExitStack() as closing:
            client = self._client()
            closing.push_async_callback(client.aclose)
            workshop = self._workshop()
            closing.callback(workshop.close)
            if not self._is_known_confined:
                self.unconfined = await _confined(workshop, self.config.limits.confine)
                self._is_known_confined = True
            journal = closing.enter_context(self._journal())
            if journal.is_shared:
                await self._share(journal, is_whole=single_scan)
            callback_key = await journal.run(callbacks.key, self.environment.random(KEY_BYTES))
            self._redactor.learn_seal(callback_key)
            await closing.enter_async_context(self._hearing(journal, callback_key))
            building = Building(
                owners=Owners(
                    journal=journal,
                    client=client,
                    spool=await self._recovered(journal),
                    workshop=workshop,
                    small=self._small(is_looked_at=not single_scan),
                    threads=ShareThreads(self.environment.pool),
                    later=Later(journal.clock, self.environment.jitter),
                    environment=self.environment,
                ),
                current=self.current,
                wanted=self._wanted,
                bell=self._bell,
                callback_key=callback_key,
                single_scan=single_scan,
                observe=self.metrics.observe,
                reread=self._reread,
                find_key=self._find_key,
                supervisor=self._supervisor,
            )
            parts = self.parts = await building.parts()
            asking = unattended(asyncio.create_task(parts.account.ask_currency()))
            closing.callback(asking.cancel)
            yield parts

    def _make_state(self) -> None:
        """Make the state directory, for this user alone. Raises OperatorError where that fails."""
        folder = self.config.state_dir
        try:
            disk.make_private(folder, HELD_THERE)
        except PermissionError as error:
            raise OperatorError(
                f"{folder}: {error.strerror}: the journal holds prompts and the callbacks' key. "
                f"Give it to the daemon's user, or run chmod 700 {folder}"
            ) from error

    def _client(self) -> Client:
        return Client(
            self.config.api.base_url,
            self._key,
            patience=self.environment.patience,
            failpoint=self.environment.failpoint,
            transport=self.environment.transport,
            redactor=self._redactor,
        )

    def _workshop(self) -> Workshop:
        return Workshop(
            memory_bytes=self.config.limits.picture_memory_mb * MEGABYTE,
            pool=self.environment.pool,
            open_worker=self.environment.open_worker,
        )

    def _small(self, *, is_looked_at: bool) -> SmallPictures:
        makes = is_looked_at and bool(self.config.web.listen)
        return SmallPictures(self.config.state_dir / THUMBNAILS_NAME, makes=makes)

    async def _share(self, journal: Journal, *, is_whole: bool) -> None:
        """Follow what nobody else does; `is_whole` = all of the config, or nothing."""
        taken = await leasing.take(journal, self._wanted)
        if is_whole:
            leasing.require_all(taken)
        self.current.config = leasing.followed(self._wanted, taken)

    def _journal(self) -> Journal:
        """Open the journal; what another machine changed in it is heard as a change here is."""
        loop = asyncio.get_running_loop()

        def heard() -> None:
            with suppress(RuntimeError):  # the loop is closed: nothing hears any more
                loop.call_soon_threadsafe(self._heard)

        return Journal(
            self.config.state_dir,
            self.config.journal.url,
            clock=self.environment.clock,
            random=self.environment.random,
            pool=self.environment.pool,
            failpoint=self.environment.failpoint,
            observe=self.metrics.observe,
            tell=_tell_trouble,
            heard=heard,
            redact=self._redactor.text,
        )

    def _heard(self) -> None:
        self._bell.ring(Ring.CHANGED)
        self._bell.ring(Ring.HEARD)

    @asynccontextmanager
    async def _hearing(self, journal: Journal, callback_key: bytes) -> AsyncIterator[None]:
        """Listen for callbacks, from before anything else is begun until all is drained."""
        stated = self.config.api.webhook_listen
        if not stated:
            yield
            return

        async def hear(token: str, task_id: str) -> None:
            if await journal.run(callbacks.hear, token, task_id):
                self._bell.ring(Ring.HEARD)

        host, port = listen_place(stated)
        opened = listening(
            host,
            port,
            callback_key,
            hear,
            serve=self.environment.serve,
            dropped=lambda: self._bell.ring(Ring.UNHEARD),
        )
        async with opened:
            log.info("callbacks.listening", address=stated)
            yield

    async def _recovered(self, journal: Journal) -> Spool:
        """Clear up after an earlier run, a crash included, and return the swept spool."""
        for job in await journal.run(recovery.recover):
            log.warning("submit.unanswered", **job.log_context(), reason=recovery.INTERRUPTED)
        spool = Spool(self.config.state_dir / SPOOL_NAME)
        spool.sweep(await journal.run(recovery.spooled_files))
        return spool


async def _confined(workshop: Workshop, wanted: Literal["auto", "required"]) -> str | None:
    """Return what workers can do although they must not. Raises NotConfined where it must hold."""
    try:
        found = ", ".join(await workshop.unconfined())
    except WorkerFailed as error:
        found = f"cannot be asked: {error}"
    if found and wanted == "required":
        raise NotConfined(found)
    if found:
        log.warning("workers.unconfined", can=found)
    return found or None


def _tell_trouble(trouble: str) -> None:
    """Log that the journal's disk refuses, and that it serves again; who waits for it is silent."""
    if trouble:
        log.error("journal.unavailable", error=trouble)
    else:
        log.info("journal.available")
