"""What became of the callbacks: asked for by their task, and sent again on demand."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from time import gmtime, strftime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hotfolder.simulator.answers import Json


@dataclass(kw_only=True)
class Event:
    """One callback: where it goes, what it says, and whether it was heard."""

    event_id: str
    task_id: str
    url: str
    content: bytes
    created_at: float
    heard: bool = False
    retries: int = 0

    def told(self) -> Json:
        """Return what is told of it; the customer's key is added, masked, where that is known."""
        at = strftime("%Y-%m-%d %H:%M:%S", gmtime(self.created_at))
        return {
            "id": self.event_id,
            "taskId": self.task_id,
            "webhookUrl": self.url,
            "event": "TASK_END",
            "eventData": self.content.decode("utf-8", "replace"),
            "callbackStatus": "SUCCESS" if self.heard else "FAILED",
            "callbackResponse": "" if self.heard else "no answer",
            "retryCount": self.retries,
            "createTime": at,
            "updateTime": at,
        }


class Callbacks:
    """All callbacks, and those that are wished for once more."""

    def __init__(self) -> None:
        self._by_task: dict[str, Event] = {}
        self._wished: list[tuple[Event, str]] = []
        self._ids = count(1)

    def begin(self, task_id: str, url: str, content: bytes, now: float) -> Event:
        """Enter a callback that is about to be sent."""
        event = Event(
            event_id=str(next(self._ids)),
            task_id=task_id,
            url=url,
            content=content,
            created_at=now,
        )
        self._by_task[task_id] = event
        return event

    def of_task(self, task_id: str) -> Event | None:
        """Return the callback of a task, None if none was sent."""
        return self._by_task.get(task_id)

    def find(self, event_id: object) -> Event | None:
        """Return a callback by its own id."""
        found = (each for each in self._by_task.values() if each.event_id == str(event_id))
        return next(found, None)

    def send_again(self, event: Event, url: str) -> None:
        """Have a callback sent once more, to an address that may be another one."""
        self._wished.append((event, url))

    def wished(self) -> list[tuple[Event, str]]:
        """Return what is to be sent once more, each time once."""
        wished, self._wished = self._wished, []
        return wished
