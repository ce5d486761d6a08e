"""The service's state and what each call does to it; no HTTP in here.

`Simulator` owns the tasks, files, ledger, faults and settings of one account. Its
methods may be called from any thread.
"""

from __future__ import annotations

import threading
import time
from random import Random
from typing import TYPE_CHECKING

from hotfolder.simulator import account, sayings
from hotfolder.simulator.answers import Json, RefusedError, envelope
from hotfolder.simulator.apps import Runs
from hotfolder.simulator.callbacks import Callbacks
from hotfolder.simulator.edit import UnreadablePictureError
from hotfolder.simulator.faults import Fault, FaultTable, Hits
from hotfolder.simulator.ledger import Book, Ledger, Rejection, entry
from hotfolder.simulator.loras import Loras
from hotfolder.simulator.media import MediaStore
from hotfolder.simulator.nodes import text_of
from hotfolder.simulator.orders import Order, examine
from hotfolder.simulator.results import ResultMaker
from hotfolder.simulator.running import examine as examine_run
from hotfolder.simulator.settings import Settings
from hotfolder.simulator.tasks import (
    LIVE,
    RESULT_PATH,
    Task,
    TaskBook,
    query_answer,
    submit_answer,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from decimal import Decimal

    from hotfolder.simulator.apps import Kind
    from hotfolder.simulator.media import Material, Upload
    from hotfolder.simulator.running import Api

TASK_ID_LENGTH = 19


class Simulator:
    """A stand-in for the remote service, one account large.

    settings: how it behaves. clock: seconds; tasks walk and links expire by it.
    results: makes the files, None = as the demonstration shows them. Its `runs` are the apps and
    workflows there are, its `loras` the LoRA files, its `callbacks` what was sent.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        clock: Callable[[], float] = time.time,
        results: ResultMaker | None = None,
    ) -> None:
        self._settings = settings or Settings()
        self.clock = clock
        self._lock = threading.RLock()
        self._tasks = TaskBook()
        self._media = MediaStore(self._result_of)
        self._results = results or ResultMaker()
        self._book = Book(self._settings.ledger_path)
        seed = self._settings.seed
        self._faults = FaultTable(random=Random(seed))  # noqa: S311  (no secrets)
        self._spread = Random(seed)  # noqa: S311
        self._rate = account.RateLimit()
        self._to_call_back: list[Task] = []
        self.runs = Runs()
        self.loras = Loras()
        self.callbacks = Callbacks()

    # --- for tests, the demo and the admin calls

    @property
    def settings(self) -> Settings:
        """Return the settings in force."""
        return self._settings

    def ledger(self) -> Ledger:
        """Return everything remembered so far."""
        with self._lock:
            now = self._sweep()
            return Ledger(
                tasks=tuple(entry(task, now, self._settings.currency) for task in self._tasks),
                rejected=tuple(self._book.rejected),
                requests=dict(self._book.requests),
                remaining=self._remaining(now),
                currency=self._settings.currency,
            )

    def material(self, sha256: str) -> bytes:
        """Return a file that was uploaded, by its hash in hex."""
        return self._media.read(sha256)

    def add_fault(self, fault: Fault) -> None:
        """Add a rule to the table of faults."""
        with self._lock:
            self._faults.add(fault)

    def clear_faults(self) -> None:
        """Take all rules away; what they have done stays done."""
        with self._lock:
            self._faults.clear()

    def faults(self) -> list[dict[str, object]]:
        """Return the rules with how many requests each has seen and hit."""
        with self._lock:
            return self._faults.report()

    def update_settings(self, **changes: object) -> None:
        """Replace some settings from now on; raises ValueError for an unknown one."""
        with self._lock:
            self._settings = self._settings.changed(changes)

    def expire_results(self) -> None:
        """Let the links of all results made so far be past their time."""
        with self._lock:
            now = self.clock()
            for task in self._tasks:
                task.links_expired = task.links_expired or task.status(now) not in LIVE

    def close(self) -> None:
        """Write down what has ended, stop the edits under way and remove the files."""
        with self._lock:
            self._sweep()
        self._results.close()
        self._media.close()

    # --- for the HTTP side

    def arrive(self, call: str, text: str) -> Hits:
        """Count a request and return the faults that hit it."""
        with self._lock:
            self._book.requests[call] += 1
            return self._faults.draw(call, text)

    def count(self, what: str) -> None:
        """Count something seen in a request."""
        with self._lock:
            self._book.requests[what] += 1

    def admit(self, bearer: str | None) -> None:
        """Raise RefusedError if the key is not good."""
        with self._lock:
            account.check_bearer(bearer, self._settings)

    def check_rate(self, call: str) -> None:
        """Raise RefusedError if there were too many requests within the last second."""
        with self._lock:
            if call in self._settings.rate_calls:
                self._rate.check(self.clock(), self._settings)

    def upload(self, name: str, content: bytes) -> Upload:
        """Take a file; raises RefusedError."""
        with self._lock:
            cap = self._settings.upload_max_bytes
            return self._media.upload(name, content, self.clock(), cap)

    def uploaded(self, link: str) -> Material | None:
        """Return the file under an upload's link, None once it is past its time."""
        with self._lock:
            return self._media.find(link, self.clock(), self._settings.upload_ttl_s)

    def _result_of(self, link: str) -> tuple[bytes, str] | None:
        """Return the file and type under a result's link, None once it is past its time."""
        token, _, rest = link.removeprefix(RESULT_PATH).partition("_")
        task = self._tasks.by_token(token) if link.startswith(RESULT_PATH) else None
        if task is None or link not in task.result_links() or not self.is_open(task):
            return None
        index = int(rest.partition(".")[0])
        return self._results.request(task, index).result(), task.order.endings[index]

    def submit(self, endpoint: str, body: Json, fate: Fault | None) -> Task:
        """Accept a task; there is no idempotency. Raises RefusedError."""
        with self._lock:
            return self._accept(self._order(endpoint, body), fate)

    def run(
        self, kind: Kind, run_id: object, body: Json, fate: Fault | None, *, api: Api = "v2"
    ) -> Task:
        """Accept a run of an app or a workflow. Raises RefusedError."""
        with self._lock:
            run = self.runs.find(kind, run_id)
            now, settings = self.clock(), self._settings
            order = examine_run(run, body, settings, self._media, self.loras, now, api)
            return self._accept(order, fate)

    def reject(self, endpoint: str, body: Json, code: str) -> None:
        """Note a submit that was refused."""
        with self._lock:
            prompt = str(body.get("prompt", "")) or text_of(body)
            self._book.reject(
                Rejection(at=self.clock(), code=code, endpoint=endpoint, prompt=prompt)
            )

    def estimate(self, endpoint: str, body: Json) -> Decimal | None:
        """Return what a task would be charged, None if no price is configured."""
        with self._lock:
            order = self._order(endpoint, body)
            return order.price if order.has_price else None

    def task(self, task_id: object) -> Task:
        """Return a task; raises RefusedError 1007 for a malformed id, 1004 for an unknown."""
        if not isinstance(task_id, str) or not _is_task_id(task_id):
            raise RefusedError("1007")
        with self._lock:
            task = self._tasks.get(task_id)
        if task is None:
            raise RefusedError("1004")
        return task

    def text_of(self, task_id: object) -> str:
        """Return the prompt of a task, empty if there is none such."""
        with self._lock:
            task = self._tasks.get(task_id) if isinstance(task_id, str) else None
            return task.order.prompt if task else ""

    def result_task(self, token: str) -> Task | None:
        """Return the task whose result links carry this token."""
        with self._lock:
            return self._tasks.by_token(token)

    def acceptance(self, task: Task) -> Json:
        """Return the answer to an accepted submit."""
        with self._lock:
            return submit_answer(task, self.clock())

    def leave_unanswered(self, task_id: object, call: str) -> None:
        """Note that the client has not heard of the task it submitted."""
        with self._lock:
            task = self._tasks.get(task_id) if isinstance(task_id, str) else None
            if task is not None and call == "submit":
                task.answered = False

    def now(self) -> float:
        """Return the time by the simulator's clock."""
        return self.clock()

    def due_edits(self, task: Task, now: float) -> list[Future[bytes]]:
        """Return the files that must be made before the task's success can be told."""
        with self._lock:
            if task.order.model.output != "image" or task.status(now) != "SUCCESS":
                return []
            return [self._results.request(task, index) for index in range(task.order.outputs)]

    def query(self, task: Task, now: float, site: str, *, count: bool = True) -> Json:
        """Return the answer to a query.

        now: the time of `due_edits`, for between the two a task may end. site: what
        result links start with. count: whether it counts as a query of the client's.
        """
        with self._lock:
            task.queries += count
            self._sweep()
            return query_answer(task, now, site, self._settings)

    def edit_of(self, task: Task, index: int) -> Future[bytes]:
        """Count a download and return the file to be."""
        with self._lock:
            task.downloads += 1
        return self._results.request(task, index)

    def fail_unreadable(self, task: Task) -> None:
        """Let a task end as failed, because its input is no picture."""
        with self._lock:
            now = self.clock()
            if self._tasks.fail(task, "1013", "an input is not a picture", now):
                self._book.write_task("ended", entry(task, now, self._settings.currency))

    def to_call_back(self) -> list[Task]:
        """Return the tasks that have ended since the last time and whose end is to be told."""
        with self._lock:
            self._sweep()
            ended, self._to_call_back = self._to_call_back, []
            return ended

    def is_open(self, task: Task) -> bool:
        """Say whether the task's result links work now."""
        with self._lock:
            now = self.clock()
            ended_at = task.ended_at(now)
            if ended_at is None or task.status(now) != "SUCCESS" or task.links_expired:
                return False
            return now - ended_at < self._settings.link_ttl_s

    def cancel(self, task: Task) -> None:
        """Take a cancel; accepted does not mean stopped."""
        with self._lock:
            if self._settings.cancel_s is not None and task.cancelled_at is None:
                task.cancelled_at = self.clock() + self._settings.cancel_s

    def queue_status(self) -> Json:
        """Return the answer to the queue's status."""
        with self._lock:
            return envelope(account.queue_facts(self._settings, self._live()))

    def account_status(self, key: object) -> Json:
        """Return the answer to the account's status; raises RefusedError 806."""
        with self._lock:
            if not isinstance(key, str) or not account.is_good_key(key, self._settings):
                raise RefusedError("806", form="msg")
            now, live = self.clock(), len(self._live())
            left = self._remaining(now), self._remaining_coins(now)
            return envelope(account.wallet_facts(self._settings, *left, live))

    # --- within the lock

    def _accept(self, order: Order, fate: Fault | None) -> Task:
        now = self._sweep()
        account.check_money_and_room(
            self._settings,
            remaining=self._remaining(now),
            price=order.price,
            live=len(self._tasks.live(now)),
        )
        if order.coins > self._remaining_coins(now):
            raise RefusedError("414")
        unreadable = "805" if order.is_run else "1013"
        task = Task(
            task_id=self._tasks.new_id(),
            order=order,
            accepted_at=now,
            queued_s=self._settings.queued_s,
            task_s=self._task_s(),
            failure="" if order.readable else unreadable,
            failure_detail="" if order.readable else "an input cannot be read",
            failing_node=order.failing_node,
        )
        _settle_fate(task, fate)
        self._tasks.add(task)
        self._book.write_task("accepted", entry(task, now, self._settings.currency))
        if order.model.output == "image" and not task.failure:
            made = self._results.request(task, 0)
            made.add_done_callback(lambda future: self._note_unreadable(task, future))
        return task

    def _task_s(self) -> float:
        spread = self._settings.task_spread
        return self._settings.task_s * (1 + self._spread.uniform(-spread, spread))

    def _order(self, endpoint: str, body: Json) -> Order:
        order = examine(endpoint, body, self._settings, self._media, self.clock())
        sayings.check(body, self._tasks, self._settings, self.clock())
        return order

    def _note_unreadable(self, task: Task, made: Future[bytes]) -> None:
        """Let a task fail whose input turns out to be no picture; called by a worker."""
        if not made.cancelled() and isinstance(made.exception(), UnreadablePictureError):
            self.fail_unreadable(task)

    def _live(self) -> list[str]:
        return list(self._tasks.live(self.clock()))

    def _sweep(self) -> float:
        """Write down the tasks that have ended meanwhile, and return the time."""
        now = self.clock()
        for task in self._tasks.sweep(now):
            if task.webhook:
                self._to_call_back.append(task)
            self._book.write_task("ended", entry(task, now, self._settings.currency))
        return now

    def _remaining(self, now: float) -> Decimal:
        return self._settings.balance - self._tasks.charged(now)

    def _remaining_coins(self, now: float) -> Decimal:
        return self._settings.coin_balance - self._tasks.charged_coins(now)


def _settle_fate(task: Task, fate: Fault | None) -> None:
    if fate is None:
        return
    match fate.kind:
        case "fail_task":
            task.failure, task.failure_detail = fate.code, ""
            task.charged_failure = fate.charged
        case "no_results":
            task.no_results = True
        case "expired":
            task.links_expired = True
        case "fast":
            task.queued_s = task.task_s = 0.0
        case _:
            raise ValueError(f"not a fate: {fate.kind}")


def _is_task_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) == TASK_ID_LENGTH
