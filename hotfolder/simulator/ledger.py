"""What the service remembers of its customer: the truth that tests compare with.

Every accepted task, every rejected submit, and how often each call was made; on
demand appended to a JSON-lines file at once, which a kill of the process survives.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hotfolder.simulator.tasks import Task


_DATA_URI_SHOWN = 64


@dataclass(frozen=True, kw_only=True)
class TaskEntry:
    """One task as it stood when the ledger was read.

    params: as submitted, data URIs cut short.
    input_sha256: of each readable input's bytes, in the order of the parameters.
    charge: 0 if it failed. answered: False if a fault kept the acceptance from the
        client. Times are the simulator's clock.
    """

    task_id: str
    endpoint: str
    prompt: str
    params: Mapping[str, object]
    input_sha256: tuple[str, ...]
    status: str
    charge: Decimal
    coins: Decimal
    currency: str
    accepted_at: float
    ended_at: float | None
    queries: int
    downloads: int
    answered: bool

    def as_json(self) -> dict[str, object]:
        """Return the entry for JSON; the charge and coins as text."""
        return dataclasses.asdict(self) | {"charge": str(self.charge), "coins": str(self.coins)}


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """One submit that was refused before any task came of it."""

    at: float
    code: str
    endpoint: str
    prompt: str


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Everything remembered, at one moment.

    requests: how many requests of each kind arrived, faulty ones included;
        "download_with_key" counts those file requests that gave the key away.
    remaining: what is left in the wallet.
    """

    tasks: tuple[TaskEntry, ...]
    rejected: tuple[Rejection, ...]
    requests: Mapping[str, int]
    remaining: Decimal
    currency: str

    @property
    def charged(self) -> Decimal:
        """Return the sum of all charges."""
        return sum((task.charge for task in self.tasks), Decimal(0))

    @property
    def coins(self) -> Decimal:
        """Return the sum of all coins."""
        return sum((task.coins for task in self.tasks), Decimal(0))

    def paid_twice(self) -> tuple[tuple[TaskEntry, ...], ...]:
        """Return groups of charged tasks that do the same to the same bytes.

        Links differ between uploads of one file, so inputs are compared by content.
        """
        groups: dict[str, list[TaskEntry]] = {}
        for task in self.tasks:
            if task.charge or task.coins:
                groups.setdefault(_work(task), []).append(task)
        return tuple(tuple(group) for group in groups.values() if len(group) > 1)

    def as_json(self) -> dict[str, object]:
        """Return the ledger for JSON; money as text."""
        return {
            "tasks": [task.as_json() for task in self.tasks],
            "rejected": [dataclasses.asdict(rejection) for rejection in self.rejected],
            "requests": dict(self.requests),
            "charged": str(self.charged),
            "coins": str(self.coins),
            "remaining": str(self.remaining),
            "currency": self.currency,
        }


def _work(task: TaskEntry) -> str:
    plain = {key: value for key, value in task.params.items() if not _is_link(value)}
    return json.dumps([task.endpoint, plain, task.input_sha256], sort_keys=True)


def _is_link(value: object) -> bool:
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, str) and first.startswith(("http://", "https://", "data:"))


def entry(task: Task, now: float, currency: str) -> TaskEntry:
    """Return a task as the ledger shows it."""
    return TaskEntry(
        task_id=task.task_id,
        endpoint=task.order.model.endpoint,
        prompt=task.order.prompt,
        params={key: _shortened(value) for key, value in task.order.params.items()},
        input_sha256=tuple(material.sha256 for material in task.order.materials),
        status=task.status(now),
        charge=task.charge(now),
        coins=task.coins(now),
        currency=currency,
        accepted_at=task.accepted_at,
        ended_at=task.ended_at(now),
        queries=task.queries,
        downloads=task.downloads,
        answered=task.answered,
    )


def _shortened(value: object) -> object:
    if isinstance(value, list):
        return [_shortened(item) for item in value]
    if isinstance(value, str) and value.startswith("data:"):
        return value[:_DATA_URI_SHOWN]
    return value


class Book:
    """The ledger as it is written; `Ledger` is how it is read."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.requests: Counter[str] = Counter()
        self.rejected: list[Rejection] = []

    def write_task(self, event: str, task: TaskEntry) -> None:
        """Append a task that was accepted or has ended to the file."""
        self._append({"event": event, **task.as_json()})

    def reject(self, rejection: Rejection) -> None:
        """Note a refused submit."""
        self.rejected.append(rejection)
        self._append({"event": "rejected", **dataclasses.asdict(rejection)})

    def _append(self, line: Mapping[str, object]) -> None:
        if self._path is None:
            return
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
