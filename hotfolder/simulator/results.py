"""Makes the files that tasks result in: off the event loop, and each only once."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from hotfolder.simulator import films, shapes, stand_ins
from hotfolder.simulator.edit import edit, padded, size_of

if TYPE_CHECKING:
    from hotfolder.simulator.orders import Order
    from hotfolder.simulator.tasks import Task

_WORKERS = 2
_KEPT = 256
_USUAL_S = 2.0  # of a film that nobody says a length of


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
            str(order.asked if order.model.output == "video" else None),
        )
        with self._lock:
            future = self._made.pop(key, None) or self._pool.submit(_make, order, index)
            self._made[key] = future
            while len(self._made) > _KEPT:
                del self._made[next(iter(self._made))]
        return future


def _make(order: Order, index: int) -> bytes:
    ending, made = order.endings[index], order.model.output
    if made == "video":
        return _filmed(order, ending)
    if made != "image":
        return stand_ins.content(made)
    if order.result_file is not None:
        return order.result_file.read_bytes()
    edited = edit(_picture(order), order.prompt, index, ending, order.model.endpoint)
    return padded(edited, order.result_bytes) if ending == "jpg" else edited


def _filmed(order: Order, ending: str) -> bytes:
    """Return a film of what was sent, or the last frame of one."""
    source = _picture(order)
    films_sent = (each.sides for each in order.materials if each.sides)
    sent = size_of(source) if source else next(films_sent, None)
    size = shapes.shape(order.asked, sent)
    kind = ending if ending == stand_ins.LAST_FRAME else "jpg"
    frame = edit(source, order.prompt, 0, kind, order.model.endpoint, size)
    if ending == stand_ins.LAST_FRAME:
        return frame
    return films.film(frame, size, order.seconds or _USUAL_S, stand_ins.content("video"))


def _picture(order: Order) -> bytes | None:
    return next((m.read() for m in order.materials if m.kind == "image"), None)
