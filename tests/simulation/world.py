"""One studio in virtual time: its daemon's lives, its service, and the traces that both leave."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from hotfolder.domain.errors import HotfolderError, JournalLocked, JournalReplaced
from hotfolder.domain.retry import PollSchedule
from hotfolder.journal import holds, reading
from hotfolder.journal.journal import Journal
from hotfolder.simulator import Settings, Simulator
from hotfolder.simulator.app import create_app
from hotfolder.simulator.webhooks import Webhooks
from hotfolder.watching.learning import LOOK_S as LEARN_EVERY_S
from tests.simulation.loop import LIFE, Killed, VirtualLoop, VirtualThreads, chances
from tests.simulation.machine import Ears, InlineWorker, Results, VirtualClock
from tests.simulation.network import Network
from tests.simulation.service import SITE, Fates
from tests.studio import RULE, Studio

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from hotfolder.composition import Parts
    from hotfolder.domain.jobs import Job
    from hotfolder.journal.session import Session

CALLBACKS_LOOK_S: Final = 1.0


@dataclass(slots=True)
class _Known:
    """What was read of a journal; what has ended, and has no newer event, is as it was then."""

    place: object = None
    changes: object = None
    event: int = 0
    jobs: dict[int, Job] = field(default_factory=dict)
    held: frozenset[int] = frozenset()

    def read(self, session: Session) -> None:
        """Read what was touched since the last time, and what is held."""
        touched = reading.touched_since(session, self.event)
        self.event = reading.newest_event(session)
        self.jobs |= {job.id: job for job in touched}
        self.held = frozenset(holds.held_jobs(session))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one seed's world is like; drawn from the seed."""

    seed: int
    pictures: int
    callbacks: bool
    detect: str
    task_s: float
    places: int
    daily_charge: float
    review: bool


