"""Pictures and other results: small ones made by the workshop, and proven results as they are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from markupsafe import escape
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from hotfolder.domain.jobs import Job
from hotfolder.page.behind import Behind, NoPicture, NotShown
from hotfolder.page.forms import number
from hotfolder.page.gate import RESULT_CSP
from hotfolder.views import gallery

SIDES: Final = {"small": 320, "large": 1600}
_KEPT: Final = "private, max-age=604800, immutable"
_STAND_IN: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 240" width="320" height="240">'
    '<rect width="320" height="240" fill="#3a3d44"/><text x="160" y="132" fill="#d5d8de" '
    'text-anchor="middle" font-family="system-ui, sans-serif" font-size="36">{ending}</text></svg>'
)


class Pictures:
    """Serves pictures. Sources are only ever shown made small and anew."""

    def __init__(self, behind: Behind) -> None:
        self._behind = behind

    def routes(self) -> list[Route]:
        """Return what is served."""
        return [
            Route("/pictures/{job}/before/{side}", self.before),
            Route("/pictures/{job}/after/{position}/{side}", self.after),
            Route("/results/{job}/{position}", self.result),
        ]

    async def before(self, request: Request) -> Response:
        """Show a job's source."""
        job = await self._job(request)
        side = _side(request)
        try:
            content = await self._behind.show.before(job, side)
        except NoPicture as error:
            return _stand_in(error.ending)
        except NotShown as error:
            raise HTTPException(404, str(error)) from error
        return _jpeg(content)

    async def after(self, request: Request) -> Response:
        """Show a result, small."""
        job = await self._job(request)
        side, position = _side(request), number(request.path_params["position"])
        try:
            content = await self._behind.show.after(job, position, side)
        except NoPicture as error:
            return _stand_in(error.ending)
        except NotShown as error:
            raise HTTPException(404, str(error)) from error
        return _jpeg(content)

    async def result(self, request: Request) -> Response:
        """Serve a result as it was published, or a part of it."""
        job = await self._job(request)
        position = number(request.path_params["position"])
        try:
            opened, media_type = await self._behind.show.opened(job, position)
        except NotShown as error:
            raise HTTPException(404, str(error)) from error
        name = next((each for each in job.published if each.position == position), None)
        return _OpenFile(opened, media_type, _file_name(name.output_name if name else None))

    async def _job(self, request: Request) -> Job:
        found = await self._behind.read(gallery.job, number(request.path_params["job"]))
        if found is None:
            raise HTTPException(404, "There is no job of that number.")
        return found


class _OpenFile(FileResponse):
    """A file that is open already: nobody can put another in its place. Closed after its answer."""

    def __init__(self, opened: int, media_type: str, name: str) -> None:
        super().__init__(
            Path(f"/proc/self/fd/{opened}"),
            media_type=media_type,
            filename=name,
            content_disposition_type="inline",
            headers={"Content-Security-Policy": RESULT_CSP, "Cache-Control": "private, no-cache"},
            stat_result=os.fstat(opened),
        )
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, or the part of it that is asked for."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            os.close(self._opened)


def _side(request: Request) -> int:
    side = SIDES.get(request.path_params["side"])
    if side is None:
        raise HTTPException(404, "Pictures are shown small or large.")
    return side


def _file_name(name: str | None) -> str:
    shown = (name or "result").rpartition("/")[2]
    return "".join(each if each.isprintable() else "_" for each in shown)


def _stand_in(ending: str) -> Response:
    """Return what stands where a picture would, for a film, a sound, a 3D model or a text."""
    text = _STAND_IN.format(ending=escape(ending.upper()))
    return Response(text, media_type="image/svg+xml", headers={"Cache-Control": _KEPT})


def _jpeg(content: bytes) -> Response:
    return Response(content, media_type="image/jpeg", headers={"Cache-Control": _KEPT})
