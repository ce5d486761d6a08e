"""What must hold at every moment and at the end, whatever happened."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Final

from hotfolder.domain.states import State, WaitsFor
from tests.simulation.machine import edited
from tests.simulation.pictures import bare, drawn

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from hotfolder.domain.jobs import Job
    from hotfolder.simulator.tasks import Task
    from tests.simulation.people import People
    from tests.simulation.world import World

PROMPT: Final = "Make it a summer day"
LONGEST_WAIT: Final = timedelta(hours=1, minutes=1)
RESTS: Final = frozenset({State.DONE, State.FAILED, State.CANCELLED})
PROMPT_S: Final = 400.0
MOST_READ_BYTES: Final = 1_200_000
MOST_READ_S: Final = 125.0  # that to the paid call may take two minutes
LATE_S: Final = 4 * 3600.0


class Broken(AssertionError):
    """A promise was not kept; the text says which, and by what."""


class Judge:
    """Looks at one world. Raises Broken."""

    def __init__(self, world: World, people: People) -> None:
        self._world = world
        self._people = people
        self._whole: dict[str, str] = {}

    # -- at every moment

    def look(self) -> None:
        """Check what must hold now."""
        trouble = self._world.network.trouble
        if trouble.read_bytes > MOST_READ_BYTES:
            raise Broken(f"{trouble.read_bytes} bytes of one answer were read")
        if trouble.read_s > MOST_READ_S:
            raise Broken(f"one answer was read for {trouble.read_s:.0f} s")
        self._paid_once()
        self._limits()
        self._outputs_whole()

    def _paid_once(self) -> None:
        paid = Counter(self._number(each) for each in self._tasks() if self._is_paid(each))
        for number, times in paid.items():
            allowed = 1 + self._people.words.of[number] + self._people.words.any
            if times > allowed:
                raise Broken(f"picture {number} was paid {times} times, allowed {allowed}")

    def _limits(self) -> None:
        now_s = self._world.clock.true_s()
        live = sum(
            each.answered and each.status(now_s) in {"QUEUED", "RUNNING"} for each in self._tasks()
        )
        if live > self._world.plan.places:
            raise Broken(f"{live} tasks at once, {self._world.plan.places} allowed")
        limit = self._world.plan.daily_charge
        spent = sum(self._world.fates.money(each, now_s) for each in self._tasks())
        if spent > limit + 1e-6 and not self._people.words.of and not self._world.set_clock:
            raise Broken(f"{spent:.2f} spent in a day, {limit:.2f} allowed")

    def _outputs_whole(self) -> None:
        root = os.fspath(self._world.studio.output)
        for folder, _, names in os.walk(root):
            for name in names:
                path = os.path.join(folder, name)  # noqa: PTH118  quick
                if not name.startswith(".") and path not in self._whole:
                    self._whole[path] = self._hash_of(path)

    def _hash_of(self, path: str) -> str:
        with open(path, "rb") as file:  # noqa: PTH123  quick
            found = hashlib.sha256(bare(file.read())).hexdigest()
        if found not in self._edits():
            raise Broken(f"{path} is not a whole edit")
        return found

    # -- at the end

    def judge(self) -> None:
        """Check what must hold when all has come to rest."""
        self.look()
        self._world.forget()
        jobs = self._world.jobs()
        if self._world.loop.errors:
            raise Broken(f"the loop was told: {self._world.loop.errors[0]}")
        held = self._world.held()
        for job in jobs:
            self._ended(job, held)
        if not self._people.done["older journal"]:  # which knows nothing of what came since
            self._all_accepted(jobs)
            self._nothing_lost(jobs)

    def _all_accepted(self, jobs: list[Job]) -> None:
        known = {self._people.numbers.get(job.original.content_hash) for job in jobs}
        for relative, number in self._people.dropped.items():
            if number not in known:
                raise Broken(f"{relative} was never accepted")

    def _ended(self, job: Job, held: Collection[int]) -> None:
        if job.state in RESTS or job.waits_for is not None or job.failure is not None:
            return
        if job.id not in held:
            raise Broken(f"job {job.id} of {job.source} is {job.state} and says nothing")

    def _nothing_lost(self, jobs: list[Job]) -> None:
        there = set(self._whole.values())
        for job in jobs:
            number = self._people.numbers.get(job.original.content_hash)
            if job.state is State.DONE and number is not None and _edit(number) not in there:
                raise Broken(f"job {job.id} of {job.source} is done, but its output is nowhere")
        excused = {
            self._people.numbers.get(job.original.content_hash)
            for job in jobs
            if job.state in {State.IN_DOUBT, State.CANCELLED, State.DONE}
            or job.waits_for is WaitsFor.REVIEW
        }
        now_s = self._world.clock.true_s()
        for task in self._tasks():
            number = self._number(task)
            is_good = self._world.fates.is_good(task, now_s) and number not in excused
            if is_good and task.queries and _edit(number) not in there:
                raise Broken(f"the paid edit of picture {number} was not published")

    def rests(self) -> bool:
        """Whether nothing goes on by itself."""
        held = self._world.held()
        jobs = {job.id: job for job in self._world.jobs()}
        return all(_is_still(job, jobs, held) for job in jobs.values())

    def punctual(self) -> None:
        """Check that nothing waits longer than anything may, and that nothing young is late."""
        now = self._world.journal_time()
        for job in self._world.jobs():
            if job.due_at is not None and job.due_at - now > LONGEST_WAIT:
                raise Broken(f"job {job.id} of {job.source} waits until {job.due_at}, it is {now}")
            is_late = job.failure is not None and job.failure.code == "late"
            if is_late and self._world.loop.time() < LATE_S:
                raise Broken(f"job {job.id} of {job.source} is called late")

    def prompt(self) -> None:
        """Check that no task which ended minutes ago is still waited for, now that all is calm."""
        now_s = self._world.clock.true_s()
        ended = {each.task_id: each.ended_at(now_s) or now_s for each in self._tasks()}
        for job in self._world.jobs():
            task_id = job.submit.task_id if job.submit is not None else None
            late_s = now_s - ended.get(task_id or "", now_s)
            awaited = job.state is State.RUNNING and not job.published  # in part, and asks for more
            if awaited and late_s > PROMPT_S and self._is_fetchable(task_id):
                raise Broken(f"job {job.id} of {job.source} ended {late_s:.0f} s ago, unnoticed")

    def fetched(self) -> None:
        """Check that no result which can be had still waits to be fetched, calm as it is."""
        now_s = self._world.clock.true_s()
        good = {each.task_id for each in self._tasks() if self._world.fates.is_good(each, now_s)}
        for job in self._world.jobs():
            is_there = job.submit is not None and job.submit.task_id in good
            if job.state is State.FINISHED and is_there:
                raise Broken(f"the result of job {job.id} of {job.source} is not fetched")

    def _is_fetchable(self, task_id: str | None) -> bool:
        return self._world.fates.of.get(task_id or "", "") in ("", "bloated", "dead_second_link")

    # -- the truth

    def _tasks(self) -> list[Task]:
        return list(self._world.simulator._tasks)  # noqa: SLF001  the ledger is slower

    def _is_paid(self, task: Task) -> bool:
        return self._world.fates.is_paid(task, self._world.clock.true_s())

    def _number(self, task: Task) -> int:
        return self._people.numbers[task.order.materials[0].sha256] if task.order.materials else -1

    def _edits(self) -> set[str]:
        return {_edit(each) for each in self._people.numbers.values()}


def _is_still(job: Job, jobs: Mapping[int, Job], held: Collection[int]) -> bool:
    if job.state in RESTS or job.state is State.IN_DOUBT:
        return True
    if job.waits_for is not None:
        return job.leader is None or _is_still(jobs[job.leader], jobs, held)
    return job.id in held and job.state in {State.ACCEPTED, State.UPLOADED}


@cache
def _edit(number: int) -> str:
    return hashlib.sha256(edited(drawn(number), PROMPT, 0)).hexdigest()
