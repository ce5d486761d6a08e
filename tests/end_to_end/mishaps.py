"""What happens to machines, by chance from a seed: an hour's worth of it in minutes."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hotfolder.domain.errors import HotfolderError
from tests.end_to_end.house import LOOK_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.cluster import Cluster
    from tests.end_to_end.house import House, Machine
    from tests.end_to_end.network import Host

TAKEN_OVER_BY_S: Final = 60.0
BACK_BY_S: Final = 60.0
STARTED_ANEW_S: Final = 1.0  # as a service that ended is


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeover:
    """Watches that were left behind, and the seconds until all were followed; None = never."""

    what: str
    watches: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class _Trouble:
    """What befell a host besides, and what ends it at which time."""

    host: Host
    until_s: float
    end: Callable[[], None]


class Mishaps:
    """Lets things happen to the daemons of a house, on `hosts` in turn, and to their database.

    `tend` is called all the time meanwhile. `takeovers` are those that were waited for, `happened`
    is what did, `fell` how often a daemon ended by itself and was started anew.
    """

    def __init__(
        self,
        house: House,
        hosts: Sequence[Host],
        cluster: Cluster,
        seed: int,
        tend: Callable[[], None],
    ) -> None:
        self._house = house
        self._hosts = hosts
        self._cluster = cluster
        self._chance = random.Random(seed)  # noqa: S311  (no secrets)
        self._tend = tend
        self._down: list[Machine] = []
        self._ended_s: dict[int, float] = {}
        self._troubles: list[_Trouble] = []
        self.takeovers: list[Takeover] = []
        self.happened: Counter[str] = Counter()
        self.fell = 0
        self.stayed_away = 0

    def rage(self, seconds: float) -> None:
        """Let one thing after another happen for so many seconds, and then all be well again."""
        until_s = time.monotonic() + seconds
        ways = self._ways()
        while time.monotonic() < until_s:
            name = self._chance.choices(list(ways), [share for share, _ in ways.values()])[0]
            self.happened[name] += 1
            ways[name][1]()
            self._until_all_are_back()
        for each in self._troubles:
            each.end()
        self._troubles.clear()
        self._until_all_are_back()

    def wait(self, condition: Callable[[], object], limit_s: float) -> bool:
        """Wait for a condition while daemons that fall are started; returns whether it came."""
        until_s = time.monotonic() + limit_s
        while True:
            self._look_after()
            with suppress(HotfolderError, OSError):
                if condition():
                    return True
            if time.monotonic() > until_s:
                return False
            time.sleep(LOOK_S)

    def _ways(self) -> Mapping[str, tuple[int, Callable[[], None]]]:
        """Return what may happen, and how often beside the others."""
        return {
            "killed": (3, lambda: self._killed(self._one())),
            "power cut": (2, lambda: self._killed(self._all_on(self._free_host()))),
            "hung": (3, lambda: self._hung(self._one())),
            "suspended": (2, lambda: self._hung(self._all_on(self._free_host()))),
            "cut off from the database": (3, self._cut_off),
            "ended in order": (1, self._ended_in_order),
            "killed and started at once": (2, self._crashed),
            "database restarted": (3, self._database_restarted),
            "hung for a moment": (2, self._hung_for_a_moment),
            "database away for a moment": (2, self._database_away_for_a_moment),
            "cut off from the service": (3, self._service_away),
            "cut off from the share": (2, lambda: self._share_away(hangs=False)),
            "share hangs": (1, lambda: self._share_away(hangs=True)),
        }

    # -- what leaves watches behind

    def _killed(self, group: Sequence[Machine]) -> None:
        left = self._followed_by(group)
        self._down += group
        for each in group:
            each.kill()
        self._measure("killed", left)
        self._pause(0, 6)
        self._start(group)

    def _hung(self, group: Sequence[Machine]) -> None:
        left = self._followed_by(group)
        for each in group:
            each.signal(signal.SIGSTOP)
        self._measure("hung", left)
        self._pause(0, 6)
        for each in group:
            each.signal(signal.SIGCONT)

    def _cut_off(self) -> None:
        host = self._free_host()
        left = self._followed_by(self._all_on(host))
        host.cut("database")
        self._measure("cut off", left)
        self._pause(0, 6)
        host.mend("database")

    def _ended_in_order(self) -> None:
        group = self._one()
        left = self._followed_by(group)
        self._down += group
        for each in group:
            each.signal(signal.SIGTERM)
        self._measure("ended in order", left)
        for each in group:
            each.end()
        self._start(group)

    # -- what does not, or not always

    def _crashed(self) -> None:
        for each in self._one():
            each.kill()
            each.start()
        self._pause(1, 5)

    def _database_restarted(self) -> None:
        folder = self._cluster.folder
        self._cluster.control(folder, "stop", "-m", self._chance.choice(["immediate", "fast"]))
        self._pause(0, 6)
        self._cluster.control(folder, "start")
        self._pause(1, 5)

    def _hung_for_a_moment(self) -> None:
        group = self._one()
        for each in group:
            each.signal(signal.SIGSTOP)
        self._pause(1, 9)
        for each in group:
            each.signal(signal.SIGCONT)

    def _database_away_for_a_moment(self) -> None:
        host = self._free_host()
        host.cut("database")
        self._besides(host, lambda: host.mend("database"), 1, 9)

    def _service_away(self) -> None:
        host = self._free_host()
        host.cut("service")
        self._besides(host, lambda: host.mend("service"), 5, 40)

    def _share_away(self, *, hangs: bool) -> None:
        host = self._free_host()
        host.put_away(self._house.share, hangs=hangs)
        self._besides(host, lambda: host.bring_back(self._house.share), 5, 30)

    def _besides(
        self, host: Host, end: Callable[[], None], least_s: float, longest_s: float
    ) -> None:
        """Let a trouble go on beside what happens next."""
        until_s = time.monotonic() + self._chance.uniform(least_s, longest_s)
        self._troubles.append(_Trouble(host, until_s, end))
        self._pause(1, 5)

    # -- whom it befalls

    def _one(self) -> list[Machine]:
        """Return a daemon, most of the time one that follows something."""
        machines = self._house.machines
        busy = [each for each in machines if self._followed_by([each])]
        return [self._chance.choice(busy if busy and self._chance.random() < 0.8 else machines)]

    def _free_host(self) -> Host:
        """Return a host without trouble, and be it by ending that of another."""
        troubled = {each.host.name for each in self._troubles}
        free = [each for each in self._hosts if each.name not in troubled]
        if len(free) < 2:
            first = self._troubles.pop(0)
            first.end()
            free.append(first.host)
        return self._chance.choice(free)

    def _all_on(self, host: Host) -> list[Machine]:
        return self._house.machines[self._hosts.index(host) :: len(self._hosts)]

    def _followed_by(self, group: Sequence[Machine]) -> dict[str, str]:
        """Return the watches that some daemons follow, and from which seats."""
        ids = {each.place for each in group}
        try:
            found = self._house.followers()
        except (HotfolderError, OSError):
            return {}
        return {watch: place for watch, place in found.items() if place.split()[0] in ids}

    # -- waiting

    def _measure(self, what: str, left: Mapping[str, str]) -> None:
        """Wait until others follow what was left behind."""
        began_s = time.monotonic()
        seats = {None, *left.values()}

        def is_taken() -> bool:
            found = self._house.followers()
            return not any(found.get(watch) in seats for watch in left)

        is_over = self.wait(is_taken, TAKEN_OVER_BY_S)
        if left:
            seconds = time.monotonic() - began_s if is_over else None
            self.takeovers.append(Takeover(what=what, watches=len(left), seconds=seconds))

    def _until_all_are_back(self) -> None:
        count = len(self._house.machines)
        self.stayed_away += not self.wait(lambda: self._house.are_there(count), BACK_BY_S)

    def _pause(self, least_s: float, longest_s: float) -> None:
        self.wait(lambda: False, self._chance.uniform(least_s, longest_s))

    def _look_after(self) -> None:
        self._tend()
        now_s = time.monotonic()
        for each in [trouble for trouble in self._troubles if trouble.until_s <= now_s]:
            self._troubles.remove(each)
            each.end()
        for number, machine in enumerate(self._house.machines):
            if not machine.over or machine in self._down:
                self._ended_s.pop(number, None)
            elif now_s - self._ended_s.setdefault(number, now_s) >= STARTED_ANEW_S:
                self.fell += 1
                machine.start()

    def _start(self, group: Sequence[Machine]) -> None:
        for each in group:
            each.start()
        self._down.clear()
