"""The page as one application: which address shows what."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from hotfolder.domain.errors import JournalError
from hotfolder.page.acting import Acting
from hotfolder.page.behind import Behind
from hotfolder.page.dropping import Dropping
from hotfolder.page.gate import Gate
from hotfolder.page.keys import Keyring
from hotfolder.page.live import Live
from hotfolder.page.looks import Looks
from hotfolder.page.manual import Manual
from hotfolder.page.pictures import Pictures
from hotfolder.page.reviewing import Reviewing
from hotfolder.page.screens import Screens
from hotfolder.page.signing_in import SigningIn

LARGEST_DROP_BYTES: Final = 512 * 1024 * 1024
_STATIC: Final = Path(__file__).with_name("static")


class Page:
    """The page over what lies behind it; `run` keeps it live and serves beside `app`."""

    def __init__(
        self,
        behind: Behind,
        keyring: Keyring,
        *,
        hosts: Collection[str],
        password: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        self._live = Live(behind.changes)
        looks = Looks(keyring, behind.zone, now)
        signing_in = SigningIn(keyring, looks, password, lambda: now().timestamp())
        screens = Screens(behind, looks, self._live)
        pictures = Pictures(behind)
        acting = Acting(behind, looks, keyring)
        dropping = Dropping(behind, looks, keyring)
        reviewing = Reviewing(behind, looks, keyring)
        inner = Starlette(
            routes=[
                *signing_in.routes(),
                *screens.routes(),
                *pictures.routes(),
                *acting.routes(),
                *dropping.routes(),
                *reviewing.routes(),
                *Manual(looks).routes(),
                Mount("/static", _Static(directory=_STATIC)),
            ],
            exception_handlers={
                HTTPException: _Telling(looks).refused,
                JournalError: _Telling(looks).journal_away,
            },
        )
        self.app: ASGIApp = Gate(
            inner, keyring=keyring, hosts=hosts, largest_drop_bytes=LARGEST_DROP_BYTES
        )

    async def run(self) -> None:
        """Keep what is shown live until cancelled."""
        await self._live.run()


class _Static(StaticFiles):
    """Our own style sheet, module and icon: asked for anew, and sent only if they are others."""

    def file_response(self, *args: object, **named: object) -> Response:
        """Return a file as it may be kept."""
        answer: Response = super().file_response(*args, **named)  # type: ignore[arg-type]  # as they came
        answer.headers["Cache-Control"] = "no-cache"
        return answer


class _Telling:
    """Says in plain words what went wrong."""

    def __init__(self, looks: Looks) -> None:
        self._looks = looks

    async def refused(self, request: Request, error: Exception) -> Response:
        """Tell a request that cannot be answered why."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        said = error.detail if isinstance(error, HTTPException) else ""
        return self._said(request, said, status)

    async def journal_away(self, request: Request, error: Exception) -> Response:
        """Tell that nothing can be read now."""
        return self._said(request, f"The journal cannot be read now: {error}", 503)

    def _said(self, request: Request, said: str, status: int) -> Response:
        if "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse(f"{said}\n", status)
        return self._looks.page(request, "told.html", status, said=said)
