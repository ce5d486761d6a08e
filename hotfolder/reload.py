"""Reading the config again while the service runs: what may change, and what is kept.

A config that cannot be taken over changes nothing: the last good one stays in force, and log
and status say so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import structlog
from pydantic import BaseModel

from hotfolder import config
from hotfolder.config import Config, ConfigError
from hotfolder.domain.errors import HotfolderError, JournalUnavailable
from hotfolder.domain.retry import JOURNAL_WAIT_S
from hotfolder.domain.states import OPEN
from hotfolder.journal import reading
from hotfolder.journal.configs import InForce, keep
from hotfolder.journal.journal import Journal
from hotfolder.supervision import Supervisor

Reread = Callable[[], Config]

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.reload")


class ReloadRefused(HotfolderError):
    """A config that is right in itself but cannot be taken over now."""


@dataclass(frozen=True, slots=True)
class Change:
    """The config to put into force, and the keys of the new one that wait for a restart."""

    config: Config
    needs_restart: tuple[str, ...]


def change(present: Config, wanted: Config, *, open_jobs: int) -> Change:
    """Return what of a new config may be put into force.

    Raises ReloadRefused for another service while jobs are open: they are known to the present
    one only.
    """
    if wanted.api.base_url != present.api.base_url and open_jobs:
        raise ReloadRefused(
            f"api.base_url: cannot change while {open_jobs} jobs are open at "
            f"{present.api.base_url}; let them end, then restart"
        )
    fixed = {key: getattr(present, key) for key in config.NEEDS_RESTART}
    differing = tuple(
        each for key in config.NEEDS_RESTART for each in _differing(key, present, wanted)
    )
    return Change(wanted.model_copy(update=fixed), differing)


def _differing(key: str, present: BaseModel, wanted: BaseModel) -> Iterator[str]:
    """Yield the key paths of what differs between two sections."""
    before, after = (getattr(each, key.rpartition(".")[2]) for each in (present, wanted))
    if isinstance(before, BaseModel) and isinstance(after, BaseModel):
        for below in type(before).model_fields:
            yield from _differing(f"{key}.{below}", before, after)
    elif before != after:
        yield key


class Reloading:
    """Reads the config again at every wish.

    `reread` returns it or raises ConfigError, and blocks; `put` puts one into force and may be
    called again with the same.
    """

    def __init__(
        self,
        journal: Journal,
        present: Config,
        *,
        reread: Reread,
        put: Callable[[Config], Awaitable[None]],
        supervisor: Supervisor,
    ) -> None:
        self._journal = journal
        self._present = present
        self._reread = reread
        self._put = put
        self._supervisor = supervisor

    async def begin(self) -> None:
        """Say which config is in force at the start."""
        await self._keep()

    async def run(self, wished: asyncio.Event) -> None:
        """Wait for wishes without end."""
        while True:
            await wished.wait()
            wished.clear()
            self._supervisor.reloading()
            try:
                await self._reload()
            except JournalUnavailable:
                await asyncio.sleep(JOURNAL_WAIT_S)
                wished.set()
            self._supervisor.ready()

    async def _reload(self) -> None:
        try:
            wanted = await asyncio.to_thread(self._reread)
            counts = await self._journal.run(reading.state_counts)
            open_jobs = sum(counts[state] for state in OPEN)
            found = change(self._present, wanted, open_jobs=open_jobs)
        except (ConfigError, ReloadRefused) as error:
            said = " ".join(str(error).split())
            log.error("config.refused", error=said)  # noqa: TRY400  expected
            await self._keep(problem=str(error))
            return
        await self._put(found.config)
        self._present = found.config
        await self._keep(needs_restart=found.needs_restart)
        log.info("config.reloaded", needs_restart=found.needs_restart)

    async def _keep(
        self, *, problem: str | None = None, needs_restart: tuple[str, ...] = ()
    ) -> None:
        in_force = InForce(
            config=config.written(self._present),
            problem=problem,
            needs_restart=needs_restart,
            fingerprint=self._present.fingerprint,
        )
        await self._journal.run(keep, in_force)
