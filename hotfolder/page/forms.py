"""What comes in by a form or an address, read strictly."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Final
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from hotfolder.page.keys import Keyring, Role, Session

# Whoever sends no form, or no further part of a file, within this is not listened to any longer.
PATIENCE_S: Final = 20.0
LONGEST_TEXT: Final = 200
MOST_FIELDS: Final = 2000
_LARGEST: Final = 2**63


async def fields(request: Request) -> dict[str, list[str]]:
    """Return the fields of a form. Raises HTTPException."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            body = await request.body()
    except (TimeoutError, ClientDisconnect) as error:
        raise HTTPException(408, "The form did not come.") from error
    try:
        return parse_qs(body.decode("ascii"), max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise HTTPException(400, "This is not a form.") from error


async def own_fields(request: Request, keyring: Keyring) -> dict[str, list[str]]:
    """Return the fields of a form that the session's own page sent. Raises HTTPException."""
    found = await fields(request)
    require_token(request, keyring, found.get("token", [""])[0])
    return found


def require_token(request: Request, keyring: Keyring, token: str) -> None:
    """Raise HTTPException unless a token is that of the session's own page."""
    if not keyring.is_form_token(signed_in(request), token):
        raise HTTPException(403, "This form is from an older page. Load it again and repeat.")


def signed_in(request: Request) -> Session:
    """Return who asks. Raises HTTPException."""
    session: Session | None = request.state.session
    if session is None:
        raise HTTPException(401, "Sign in first.")
    return session


def is_owner(request: Request) -> bool:
    """Whether the owner asks, who may do everything."""
    session: Session | None = request.state.session
    return session is not None and session.role is Role.OWNER


def require_owner(request: Request) -> None:
    """Raise HTTPException where somebody may only look."""
    signed_in(request)
    if not is_owner(request):
        raise HTTPException(403, "Your link lets you look, and nothing else.")


def number(text: str) -> int:
    """Return a number as the journal gives them. Raises HTTPException."""
    if not (text.isascii() and text.isdecimal() and len(text) < len(str(_LARGEST))):
        raise HTTPException(404, "There is nothing of that number.")
    return int(text)


def text_of(request: Request, name: str) -> str:
    """Return a parameter of the address, cut where it is longer than people type."""
    return request.query_params.get(name, "").strip()[:LONGEST_TEXT]


def day_of(request: Request, name: str) -> date | None:
    """Return a day of the address, None where it is none."""
    try:
        return date.fromisoformat(text_of(request, name))
    except ValueError:
        return None
