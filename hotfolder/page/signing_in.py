"""Signing in and out: by a link that works once, or by the owner's password."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from hotfolder.page.forms import fields
from hotfolder.page.keys import SESSION_LIFE_S, Keyring, Role, Tries
from hotfolder.page.looks import Looks

TRIES_A_MINUTE: Final = 5

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.page")


class SigningIn:
    """The screens before all others; `password` gives the owner's, "" = there is none."""

    def __init__(
        self,
        keyring: Keyring,
        looks: Looks,
        password: Callable[[], str],
        now_s: Callable[[], float],
    ) -> None:
        self._keyring = keyring
        self._looks = looks
        self._password = password
        self._tries = Tries(TRIES_A_MINUTE, now_s)

    def routes(self) -> list[Route]:
        """Return what is served."""
        return [
            Route("/sign-in", self.ask, methods=["GET"]),
            Route("/sign-in", self.by_password, methods=["POST"]),
            Route("/enter/{code}", self.offer, methods=["GET"]),
            Route("/enter/{code}", self.enter, methods=["POST"]),
            Route("/sign-out", self.leave, methods=["POST"]),
        ]

    async def ask(self, request: Request) -> Response:
        """Say how to sign in."""
        return await self._asked(request, "", 200)

    async def _asked(self, request: Request, problem: str, status: int) -> Response:
        has_password = bool(await asyncio.to_thread(self._password))
        return self._looks.page(
            request, "sign_in.html", status, problem=problem, has_password=has_password
        )

    async def by_password(self, request: Request) -> Response:
        """Sign in by the password; a few tries a minute, whoever makes them."""
        given = (await fields(request)).get("password", [""])[0]
        if not self._tries.may_try():
            log.warning("page.too_many_tries")
            return await self._asked(request, "Too many tries. Wait a minute.", 429)
        wanted = await asyncio.to_thread(self._password)
        if not wanted or not hmac.compare_digest(given.encode(), wanted.encode()):
            return await self._asked(request, "That is not the password.", 403)
        return self._entered(request, Role.OWNER)

    async def offer(self, request: Request) -> Response:
        """Show one button: whoever only looks at a link, as chats do, uses nothing up."""
        return self._looks.page(request, "enter.html")

    async def enter(self, request: Request) -> Response:
        """Use a code up."""
        role = self._keyring.redeem(request.path_params["code"])
        if role is None:
            problem = "This link was used already, or is older than a quarter of an hour."
            return await self._asked(request, problem, 403)
        return self._entered(request, role)

    async def leave(self, _request: Request) -> Response:
        """Sign out here."""
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(self._keyring.cookie_name, path="/")
        return answer

    def _entered(self, request: Request, role: Role) -> Response:
        """Answer with a page that leads on: a cookie that is strict is not sent by a redirect."""
        to = "/gallery" if request.query_params.get("to") == "gallery" else "/"
        answer = self._looks.page(request, "entered.html", role=role.value, to=to)
        answer.set_cookie(
            self._keyring.cookie_name,
            self._keyring.cookie(role),
            max_age=SESSION_LIFE_S,
            path="/",
            httponly=True,
            samesite="strict",
        )
        log.info("page.signed_in", role=role.value)
        return answer
