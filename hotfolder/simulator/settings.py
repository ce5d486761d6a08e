"""What can be set on the simulator, and nothing else.

A `Settings` is a value: the running simulator swaps the whole of it, so a request
sees either the old or the new set, never a mixture.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY_S = 24 * 60 * 60.0
MEBIBYTE = 1024 * 1024
_MONEY = frozenset({"balance", "price", "run_fee", "coins", "coin_balance"})
_FIXED_ONCE_STARTED = frozenset({"seed", "ledger_path", "webhook_network"})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How the simulated service behaves.

    seed: of the simulator's own random numbers (they choose among requests when a
        fault has a `probability`, and how long a task runs).
    task_s, queued_s: how long a task runs, and how long it waits before; seconds.
        A task keeps the values that held when it was accepted.
    task_spread: a task runs by up to this share of task_s longer or shorter.
    upload_ttl_s, link_ttl_s: how long an upload's and a result's link work; seconds.
    expired_status: HTTP status of a link past its time.
    upload_max_bytes: cap of one upload (30 MB by the service's older document).
    key: the only key that is good; None takes any key of 32 characters.
    key_kind: standard models need "enterprise"; a "consumer" key uploads, and its
        submits answer 1014.
    balance: money in the wallet when nothing has been charged yet, in `currency`; coin_balance:
        the coins, which runs of apps and workflows cost with a "consumer" key.
    price: charge of every task; None takes the catalog's list price.
    run_fee: the part of a charge that is told as the fee for the run, beside the API's.
    coins: what every task is said to cost in coins besides.
    numbers: usage is told as numbers instead of texts.
    usage_listed: usage is told as that of a sub-task, and the task's own is null.
    concurrent_limit: tasks queued and running at once; one more is refused.
    limit_answer: how it is refused: "421" in the enveloped form, "1520" in the flat
        one, "429" as HTTP status.
    hide_limit: the queue's status names no limit (concurrentLimit is null).
    hide_total: it does not add the tasks up (no totalCurrentTasks).
    requests_per_s: requests of the kinds in `rate_calls` within one second; None is
        no limit. The kinds: upload, submit, query, download, queue_status, account, cancel,
        price_preview.
    rate_answer: "429" as HTTP status with Retry-After, or "1003" as a code.
    retry_after_s: the seconds named in Retry-After.
    cancel_s: seconds from an accepted cancel until the task stops; None never
        stops it (accepted does not mean stopped).
    webhook_form: what a callback's `eventData` is: JSON "text" of the older form, or an
        "object" like a query's answer.
    webhook_network: a network to which callbacks may go besides loopback, as 10.0.0.0/8.
    webhook_tries, webhook_retry_s: how often a callback is sent until its receiver
        answers with success, and the seconds between.
    result_type: picture type of results; "source" is PNG for a PNG and JPEG else.
    result_bytes: JPEG results are filled up to this size; 0 leaves them as they are.
    result_file: picture that every picture task results in, as if the service had made it.
    extra_results: how many results more than was asked for each task has.
    faces: how many faces the service finds in a film.
    said_ttl_s: how long the ids work that models say, as that of a session; seconds.
    said_wrapped: such texts are wrapped, and their keys are spelt with underscores.
    echo: every error quotes the request: its Authorization header, and the addresses in its body.
    ledger_path: JSON-lines file to which every task accepted, task ended and submit
        rejected is appended at once, so that a kill loses none.
    """

    seed: int = 0
    task_s: float = 2.0
    task_spread: float = 0.0
    queued_s: float = 0.0
    upload_ttl_s: float = DAY_S
    link_ttl_s: float = DAY_S
    expired_status: int = 403
    upload_max_bytes: int = 30 * MEBIBYTE
    key: str | None = None
    key_kind: Literal["enterprise", "consumer"] = "enterprise"
    balance: Decimal = Decimal(1000)
    currency: str = "CNY"
    price: Decimal | None = None
    run_fee: Decimal = Decimal(0)
    coins: Decimal = Decimal(0)
    coin_balance: Decimal = Decimal(10_000)
    numbers: bool = False
    usage_listed: bool = False
    concurrent_limit: int = 50
    limit_answer: Literal["421", "1520", "429"] = "421"
    hide_limit: bool = False
    hide_total: bool = False
    requests_per_s: int | None = None
    rate_answer: Literal["429", "1003"] = "429"
    rate_calls: tuple[str, ...] = ("upload", "submit", "query")
    retry_after_s: int = 1
    cancel_s: float | None = 0.0
    webhook_form: Literal["text", "object"] = "object"
    webhook_network: str = ""
    webhook_tries: int = 3
    webhook_retry_s: float = 60.0
    result_type: Literal["source", "jpg", "png"] = "source"
    result_bytes: int = 0
    result_file: Path | None = None
    extra_results: int = 0
    faces: int = 1
    said_ttl_s: float = DAY_S
    said_wrapped: bool = False
    echo: bool = False
    ledger_path: Path | None = None

    def changed(self, changes: Mapping[str, object]) -> Self:
        """Return these settings with some fields replaced, as a running simulator may.

        Money may come as text or number, since JSON has no decimals.

        Raises ValueError for a field that does not exist or is fixed at the start.
        """
        known = {field.name for field in dataclasses.fields(self)} - _FIXED_ONCE_STARTED
        if unknown := sorted(set(changes) - known):
            raise ValueError(f"not a setting that can be changed: {', '.join(unknown)}")
        values: dict[str, Any] = {name: _typed(name, value) for name, value in changes.items()}
        return dataclasses.replace(self, **values)


def _typed(name: str, value: object) -> object:
    if name == "result_file" and isinstance(value, str):
        return Path(value)
    if name == "rate_calls" and isinstance(value, list):
        return tuple(str(call) for call in value)
    if name not in _MONEY or value is None:
        return value
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError(f"{name} is not an amount: {value!r}") from error
