"""Dropping files on the page: they are staged, planned with their price, and sent by one button."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from hotfolder.domain import money
from hotfolder.domain.errors import OperatorError
from hotfolder.page.behind import Behind
from hotfolder.page.forms import PATIENCE_S, own_fields, require_owner, require_token, signed_in
from hotfolder.page.keys import Keyring
from hotfolder.page.looks import Looks
from hotfolder.views import now as standing

LONGEST_PROMPT: Final = 20_000


class Dropping:
    """The screen, and what its module asks for."""

    def __init__(self, behind: Behind, looks: Looks, keyring: Keyring) -> None:
        self._behind = behind
        self._looks = looks
        self._keyring = keyring

    def routes(self) -> list[Route]:
        """Return what is served."""
        return [
            Route("/drop", self.screen, methods=["GET"]),
            Route("/drop/file", self.take, methods=["POST"]),
            Route("/drop/plan", self.plan, methods=["POST"]),
            Route("/drop/send", self.send, methods=["POST"]),
        ]

    async def screen(self, request: Request) -> Response:
        """Show where files may be dropped."""
        require_owner(request)
        return self._looks.page(
            request,
            "drop.html",
            places=await self._behind.drop.places(),
            needs=await self._behind.read(standing.needs),
        )

    async def take(self, request: Request) -> Response:
        """Take one file in and answer with its number."""
        require_owner(request)
        require_token(request, self._keyring, request.headers.get("x-token", ""))
        drop, asked = self._behind.drop, request.query_params
        try:
            number = await drop.begin(
                signed_in(request).id, asked.get("watch", ""), asked.get("name", "")
            )
            try:
                await self._write(request, number)
            except BaseException:
                await drop.discard(number)
                raise
        except OperatorError as error:
            return PlainTextResponse(f"{error}", 409)
        return PlainTextResponse(number)

    async def _write(self, request: Request, number: str) -> None:
        parts = request.stream()
        try:
            while True:
                async with asyncio.timeout(PATIENCE_S):
                    chunk = await anext(parts, None)
                if chunk is None:
                    break
                await self._behind.drop.write(number, chunk)
        except (TimeoutError, ClientDisconnect) as error:
            raise HTTPException(408, "The file did not come whole.") from error
        await self._behind.drop.end(number)

    async def plan(self, request: Request) -> Response:
        """Answer with what each file would get, and what all would cost."""
        numbers, prompt = await self._given(request)
        planned = await self._behind.drop.plan(signed_in(request).id, numbers, prompt)
        good = [each for each in planned if each.reason is None]
        total = money.total(each.amount for each in good)
        text = self._looks.part("drop_plan.html", planned=planned, good=good, total=total)
        return Response(text, media_type="text/html")

    async def send(self, request: Request) -> Response:
        """Put the files into their watches."""
        numbers, prompt = await self._given(request)
        session = signed_in(request)
        try:
            lines = await self._behind.drop.send(session.id, numbers, prompt)
        except OperatorError as error:
            lines = [str(error)]
        self._looks.tell(session, lines or ["There was nothing to drop: choose the files again."])
        return RedirectResponse("/gallery" if lines else "/drop", 303)

    async def _given(self, request: Request) -> tuple[list[str], str]:
        given = await own_fields(request, self._keyring)
        require_owner(request)
        prompt = given.get("prompt", [""])[0].replace("\r\n", "\n").strip()
        if len(prompt) > LONGEST_PROMPT or "\0" in prompt:
            raise HTTPException(400, "That is no prompt.")
        return given.get("number", []), prompt
