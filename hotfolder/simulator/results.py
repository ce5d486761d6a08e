"""Makes the files that tasks result in: off the event loop, and each only once."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from hotfolder.simulator import stand_ins
from hotfolder.simulator.edit import edit, padded

if TYPE_CHECKING:
    from hotfolder.simulator.orders import Order
    from hotfolder.simulator.tasks import Task

_WORKERS = 2
_KEPT = 256


class ResultMaker:
    """Makes results in a few threads, and keeps the latest of them in memory."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="simulator-edit")
        self._made: dict[tuple[str, ...], Future[bytes]] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Drop what is not begun and wait for what is."""
        self._pool.shutdown(cancel_futures=True)

    def request(self, task: Task, index: int) -> Future[bytes]:
        """Return the future file of a task's result.

        It may raise UnreadablePictureError.
        """
        order = task.order
        inputs = (material.sha256 for material in order.materials)
        key = (
            *inputs,
            order.model.endpoint,
            order.prompt,
            str(index),
            str(order.result_file or order.result_type),
        )
        with self._lock:
            future = self._made.pop(key, None) or self._pool.submit(_make, order, index)
            self._made[key] = future
            while len(self._made) > _KEPT:
                del self._made[next(iter(self._made))]
        return future


def _make(order: Order, index: int) -> bytes:
    if order.model.output != "image":
        return stand_ins.content(order.model.output)
    if order.result_file is not None:
        return order.result_file.read_bytes()
    source = next((m.read() for m in order.materials if m.kind == "image"), None)
    made = edit(source, order.prompt, index, order.result_type, order.model.endpoint)
    return padded(made, order.result_bytes) if order.result_type == "jpg" else made
