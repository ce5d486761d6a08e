"""Asking the service for the account, which is free."""

from __future__ import annotations

import asyncio

from pydantic import SecretStr

from hotfolder.cli.redacting import REDACTOR
from hotfolder.domain.errors import NotSent, RemoteError
from hotfolder.runninghub.client import Client
from hotfolder.runninghub.wire import Account


def account(base_url: str, key: SecretStr) -> Account:
    """Return the account of a key; blocks. Raises Held for one that is refused, RemoteError."""
    return asyncio.run(_account(base_url, key))


def why(error: RemoteError, base_url: str) -> str:
    """Return why the service gave no answer, and what to do about it."""
    if isinstance(error, NotSent):
        return f"nothing is reached at {base_url} ({error}). Check the network and api.base_url."
    return f"{error}. Try again later."


async def _account(base_url: str, key: SecretStr) -> Account:
    client = Client(base_url, key, redactor=REDACTOR)
    try:
        return await client.account()
    finally:
        await client.aclose()
