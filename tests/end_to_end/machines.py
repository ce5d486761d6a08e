"""Daemons on three machines over one journal, and an hour's worth of trouble in minutes.

    python -m tests.end_to_end.machines --daemons 10 --pictures 2000 --minutes 10 --seed 1

First they work in peace, which shows how near they come to the bound of the account: the number of
its tasks at once, and how long one takes. Then one thing after another happens to them. Printed is
what the service's ledger and the folders tell; the exit code is 1 where a promise was broken.

It needs root for its namespaces, and PostgreSQL's programs. What it began ends with it.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotfolder.simulator import Settings, in_thread
from tests.cluster import FAST, LAID_OUT, Cluster
from tests.end_to_end.house import House
from tests.end_to_end.lookout import Lookout
from tests.end_to_end.mishaps import Mishaps
from tests.end_to_end.network import ADDRESSES, NETWORK, Host, enter
from tests.end_to_end.outcome import Outcome, Paces, Promised, judged, taken
from tests.studio import Studio

if TYPE_CHECKING:
    from collections.abc import Sequence

HOSTS: Final = 3
PLACES_A_DAEMON: Final = 8
WORK_SHARE: Final = 0.9  # of the minutes: what happens shall meet work nearly to the end
DROPPED_BY: Final = 0.7  # of the bound
SPARED: Final = 50  # one of so many pictures waits until the budget is raised
SPREAD: Final = 0.25  # no two edits take equally long
PRICE: Final = Decimal("0.10")
LOOK_S: Final = 1.0
SCAN_S: Final = 5.0  # as of shares, where nobody says otherwise
LIMIT_S: Final = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much there is to do, and for how long things happen; the rest follows from that.

    `places` is the account's limit of tasks at once. `calm` are the pictures that are edited in
    peace, after as many as there are places, by which it is learned how long a task takes.
    """

    daemons: int
    pictures: int
    minutes: float
    seed: int
    places: int
    calm: int

    @property
    def task_s(self) -> float:
        """How long a task takes, so that all of them take most of the minutes."""
        return WORK_SHARE * 60 * self.minutes * self.places / self.pictures

    @property
    def total(self) -> int:
        """The pictures of all phases."""
        return self.places + self.calm + self.pictures

    @property
    def paid(self) -> int:
        """How many of them a day's budget has room for at first."""
        return self.total - max(2, self.pictures // SPARED)

    def bound_s(self, pictures: int) -> float:
        """How long the account itself takes for so many pictures."""
        return pictures * self.task_s / self.places


class Run:
    """One run of a plan, in a house that is not built yet."""

    def __init__(self, plan: Plan, house: House, hosts: Sequence[Host], cluster: Cluster) -> None:
        self._plan = plan
        self._house = house
        self._hosts = hosts
        self._mishaps = Mishaps(house, hosts, cluster, plan.seed, self._drop_due)
        self._dropped = 0
        self._due_s: list[float] = []
        self._began_s = time.monotonic()

    def play(self) -> Outcome:
        """Let all of it happen and return what came of it."""
        plan, house = self._plan, self._house
        self._say(f"{plan}: tasks of {plan.task_s:.1f} s, {plan.bound_s(plan.pictures):.0f} s")
        house.build(plan.daemons, self._hosts)
        outputs = [house.share / f"{name}-out" for name in house.watches]
        with Lookout(outputs, LOOK_S, "*.jpg") as lookout:
            self._drop(plan.places)
            self._until_ended(plan.places)
            calm, calm_in_all = self._in_peace()
            self._say(f"in peace, {calm:.3f} of the bound, {calm_in_all:.3f} in all")
            rough = self._in_trouble()
            self._say(f"in trouble, {rough:.3f} of the bound")
            before = house.studio.ledger()
            house.reconfigure(f"daily_charge = {10 * PRICE * plan.total}")
            self._until_ended(plan.total)
        promised = Promised(pictures=plan.total, places=plan.places, budget=PRICE * plan.paid)
        paces = Paces(calm=calm, calm_in_all=calm_in_all, rough=rough)
        return judged(house, self._mishaps, promised, paces, before, lookout.partial)

    def _in_peace(self) -> tuple[float, float]:
        """Have pictures edited, of which there are always enough; return the account's shares."""
        before = len(self._house.studio.ledger().tasks)
        self._let_come(self._plan.calm, self._plan.bound_s(1))
        self._until_ended(self._plan.places + self._plan.calm)
        tasks = self._house.studio.ledger().tasks[before:]
        return taken(tasks, self._plan.places), self._share_since(before)

    def _in_trouble(self) -> float:
        """Return the same of pictures that come by and by while things happen."""
        before = len(self._house.studio.ledger().tasks)
        plan = self._plan
        self._let_come(plan.pictures, DROPPED_BY * plan.bound_s(1))
        self._mishaps.rage(60 * plan.minutes)
        self._until_ended(plan.paid)
        return self._share_since(before)

    def _share_since(self, before: int) -> float:
        tasks = self._house.studio.ledger().tasks[before:]
        published = [
            each.published_at.timestamp()
            for job in self._house.jobs()
            for each in job.results
            if each.published_at is not None
        ]
        took_s = max(published) - min(task.accepted_at for task in tasks)
        return self._plan.bound_s(len(tasks)) / took_s

    def _until_ended(self, pictures: int) -> None:
        """Drop what comes, and wait until so many pictures are done, or in doubt."""

        def are_ended() -> bool:
            self._drop_due()
            states = self._house.states()
            return sum(states.get(each, 0) for each in ("done", "in_doubt", "failed")) >= pictures

        if not self._mishaps.wait(are_ended, LIMIT_S):
            self._say(f"only {self._house.states()} of {pictures}: {self._house.told()}")

    def _let_come(self, pictures: int, step_s: float) -> None:
        """Have twice as many as there are places dropped at once, and the others by and by."""
        began_s, at_once = time.monotonic(), 2 * self._plan.places
        self._due_s = [began_s + max(0, number - at_once) * step_s for number in range(pictures)]

    def _drop_due(self) -> None:
        """Drop what is due by now."""
        now_s = time.monotonic()
        count = sum(due_s <= now_s for due_s in self._due_s)
        self._due_s = self._due_s[count:]
        self._drop(count)

    def _drop(self, count: int) -> None:
        self._house.drop(count, self._dropped)
        self._dropped += count

    def _say(self, what: str) -> None:
        print(f"{time.monotonic() - self._began_s:6.0f} s  {what}", flush=True)  # noqa: T201


def run(plan: Plan) -> Outcome:
    """Play a plan on machines of their own."""
    settings = Settings(
        task_s=plan.task_s,
        task_spread=SPREAD,
        webhook_network=NETWORK,
        seed=plan.seed,
        concurrent_limit=plan.places,
        price=PRICE,
        balance=100 * PRICE * plan.total,
    )
    cluster = Cluster(f"{FAST} -c listen_addresses={ADDRESSES['database']}", NETWORK)
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory()))
        closing.callback(cluster.end)
        read_url = cluster.database()
        server = closing.enter_context(in_thread(settings, host=ADDRESSES["service"]))
        hosts = [closing.enter_context(Host(f"m{number}", number)) for number in range(HOSTS)]
        house = House(
            Studio(folder, server),
            f"postgresql://hotfolder@{ADDRESSES['database']}/{LAID_OUT}",
            plan.places,
            read_url=read_url,
            scan_s=SCAN_S,
            limits=f"daily_charge = {PRICE * plan.paid}",
        )
        with house:
            return Run(plan, house, hosts, cluster).play()


