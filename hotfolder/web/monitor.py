"""Pages for whoever watches over the daemon: is it alive, is it ready, how does it stand.

They only show, hold no file names and no secrets, and cost one look at the journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from hotfolder.domain.errors import JournalError
from hotfolder.web.guarding import under_names
from hotfolder.web.metrics import Metrics, Now

PATIENCE_S: Final = 5.0
METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Look = Callable[[], Awaitable[Now]]


def monitor(look: Look, metrics: Metrics, names: frozenset[str]) -> ASGIApp:
    """Return the application; `look` asks every part how things stand.

    It answers to plain addresses and to `names`, and leads nowhere else.
    """
    pages = _Pages(look, metrics)
    app = Starlette(
        routes=[
            Route("/healthz", pages.health),
            Route("/readyz", pages.readiness),
            Route("/metrics", pages.metrics),
        ]
    )
    app.router.redirect_slashes = False
    return under_names(app, names)


class _Pages:
    """One method for each page."""

    def __init__(self, look: Look, metrics: Metrics) -> None:
        self._look = look
        self._metrics = metrics

    async def health(self, _request: Request) -> Response:
        """Say whether the loop turns and the journal answers: else, start it again."""
        return _told([] if await self._now() else ["the journal does not answer"])

    async def readiness(self, _request: Request) -> Response:
        """Say whether pictures are edited now: else, a person should look."""
        now = await self._now()
        if now is None:
            return _told(["the journal does not answer"])
        away = [f"the folder of {row.name} is away" for row in now.status.watches if not row.online]
        held = [f"{each.said} is held: {each.failure.code}" for each in now.status.holds]
        full = [] if now.writable else ["the journal cannot be written: is its disk full?"]
        return _told([*full, *away, *held])

    async def metrics(self, _request: Request) -> Response:
        """Return everything in Prometheus' text format."""
        now = await self._now()
        if now is None:
            return _told(["the journal does not answer"])
        return Response(self._metrics.written(now), media_type=METRICS_TYPE)

    async def _now(self) -> Now | None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._look()
        except (TimeoutError, JournalError):
            return None


def _told(problems: list[str]) -> Response:
    lines = problems or ["ok"]
    return PlainTextResponse("\n".join(lines) + "\n", 503 if problems else 200)
