"""The remote side's tasks and their walk from QUEUED to an end.

Nothing ticks: a task's status is worked out from the clock whenever it is asked
for, so that a test may hold the clock in its hand.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Literal, TypeAlias
from uuid import uuid4

from hotfolder.simulator import sayings
from hotfolder.simulator.answers import (
    NO_USAGE,
    Json,
    envelope,
    flat_answer,
    message,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotfolder.simulator.orders import Order
    from hotfolder.simulator.settings import Settings

Status: TypeAlias = Literal["QUEUED", "RUNNING", "SUCCESS", "FAILED", "CANCEL"]
LIVE: frozenset[str] = frozenset({"QUEUED", "RUNNING"})
RESULT_PATH = "/results/"


@dataclass(kw_only=True)
class Task:
    """One accepted submit.

    failure: the code it will end with, if it is to fail; failing_node: what is told of the node.
    charged_failure: whether it is charged although it fails.
    answered: whether the client has heard of it.
    Times are the simulator's clock; durations in seconds.
    """

    task_id: str
    order: Order
    accepted_at: float
    queued_s: float
    task_s: float
    charged_failure: bool = False
    failure: str = ""
    failure_detail: str = ""
    failing_node: Json | None = None
    no_results: bool = False
    links_expired: bool = False
    cancelled_at: float | None = None
    queries: int = 0
    downloads: int = 0
    answered: bool = True
    client_id: str = field(default_factory=lambda: uuid4().hex)
    token: str = field(default_factory=lambda: uuid4().hex)
    sign: str = field(default_factory=lambda: uuid4().hex)

    @property
    def webhook(self) -> str:
        """Return where the task's end is to be told, empty for nowhere."""
        return str(self.order.params.get("webhookUrl") or "")

    @property
    def due_at(self) -> float:
        """Return when the task ends unless it is cancelled before."""
        return self.accepted_at + self.queued_s + self.task_s

    def status(self, now: float) -> Status:
        """Return the task's status at a time."""
        if self.cancelled_at is not None and self.cancelled_at <= min(now, self.due_at):
            return "CANCEL"
        if now >= self.due_at:
            return "FAILED" if self.failure else "SUCCESS"
        return "RUNNING" if now >= self.accepted_at + self.queued_s else "QUEUED"

    def ended_at(self, now: float) -> float | None:
        """Return when the task ended, None while it lives."""
        status = self.status(now)
        if status in LIVE:
            return None
        return self.cancelled_at if status == "CANCEL" else self.due_at

    def charge(self, now: float) -> Decimal:
        """Return the money the task costs: nothing once it has failed, as a rule.

        Whether a task cancelled while it ran is charged is not known; here it is,
        for that is the worse case.
        """
        return self.order.price if self._is_charged(now) else Decimal(0)

    def coins(self, now: float) -> Decimal:
        """Return the coins the task costs, by the same rule."""
        return self.order.coins if self._is_charged(now) else Decimal(0)

    def _is_charged(self, now: float) -> bool:
        status = self.status(now)
        if status == "CANCEL":
            return (self.cancelled_at or 0) >= self.accepted_at + self.queued_s
        return status != "FAILED" or self.charged_failure

    def result_links(self) -> list[str]:
        """Return the path and query of each result."""
        return [
            f"{RESULT_PATH}{self.token}_{index}.{ending}?sign={self.sign}"
            for index, ending in enumerate(self.order.endings)
        ]


def submit_answer(task: Task, now: float) -> Json:
    """Return the answer to an accepted submit: QUEUED or RUNNING, however short the task."""
    status = "QUEUED" if task.status(now) == "QUEUED" else "RUNNING"
    return flat_answer(task_id=task.task_id, status=status, client_id=task.client_id)


def query_answer(task: Task, now: float, site: str, settings: Settings) -> Json:
    """Return the full answer to a query; `site` is what result links start with."""
    status = task.status(now)
    failed = status == "FAILED"
    answer = flat_answer(
        task_id=task.task_id,
        status=status,
        client_id=task.client_id,
        code=task.failure if failed else "",
        text=message(task.failure, task.failure_detail) if failed else "",
    )
    reason = task.failing_node or {"exception_message": message(task.failure, task.failure_detail)}
    answer["failedReason"] = reason if failed else {}
    answer |= {"usage": NO_USAGE if failed else None, "parentTaskId": None, "taskUsageList": None}
    if status == "SUCCESS" or (failed and task.charged_failure):
        answer |= _usage(task, now, settings)
    if status == "SUCCESS":
        answer["results"] = [] if task.no_results else _results(task, site, settings)
    return answer