class World:
    """The studio `plan` describes, in a folder of its own."""

    def __init__(self, plan: Plan, folder: Path, loop: VirtualLoop) -> None:
        self.plan = plan
        self.loop = loop
        self.chance = Random(f"{plan.seed}/people")  # noqa: S311  (no secrets)
        self._machine = Random(f"{plan.seed}/machine")  # noqa: S311
        self.clock = VirtualClock(loop)
        self.simulator = Simulator(
            Settings(
                seed=plan.seed,
                task_s=plan.task_s,
                concurrent_limit=plan.places,
                webhook_retry_s=20.0,
            ),
            clock=self.clock.true_s,
            results=Results(),  # type: ignore[arg-type]  # as far as it is used
        )
        self.fates = Fates(self.simulator, Random(f"{plan.seed}/fates"), self.clock.true_s)  # noqa: S311
        outside = copy_context()
        self.network = Network(Random(f"{plan.seed}/network"), outside, self.fates.bend)  # noqa: S311
        self.network.service = create_app(self.simulator, asyncio.Event(), SITE)
        self.ears = Ears(loop)
        self.studio = self._studio(folder)
        self.kills = 0
        self.life = 0
        self.kill_in: int | None = None
        self.kill_at = ""
        self._task: asyncio.Task[None] | None = None
        self._pools: list[VirtualThreads] = []
        self._graves: list[object] = []
        self._journals: list[VirtualThreads] = []
        self._known = _Known()
        loop.on_step = self._step

    def _studio(self, folder: Path) -> Studio:
        server: Any = SimpleNamespace(simulator=self.simulator, base_url=f"{SITE}/openapi/v2")
        studio = Studio(folder, server)
        studio.clock = self.clock  # type: ignore[assignment]
        studio.edge(
            clock=self.clock,
            jitter=self._machine.random,
            random=self._machine.randbytes,
            failpoint=self._failpoint,
            listen=self.ears.listen,
            pool=self._pool,
            open_worker=InlineWorker,
            schedule=PollSchedule(),
            learn_every_s=LEARN_EVERY_S,
            transport=self.network,
            serve=self.network.serve,
        )
        review = str(self.plan.review).lower()
        studio.configure(
            rules=[RULE],
            watch=f'settle = 0.5\ndetect = "{self.plan.detect}"\nreview = {review}',
            limits=f"daily_charge = {self.plan.daily_charge}\nconcurrency = {self.plan.places}",
            callbacks=self.plan.callbacks,
        )
        return studio

    def _pool(self, at_once: int, name: str) -> VirtualThreads:
        usual_s = 0.002 if name == "journal" else 0.004
        rare = 0.0 if name == "journal" else 0.002
        delay_s = chances(self._machine, usual_s=usual_s, rare=rare, long_s=12.0)
        pool = VirtualThreads(self.loop, delay_s, at_once, name)
        self._pools.append(pool)
        if name == "journal":
            self._journals.append(pool)
        return pool

    # -- the daemon's lives

    @property
    def set_clock(self) -> bool:
        """Whether the wall clock was ever set, so that a day is no day."""
        return self.clock.is_set

    @property
    def parts(self) -> Parts | None:
        """The parts of the daemon that runs now, None while there is none."""
        return self.studio.parts if self._task is not None else None

    def start(self) -> None:
        """Begin a life of the daemon."""
        self.life += 1
        context = copy_context()
        context.run(LIFE.set, self.life)
        self._stop, self.reload = asyncio.Event(), asyncio.Event()
        service = self.studio.service()
        self._task = asyncio.Task(service.run(self._stop, self.reload), context=context)

    async def stop(self) -> None:
        """End this life in order, if it lasts that long."""
        self._stop.set()
        task = self._task
        while task is not None and task is self._task and not task.done():  # noqa: ASYNC110  a killed one never is
            await asyncio.sleep(0.2)
        if task is self._task and task is not None:
            self._task = None
            task.result()
            self._pools.clear()

    async def begun(self) -> None:
        """Wait until a daemon works."""
        while self.parts is None:  # noqa: ASYNC110  killed or not, it is looked at
            await asyncio.sleep(0.5)

    async def ended(self) -> bool:
        """Wait until this life has ended by itself, as long as it may take; return whether it has.

        The daemon sees that its journal is gone at its next write; then a drain has its grace.
        """
        for _ in range(80):
            if self._task is None or self._task.done():
                break
            await asyncio.sleep(0.5)
        else:
            return False
        if self._task is not None:
            with suppress(JournalReplaced):
                self._task.result()
            self._task = None
            self._pools.clear()
        return True

    async def second_runs(self) -> bool:
        """Return whether a second daemon runs beside this one."""
        first = self.studio.newest_service
        second = asyncio.create_task(self.studio.service().run(asyncio.Event()))
        self.studio.newest_service = first
        await asyncio.wait({second}, timeout=60.0)
        return not second.done() or not isinstance(second.exception(), JournalLocked)

    def kill(self) -> None:
        """End this life now, wherever it is."""
        if self._task is None:
            return
        self.kills += 1
        self.loop.kill(self.life)
        self._graves += [self._task, *self._pools, *asyncio.all_tasks(self.loop)]
        self._task = None
        self.kill_in, self.kill_at = None, ""
        self.network.close_ports()
        self.loop.call_soon(partial(_close, list(self._pools)), context=self._outside())
        self._pools.clear()

    def _outside(self) -> Any:  # noqa: ANN401  a context
        context = copy_context()
        context.run(LIFE.set, 0)
        return context

    @property
    def runs(self) -> bool:
        """Whether a daemon runs; raises what it died of, but for a journal that was taken away."""
        if self._task is None:
            return False
        if self._task.done():
            with suppress(JournalReplaced):
                self._task.result()
        return not self._task.done()

    def _step(self) -> None:
        if self.kill_in is not None and self._task is not None:
            self.kill_in -= 1
            if self.kill_in <= 0:
                self.kill()

    def _failpoint(self, name: str) -> None:
        if self.kill_at == name and LIFE.get() == self.life:
            self.kill()
            raise Killed

    async def act(self, action: str, **wish: Any) -> list[str]:  # noqa: ANN401  a wish's fields
        """Grant an operator's wish, by the running daemon; errors are answers, too."""
        parts = self.parts
        if parts is None:
            return []
        context = copy_context()
        context.run(LIFE.set, self.life)
        granting = asyncio.Task(parts.control.grant(action, wish), context=context)
        life = self.life
        while not granting.done():
            if self.life != life or self._task is None:
                self._graves.append(granting)
                return []
            await asyncio.sleep(0.05)
        try:
            return granting.result()
        except HotfolderError as error:
            return [str(error)]

    def journal_time(self) -> datetime:
        """Return the journal's time, which follows the wall clock's at its turns."""
        return self.parts.journal.clock() if self.parts is not None else self.clock()

    def jobs(self) -> list[Job]:
        """Return all jobs as the journal has them now."""
        return list(self._read().jobs.values())

    def held(self) -> frozenset[int]:
        """Return the ids of the jobs that are held now."""
        return self._read().held

    def forget(self) -> None:
        """Read all of the journal anew the next time."""
        self._known = _Known()

    def _read(self) -> _Known:
        """Read of the journal what may have changed in it."""
        place, changes = self._journal_place(), [_changes(each.owner) for each in self._journals]
        if self._known.place != place:
            self._known = _Known(place)
        if self._known.changes != changes:
            self._known.changes = changes
            with suppress(FileNotFoundError, HotfolderError):  # just being made
                self.studio.read(self._known.read)
        return self._known

    def _journal_place(self) -> object:
        """Return what differs as soon as the journal may be another one."""
        path = self.studio.state / "journal.db"
        return path.stat().st_ino if path.exists() else None, self.life, self.kills

    async def callbacks(self) -> None:
        """Send the service's callbacks, without end."""
        await Webhooks(self.simulator, SITE, self.network.post, CALLBACKS_LOOK_S).run()


def _changes(journal: object) -> int:
    """Return how many rows a journal has changed so far, -1 once it is closed, or none yet."""
    if not isinstance(journal, Journal) or journal._closed:  # noqa: SLF001
        return -1
    return journal._connection.total_changes  # noqa: SLF001


def _close(pools: list[VirtualThreads]) -> None:
    """Give back what the kernel takes from a process that was killed."""
    for each in pools:
        journal = each.owner
        if isinstance(journal, Journal) and not journal._closed:  # noqa: SLF001
            journal._closed = True  # noqa: SLF001
            journal._connection.close()  # noqa: SLF001
            journal._lock.close()  # noqa: SLF001
