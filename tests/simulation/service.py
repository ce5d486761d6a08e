"""What the simulated service does with money beyond its own faults, task by task, by seed.

success_then_failed  told as succeeded and charged, its links are dead, then FAILED without usage
coins, unreadable    fails, and was charged in coins, or by an amount that cannot be read
late_charge          fails, and the charge is filled in only after a while
dead_first_link      the first answer names a host that there is not, or its link is none
dead_second_link     beside the good result stands one whose link is dead
bloated              the answer is padded to many times the size of any
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from hotfolder.simulator.tasks import RESULT_PATH
from tests.simulation.network import parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from hotfolder.simulator import Simulator
    from hotfolder.simulator.tasks import Task

PASSING: Final = "1015"
# What has a good result that is to be published, whatever else is odd.
GOOD: Final = frozenset({"", "dead_first_link", "dead_second_link", "bloated"})
CHARGED: Final = frozenset({"success_then_failed", "coins", "unreadable", "late_charge"})
# That of a link that cannot be used is as likely as any three others.
FATES: Final = (*sorted(CHARGED), *3 * ("dead_first_link",), "dead_second_link", "bloated")
FILLED_IN_AFTER_S: Final = 8.0
BLOAT_BYTES: Final = 4_000_000
SITE: Final = "http://127.0.0.1:1"
# Hosts that there are not, and a link that is none.
DEAD_LINKS: Final = ("http://nowhere.invalid/result.jpg", "http://127.0.0.1:1/\0.jpg")
_USAGE: Final[Mapping[str, Mapping[str, object]]] = {
    "coins": {"consumeCoins": "12"},
    "late_charge": {"consumeCoins": "12"},
    "unreadable": {"thirdPartyConsumeMoney": "0,14"},
}


class Fates:
    """Gives a share of the tasks a fate of their own. `now_s` is the true time."""

    def __init__(self, simulator: Simulator, random: Random, now_s: Callable[[], float]) -> None:
        self.share = 0.0
        self.of: dict[str, str] = {}
        self._simulator = simulator
        self._random = random
        self._now_s = now_s
        self._failed_at: dict[str, float] = {}
        self._asked: set[str] = set()
        self._downloaded: set[str] = set()

    def is_paid(self, task: Task, now_s: float) -> bool:
        """Return whether a task cost money, in truth."""
        return self.of.get(task.task_id) in CHARGED or bool(task.charge(now_s))

    def is_good(self, task: Task, now_s: float) -> bool:
        """Return whether a task ended well and its result can be fetched."""
        is_told = task.status(now_s) == "SUCCESS" and not task.no_results
        return is_told and self.of.get(task.task_id, "") in GOOD and not task.links_expired

    def money(self, task: Task, now_s: float) -> float:
        """Return what a task cost in the account's currency, as far as that can be known."""
        return 0.0 if self.of.get(task.task_id) in _USAGE else float(task.charge(now_s))

    def bend(self, path: str, asked: bytes, told: bytes) -> bytes:
        """Return what is told in place of an answer."""
        if path.startswith(RESULT_PATH):
            self._note_download(path)
        if not path.endswith("/query"):
            return told
        answer = parsed(told)
        task_id = str(parsed(asked).get("taskId"))
        if answer.get("status") != "SUCCESS" or not answer.get("results"):
            return told
        fate = self._fate(task_id)
        if not fate:
            return told
        return json.dumps(self._bent(fate, task_id, answer)).encode()

    def _note_download(self, path: str) -> None:
        task = self._simulator.result_task(path.removeprefix(RESULT_PATH).partition("_")[0])
        if task is not None:
            self._downloaded.add(task.task_id)

    def _fate(self, task_id: str) -> str:
        if task_id not in self.of:
            chosen = self._random.choice(FATES) if self._random.random() < self.share else ""
            self.of[task_id] = chosen
        return self.of[task_id]

    def _bent(self, fate: str, task_id: str, answer: dict[str, Any]) -> dict[str, Any]:
        task = self._simulator.task(task_id)
        if fate == "success_then_failed":
            task.links_expired = True
            return _failed(answer, {}) if task_id in self._downloaded else answer
        if fate == "dead_first_link":
            if task_id in self._asked:
                return answer
            self._asked.add(task_id)
            link = DEAD_LINKS[len(self._asked) % len(DEAD_LINKS)]
            return answer | {"results": [dict(each, url=link) for each in answer["results"]]}
        if fate == "dead_second_link":
            dead = dict(answer["results"][0], url=f"{SITE}{RESULT_PATH}gone_0.jpg?sign=gone")
            return answer | {"results": [*answer["results"], dead]}
        if fate == "bloated":
            is_first = task_id not in self._asked
            self._asked.add(task_id)
            return answer | ({"promptTips": " " * BLOAT_BYTES} if is_first else {})
        since_s = self._failed_at.setdefault(task_id, self._now_s())
        is_blank = fate == "late_charge" and self._now_s() - since_s < FILLED_IN_AFTER_S
        return _failed(answer, {} if is_blank else _USAGE[fate])


def _failed(answer: dict[str, Any], usage: Mapping[str, object]) -> dict[str, Any]:
    said = {"errorCode": PASSING, "errorMessage": "did not finish", "failedReason": {}}
    return answer | said | {"status": "FAILED", "results": None, "usage": dict(usage) or None}
