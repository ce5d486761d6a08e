"""The buttons: each is one of the operator's actions, the same as on the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from hotfolder.domain.errors import HotfolderError
from hotfolder.page.behind import Behind
from hotfolder.page.forms import number, own_fields, require_owner, signed_in
from hotfolder.page.keys import Keyring
from hotfolder.page.looks import Looks

Wish = tuple[str, dict[str, Any]]


def _watch(name: str) -> str | None:
    return name or None


# Each button's way, and the wish that it stands for; `about` is a job's number or a watch.
WAYS: Final[Mapping[str, Callable[[str], Wish]]] = {
    "retry": lambda about: ("retry", {"jobs": [number(about)]}),
    "allow": lambda about: ("release", {"jobs": [number(about)]}),
    "resend": lambda about: ("resolve", {"job": number(about), "resend": True}),
    "abandon": lambda about: ("resolve", {"job": number(about), "abandon": True}),
    "cancel": lambda about: ("cancel", {"jobs": [number(about)]}),
    "release": lambda about: ("release", {"watch": about}),
    "skip": lambda about: ("release", {"watch": about, "skip": True}),
    "pause": lambda about: ("pause", {"watch": _watch(about)}),
    "resume": lambda about: ("resume", {"watch": _watch(about)}),
}
_OF_JOBS: Final = frozenset({"retry", "allow", "resend", "abandon", "cancel"})


class Acting:
    """Takes what the buttons send."""

    def __init__(self, behind: Behind, looks: Looks, keyring: Keyring) -> None:
        self._behind = behind
        self._looks = looks
        self._keyring = keyring

    def routes(self) -> list[Route]:
        """Return what is served."""
        return [Route("/act", self.act, methods=["POST"])]

    async def act(self, request: Request) -> Response:
        """Grant the wish of one button, or the same for all that are chosen."""
        given = await own_fields(request, self._keyring)
        require_owner(request)
        lines: list[str] = []
        for action, wish in _wishes(given):
            try:
                lines += await self._behind.grant(action, wish)
            except HotfolderError as error:
                lines.append(str(error))
        self._looks.tell(signed_in(request), lines or ["Nothing was chosen."])
        return RedirectResponse(_back(given), 303)


def _wishes(given: Mapping[str, list[str]]) -> list[Wish]:
    """Return the wishes of a form. Raises HTTPException for what no page of ours sends."""
    if "one" in given:
        way, _, about = given["one"][0].partition(":")
        chosen = [about]
        if way == "task":
            task_id = given.get(f"task-{about}", [""])[0].strip()
            return [("resolve", {"job": number(about), "task_id": task_id})]
    else:
        way, chosen = given.get("all", [""])[0], given.get("chosen", [])
        if way not in _OF_JOBS:
            raise HTTPException(400, "This page does not know that button.")
    if way not in WAYS:
        raise HTTPException(400, "This page does not know that button.")
    return [WAYS[way](about) for about in chosen]


def _back(given: Mapping[str, list[str]]) -> str:
    """Return the page of ours that the button was on."""
    wanted = urlsplit(given.get("back", ["/"])[0])
    is_ours = not wanted.scheme and not wanted.netloc and wanted.path.startswith("/")
    is_plain = not wanted.path.startswith("//") and "\\" not in wanted.path
    path = wanted.path if is_ours and is_plain and wanted.path.isprintable() else "/"
    return f"{path}?{wanted.query}" if wanted.query else path
