"""Review: results that wait for somebody to approve or reject them, pair by pair."""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from hotfolder.domain.errors import HotfolderError
from hotfolder.page.behind import Behind
from hotfolder.page.forms import is_owner, number, own_fields, require_owner, signed_in, text_of
from hotfolder.page.keys import Keyring
from hotfolder.page.looks import Looks
from hotfolder.views import now as standing
from hotfolder.views import pairs

SHOWN: Final = 60
WAYS: Final = frozenset({"approve", "reject", "redo", "undo"})


class Reviewing:
    """The screen, and the decisions that it sends."""

    def __init__(self, behind: Behind, looks: Looks, keyring: Keyring) -> None:
        self._behind = behind
        self._looks = looks
        self._keyring = keyring

    def routes(self) -> list[Route]:
        """Return what is served."""
        return [
            Route("/review", self.screen, methods=["GET"]),
            Route("/review/more", self.more, methods=["GET"]),
            Route("/review", self.decide, methods=["POST"]),
        ]

    async def screen(self, request: Request) -> Response:
        """Show the pairs that wait, the oldest first."""
        listed = await self._behind.read(pairs.to_review, 0, SHOWN)
        count = await self._behind.read(pairs.count)
        needs = await self._behind.read(standing.needs)
        return self._looks.page(request, "review.html", listed=listed, count=count, needs=needs)

    async def more(self, request: Request) -> Response:
        """Send the pairs that come after one."""
        after = number(text_of(request, "after"))
        listed = await self._behind.read(pairs.to_review, after, SHOWN)
        text = self._looks.part("review_pairs.html", listed=listed, is_owner=is_owner(request))
        return Response(text, media_type="text/html")

    async def decide(self, request: Request) -> Response:
        """Take one decision, or take one back; whoever may only look may not have one paid."""
        given = await own_fields(request, self._keyring)
        way, _, about = given.get("one", [""])[0].partition(":")
        if way not in WAYS:
            raise HTTPException(400, "This page does not know that button.")
        session = signed_in(request)
        if way == "redo":
            require_owner(request)
        wish = {"jobs": [number(about)], "by": f"{session.role.value} on the page"}
        is_asked_by_script = "text/html" not in request.headers.get("accept", "")
        try:
            lines = await self._behind.grant(way, wish)
        except HotfolderError as error:
            if is_asked_by_script:
                return PlainTextResponse(str(error), 409)
            lines = [str(error)]
        if is_asked_by_script:
            return PlainTextResponse("\n".join(lines))
        self._looks.tell(session, lines)
        return RedirectResponse("/review", 303)