def main(arguments: Sequence[str]) -> int:
    """Play what the arguments say and print what came of it; return 1 for a broken promise."""
    parser = argparse.ArgumentParser(prog="python -m tests.end_to_end.machines")
    parser.add_argument("--daemons", type=int, default=10)
    parser.add_argument("--pictures", type=int, default=2000, help="while things happen")
    parser.add_argument("--minutes", type=float, default=10.0, help="for which things happen")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--places", type=int, help="the limit of tasks at once")
    parser.add_argument("--calm", type=int, help="pictures that are edited in peace before")
    wanted = parser.parse_args(arguments)
    plan = Plan(
        daemons=wanted.daemons,
        pictures=wanted.pictures,
        minutes=wanted.minutes,
        seed=wanted.seed,
        places=wanted.places or PLACES_A_DAEMON * wanted.daemons,
        calm=wanted.calm or wanted.pictures // 4,
    )
    began_s = time.monotonic()
    outcome = run(plan)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(outcome)  # noqa: T201
    print(f"seconds: {time.monotonic() - began_s:.0f}, CPU {used.ru_utime + used.ru_stime:.0f}")  # noqa: T201
    return int(bool(outcome.broken))


if __name__ == "__main__":
    enter("tests.end_to_end.machines")
    sys.exit(main(sys.argv[1:]))
