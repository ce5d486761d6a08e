"""Asking the service for the account, which is free."""

from __future__ import annotations

import asyncio

from pydantic import SecretStr

from hotfolder.cli.redacting import REDACTOR
from hotfolder.runninghub.client import Client
from hotfolder.runninghub.wire import Account


def account(base_url: str, key: SecretStr) -> Account:
    """Return the account of a key; blocks. Raises Held for one that is refused, RemoteError."""
    return asyncio.run(_account(base_url, key))


async def _account(base_url: str, key: SecretStr) -> Account:
    client = Client(base_url, key, redactor=REDACTOR)
    try:
        return await client.account()
    finally:
        await client.aclose()
