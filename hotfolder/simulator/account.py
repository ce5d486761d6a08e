"""The customer's account: its key, its kind, its limits and its wallet."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from hotfolder.simulator.answers import (
    HTTP_TOO_MANY_REQUESTS,
    HTTP_UNAUTHORISED,
    Json,
    RefusedError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from hotfolder.simulator.settings import Settings

KEY_LENGTH = 32
RATE_WINDOW_S = 1.0
_BEARER = "Bearer "


def is_good_key(key: str, settings: Settings) -> bool:
    """Say whether the service knows the key."""
    if settings.key is not None:
        return key == settings.key
    return len(key) == KEY_LENGTH


def check_bearer(header: str | None, settings: Settings) -> None:
    """Raise RefusedError unless the Authorization header carries a good key.

    No key at all is HTTP 401; a key that is not good comes as code 802 at HTTP 200,
    for both happen and a client must know either.
    """
    if header is None or not header.startswith(_BEARER):
        raise RefusedError("401", form="msg", http_status=HTTP_UNAUTHORISED)
    if not is_good_key(header.removeprefix(_BEARER), settings):
        raise RefusedError("802")


class RateLimit:
    """Counts requests within the last second."""

    def __init__(self) -> None:
        self._passed: deque[float] = deque()

    def check(self, now: float, settings: Settings) -> None:
        """Let one request pass, or raise RefusedError if there were too many."""
        if settings.requests_per_s is None:
            return
        while self._passed and now - self._passed[0] >= RATE_WINDOW_S:
            self._passed.popleft()
        if len(self._passed) < settings.requests_per_s:
            self._passed.append(now)
            return
        if settings.rate_answer == "1003":
            raise RefusedError("1003")
        raise too_many(settings)


def too_many(settings: Settings) -> RefusedError:
    """Return the refusal that comes as HTTP 429."""
    wait = {"Retry-After": str(settings.retry_after_s)}
    return RefusedError("429", form="msg", http_status=HTTP_TOO_MANY_REQUESTS, headers=wait)


def check_money_and_room(
    settings: Settings, *, remaining: Decimal, price: Decimal, live: int
) -> None:
    """Raise RefusedError if the wallet or the concurrency limit has no room for a task."""
    if price > remaining:
        raise RefusedError("416")
    if live < settings.concurrent_limit:
        return
    if settings.limit_answer == "429":
        raise too_many(settings)
    raise RefusedError(
        settings.limit_answer, form="msg" if settings.limit_answer == "421" else "flat"
    )


def queue_facts(settings: Settings, live: Sequence[str]) -> Json:
    """Return the content of the queue's status; the limit is a number, counts are texts."""
    total: Json = {} if settings.hide_total else {"totalCurrentTasks": str(len(live))}
    return {
        "apiKeyType": _key_type(settings),
        "concurrentLimit": None if settings.hide_limit else settings.concurrent_limit,
        "runningCount": str(live.count("RUNNING")),
        "queuedCount": str(live.count("QUEUED")),
        **total,
        "instanceCount": None,
    }


def wallet_facts(settings: Settings, remaining: Decimal, coins: Decimal, live: int) -> Json:
    """Return the content of the account's status; numbers are texts, and a member has no wallet."""
    has_wallet = settings.key_kind == "enterprise"
    return {
        "remainCoins": str(coins),
        "currentTaskCounts": str(live),
        "remainMoney": str(remaining) if has_wallet else None,
        "currency": settings.currency if has_wallet else None,
        "apiType": _key_type(settings),
    }


def _key_type(settings: Settings) -> str:
    return "SHARED" if settings.key_kind == "enterprise" else "NORMAL"