def _usage(task: Task, now: float, settings: Settings) -> Json:
    """Return what a task was charged, as two fees of which the run's is a part of the whole."""
    run_fee = task.charge(now) if task.order.is_run else min(settings.run_fee, task.charge(now))
    amounts = {
        "thirdPartyConsumeMoney": task.charge(now) - run_fee,
        "consumeMoney": run_fee or None,
        "consumeCoins": settings.coins + task.coins(now),
        "taskCostTime": Decimal(round(task.task_s)),
    }
    written = float if settings.numbers else str
    usage = {key: None if each is None else written(each) for key, each in amounts.items()}
    if not settings.usage_listed:
        return {"usage": usage}
    part = {"taskId": "1", "parentTaskId": task.task_id, "taskStatus": "SUCCESS", "usage": usage}
    return {"usage": None, "taskUsageList": [part]}


def _results(task: Task, site: str, settings: Settings) -> list[Json]:
    if task.order.model.output == "string":
        text = sayings.said(task, settings)
        return [{"url": None, "nodeId": "1", "outputType": "txt", "text": text}]
    return [
        {"url": site + link, "nodeId": "1", "outputType": ending, "text": None}
        for link, ending in zip(task.result_links(), task.order.endings, strict=True)
    ]


def outputs_answer(task: Task, told: Json) -> Json:
    """Return the older call's answer, made of that to a query.

    What is no result has the code's name for its words: clients go by that.
    """
    match told["status"]:
        case "QUEUED":
            return {"code": 813, "msg": "APIKEY_TASK_IS_QUEUED", "data": None}
        case "RUNNING":
            running = {"netWssUrl": None}
            return {"code": 804, "msg": "APIKEY_TASK_IS_RUNNING", "data": running}
        case "FAILED" | "CANCEL":
            why = {"failedReason": told["failedReason"]}
            return {"code": 805, "msg": "APIKEY_TASK_STATUS_ERROR", "data": why}
    usage = told["usage"] if isinstance(told["usage"], dict) else {}
    listed = told["results"] if isinstance(told["results"], list) else []
    return envelope(
        [
            {
                "fileUrl": each["url"],
                "fileType": each["outputType"],
                "taskCostTime": str(round(task.task_s)),
                "nodeId": each["nodeId"],
                "thirdPartyConsumeMoney": usage.get("thirdPartyConsumeMoney"),
                "consumeMoney": usage.get("consumeMoney"),
                "consumeCoins": usage.get("consumeCoins"),
            }
            for each in listed
        ]
    )


class TaskBook:
    """All tasks, by id and by the token in their result links."""

    def __init__(self) -> None:
        self._by_id: dict[str, Task] = {}
        self._by_token: dict[str, Task] = {}
        self._live: dict[str, Task] = {}
        self._settled = Decimal(0)  # charges of the tasks no longer live
        self._settled_coins = Decimal(0)
        # 19 digits, and never the ids of a simulator that ran before.
        self._ids = count(time.time_ns())

    def __iter__(self) -> Iterator[Task]:
        return iter(self._by_id.values())

    def new_id(self) -> str:
        """Return an id of 19 digits."""
        return str(next(self._ids))

    def add(self, task: Task) -> None:
        """Enter an accepted task."""
        self._by_id[task.task_id] = task
        self._by_token[task.token] = task
        self._live[task.task_id] = task

    def get(self, task_id: str) -> Task | None:
        """Return the task of an id."""
        return self._by_id.get(task_id)

    def by_token(self, token: str) -> Task | None:
        """Return the task a result link belongs to."""
        return self._by_token.get(token)

    def sweep(self, now: float) -> list[Task]:
        """Return the tasks that have ended since the last sweep, in order of acceptance."""
        ended = [task for task in self._live.values() if task.status(now) not in LIVE]
        for task in ended:
            del self._live[task.task_id]
            self._settled += task.charge(now)
            self._settled_coins += task.coins(now)
        return ended

    def charged(self, now: float) -> Decimal:
        """Return the sum of all charges, without a walk over every task there was."""
        return self._settled + sum(task.charge(now) for task in self._live.values())

    def charged_coins(self, now: float) -> Decimal:
        """Return the sum of all coins."""
        return self._settled_coins + sum(task.coins(now) for task in self._live.values())

    def fail(self, task: Task, code: str, detail: str, now: float) -> bool:
        """Let a task end as failed; say whether a sweep had seen it end well before."""
        if task.failure:
            return False
        was_swept = task.task_id not in self._live
        if was_swept:
            self._settled -= task.charge(now)
            self._settled_coins -= task.coins(now)
        task.failure, task.failure_detail = code, detail
        return was_swept

    def live(self, now: float) -> list[Status]:
        """Return the statuses of the tasks that are queued or running."""
        statuses = [task.status(now) for task in self._live.values()]
        return [status for status in statuses if status in LIVE]
