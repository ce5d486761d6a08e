"""The people of a studio, and its weather: what is done to pictures, jobs and clocks, by seed."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from hotfolder.domain.states import State, WaitsFor
from hotfolder.simulator import Fault
from tests.end_to_end.storm import WAYS
from tests.simulation.pictures import drawn, rated

if TYPE_CHECKING:
    from hotfolder.domain.jobs import Job
    from tests.simulation.world import World

HOUR_S: Final = 3600.0
POINTS: Final = (
    *("commit.before", "commit.after", "submit.sending", "submit.answered", "mark.before"),
    *("mark.after", "publish.before", "publish.after", "download.answered"),
)
SLOWER: Final = {"timeout_before": 130.0, "timeout_after": 130.0, "slow": 40.0}


@dataclass(slots=True)
class Words:
    """What people allowed to be paid again: how often for each picture, `any` for all of them."""

    of: Counter[int]
    any: int = 0


class People:
    """Everybody who does something to one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.words = Words(Counter())
        self.dropped: dict[str, int] = {}
        self.numbers: dict[str, int] = {}  # by the hash of the content
        self.done: Counter[str] = Counter()
        self._chance = world.chance
        self._next = 0
        self._former: list[dict[str, object]] = []
        self._older: dict[str, bytes] | None = None

    # -- pictures

    async def drop_all(self, pictures: int, within_s: float) -> None:
        """Drop so many pictures, some together, some touched again later."""
        while self._next < pictures:
            for _ in range(self._chance.choice((1, 1, 2, 5, 12))):
                if self._next < pictures:
                    self._drop()
            await asyncio.sleep(self._chance.expovariate(pictures / within_s / 4))
            if self._chance.random() < 0.25:
                self._touch()

    def _drop(self) -> None:
        number, self._next = self._next, self._next + 1
        folder = self._chance.choice(("", "", "", "a/", "a/b/"))
        self._write(f"{folder}p{number:04}.jpg", number)
        if self._chance.random() < 0.03:
            self._write(f"again/p{number:04}.jpg", number)

    def _write(self, relative: str, number: int) -> None:
        self.dropped[relative] = number
        self._put(relative, drawn(number))

    def _put(self, relative: str, content: bytes) -> None:
        """Write a file as a program does that replaces it at once."""
        path = self.world.studio.input / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(".part")
        part.write_bytes(content)
        part.rename(path)
        self.numbers[hashlib.sha256(content).hexdigest()] = self.dropped[relative]
        now_ns = int(self.world.clock().timestamp() * 1e9)
        os.utime(path, ns=(now_ns, now_ns))
        self._hint(relative)

    def _hint(self, relative: str) -> None:
        if self._chance.random() < 0.9:  # an event may be lost
            self.world.ears.hint(self.world.studio.input, relative)

    def _touch(self) -> None:
        """Rename, overwrite or delete one of the pictures that stand there."""
        relative = self._chance.choice(sorted(self.dropped))
        path = self.world.studio.input / relative
        what = self._chance.choice(("rename", "overwrite", "delete", "rate", "rate"))
        self.done[what] += 1
        match what:
            case "rename":
                new = f"a/r{len(self.done)}-{self.done[what]}-{path.name}"
                (self.world.studio.input / "a").mkdir(exist_ok=True)
                path.rename(self.world.studio.input / new)
                self.dropped[new] = self.dropped.pop(relative)
                self._hint(new)
            case "overwrite":
                self._write(relative, 40_000 + self.done[what])
            case "rate":
                self._put(relative, rated(path.read_bytes(), self.done[what]))
            case "delete":
                path.unlink()
                del self.dropped[relative]
        self._hint(relative)

    # -- the service's weather

    def storm(self, share: float) -> None:
        """Break about this share of the answers to each call, in all its ways."""
        self.world.simulator.clear_faults()
        self.world.fates.share = share
        self.world.network.trouble.refused = share / 2
        self.world.network.trouble.dripped = share / 4
        for call, ways in WAYS.items():
            each_share = 1 - (1 - share) ** (1 / len(ways))
            for way in ways:
                fault = Fault(call=call, probability=each_share, **way)  # type: ignore[arg-type]
                seconds = SLOWER.get(fault.kind)
                self.world.simulator.add_fault(
                    replace(fault, seconds=seconds) if seconds else fault
                )
        for code in ("1015", "1501", "1505"):
            self.world.simulator.add_fault(
                Fault(call="submit", kind="fail_task", code=code, probability=share / 3)
            )

    def calm(self) -> None:
        """End all faults of the service and the network."""
        self._former += self.world.simulator.faults()
        self.world.simulator.clear_faults()
        self.world.fates.share = 0.0
        self.world.network.trouble.refused = self.world.network.trouble.dripped = 0.0

    def fired(self) -> list[dict[str, object]]:
        """Return the faults so far, with how often each has fired."""
        return [*self._former, *self.world.simulator.faults()]

    # -- operators

    async def operate(self, every_s: float) -> None:
        """Do what operators do, now and then, without end."""
        while True:
            await asyncio.sleep(self._chance.expovariate(1 / every_s))
            await self._one_wish()

    async def _one_wish(self) -> None:
        jobs = self.world.jobs()
        if not jobs:
            return
        job = self._chance.choice(jobs)
        state, number, name = job.state, job.id, self._chance.random()
        source = self.numbers.get(job.original.content_hash, -1)
        if state == "failed":
            again = name < 0.3
            self.words.of[source] += again
            await self._ask("retry", jobs=[number], pay_again=again)
        elif state == "in_doubt":
            self.words.of[source] += 1  # a doubt that is given up is paid for by who waited for it
            what = "resend" if name < 0.5 else "abandon"
            await self._ask("resolve", job=number, **{what: True})
        elif name < 0.1:
            self.words.of[source] += state == "running"  # as for a doubt
            await self._ask("cancel", jobs=[number])
        elif name < 0.3:
            await self._ask("pause")
            await asyncio.sleep(self._chance.uniform(1, 30))
            await self._ask("resume")
        elif name < 0.5:
            await self._ask("resume")
        elif name < 0.6 and self.world.runs:
            self.done["reload"] += 1
            self.world.reload.set()

    async def review(self, every_s: float) -> None:
        """Decide on results now and then, and take some decisions back, without end."""
        while True:
            await asyncio.sleep(self._chance.expovariate(1 / every_s))
            waiting = [each for each in self.world.jobs() if each.state is State.FETCHED]
            if waiting:
                await self._decide(self._chance.choice(waiting))

    async def _decide(self, job: Job) -> None:
        what = self._chance.choice(("approve", "approve", "reject", "redo", "undo"))
        if what == "redo":
            self.words.of[self.numbers.get(job.original.content_hash, -1)] += 1
        await self._ask(what, jobs=[job.id], by="ann")

    async def approve_half(self, every_s: float) -> None:
        """Approve about half of what waits for a decision, without end; the rest waits for ever."""
        while True:
            for job in self.world.jobs():
                if job.waits_for is WaitsFor.REVIEW and job.id % 2:
                    await self._ask("approve", jobs=[job.id], by="ann")
            await asyncio.sleep(every_s)

    async def _ask(self, action: str, **wish: object) -> None:
        self.done[action] += 1
        await self.world.act(action, **wish)

    # -- the machine

    async def set_clocks(self, every_s: float) -> None:
        """Set the wall clock now and then, without end."""
        while True:
            await asyncio.sleep(self._chance.expovariate(1 / every_s))
            self.done["clock"] += 1
            self.world.clock.set_by(self._chance.choice((-7200, -3600, -90, 60, 1800, 5 * 3600)))

    async def kill(self, lives: int) -> None:
        """Kill the daemon that often, at any await or at a point of danger, and start it again."""
        for _ in range(lives):
            if self._chance.random() < 0.5:
                self.world.kill_in = int(self._chance.expovariate(1 / 2500)) + 20
            else:
                await asyncio.sleep(self._chance.uniform(0.0, 20.0))
                self.world.kill_at = self._chance.choice(POINTS)
            for _ in range(600):
                if not self.world.runs:
                    break
                await asyncio.sleep(0.1)
            self.world.kill()
            await asyncio.sleep(self._chance.uniform(0.0, 3.0))
            self.world.start()

    async def meddle(self, after_s: float) -> None:
        """Do to the state folder, some time later, what nobody should."""
        await asyncio.sleep(after_s)
        meddling = self._chance.choice((self._put_older_back, self._take_away, self._start_second))
        await meddling(after_s)

    async def _start_second(self, _after_s: float) -> None:
        """Remove what may be a lock, and start a second daemon on the journal."""
        self.done["second daemon"] += 1
        (self.world.studio.state / "journal.lock").unlink(missing_ok=True)
        await self.world.begun()
        if await self.world.second_runs():
            raise AssertionError("a second daemon runs on one journal")

    async def _take_away(self, _after_s: float) -> None:
        """Rename or delete the journal in use; what the daemon saves as it ends is put back."""
        await self.world.begun()
        self.done["journal taken away"] += 1
        state = self.world.studio.state
        away = state / "journal.elsewhere"
        (state / "journal.db").rename(away)
        if self._chance.random() < 0.5:
            away.unlink()
        if not await self.world.ended():
            raise AssertionError("a daemon goes on with a journal that was taken away")
        max(state.glob("journal.db.saved-*"), default=away).rename(state / "journal.db")
        for each in ("journal.db-wal", "journal.db-shm"):
            (state / each).unlink(missing_ok=True)
        self.world.start()

    async def _put_older_back(self, after_s: float) -> None:
        """Kill the daemon and put its state of some time ago in the place of the present one."""
        self.world.kill()
        await asyncio.sleep(0.1)
        self._keep_journal()
        self.world.start()
        await asyncio.sleep(self._chance.uniform(5.0, after_s + 5.0))
        self.world.kill()
        await asyncio.sleep(0.1)
        self._put_journal_back()
        self.world.start()

    def _keep_journal(self) -> None:
        """Keep a copy of the state folder, as a backup of the whole machine would."""
        self._older = {
            each.name: each.read_bytes()
            for each in self.world.studio.state.iterdir()
            if each.is_file() and each.suffix != ".sock"
        }

    def _put_journal_back(self) -> None:
        """Put the older state folder in the place of the newer one; no daemon runs."""
        if self._older is None:
            return
        self.done["older journal"] += 1
        shutil.rmtree(self.world.studio.state)
        self.world.studio.state.mkdir(mode=0o700)
        for name, content in self._older.items():
            (self.world.studio.state / name).write_bytes(content)
