"""Asking the service for the account, which is free."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

import typer
from pydantic import SecretStr

from hotfolder import config, key
from hotfolder.cli.ending import ExitCode, complain
from hotfolder.cli.redacting import REDACTOR
from hotfolder.domain.errors import (
    Busy,
    Held,
    NotSent,
    OperatorError,
    Refused,
    RemoteError,
    Unanswered,
)
from hotfolder.domain.failures import Failure
from hotfolder.runninghub.client import Client
from hotfolder.runninghub.wire import Account

T = TypeVar("T")


def account(base_url: str, key: SecretStr) -> Account:
    """Return the account of a key; blocks. Raises Held for one that is refused, RemoteError."""
    return asyncio.run(_account(base_url, key))


def asked(wanted: config.Config, ask: Callable[[Client], Awaitable[T]]) -> T:
    """Return what the service answers to a free question; blocks.

    Ends the command where the account is refused. Raises KeyProblem, and OperatorError for whatever
    else keeps it from an answer.
    """
    found = key.find(os.environ, wanted.api.key_file)
    REDACTOR.learn(found.get_secret_value())

    async def answered() -> T:
        client = Client(wanted.api.base_url, found, redactor=REDACTOR)
        try:
            return await ask(client)
        finally:
            await client.aclose()

    try:
        return asyncio.run(answered())
    except Held as error:
        complain(OperatorError(_words(error.failure)))
        raise typer.Exit(ExitCode.REFUSED) from error
    except Refused as error:
        raise OperatorError(_words(error.failure)) from error
    except (NotSent, Unanswered, Busy) as error:
        raise OperatorError(why(error, wanted.api.base_url)) from error


def _words(failure: Failure) -> str:
    return f"{failure.message} {failure.hint}".strip()


def why(error: RemoteError, base_url: str) -> str:
    """Return why the service gave no answer, and what to do about it."""
    if isinstance(error, NotSent):
        why = str(error).partition(": ")[2] or str(error)
        return f"nothing is reached at {base_url}: {why}. Check the network and api.base_url."
    return f"{error}. Try again later."


async def _account(base_url: str, key: SecretStr) -> Account:
    client = Client(base_url, key, redactor=REDACTOR)
    try:
        return await client.account()
    finally:
        await client.aclose()
