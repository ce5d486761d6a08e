"""Granting an operator's wish without a daemon: under its lock, by this process itself."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from hotfolder import config, key
from hotfolder.cli.configured import other_user, own_state
from hotfolder.cli.redacting import REDACTOR
from hotfolder.control.control import Control
from hotfolder.domain.errors import OperatorError
from hotfolder.journal import recovery
from hotfolder.journal.connection import FILE_NAME
from hotfolder.journal.journal import Journal
from hotfolder.runninghub.client import Client


def grant(wanted: config.Config, action: str, wish: dict[str, Any]) -> list[str]:
    """Grant a wish and return what came of it; blocks.

    Raises OperatorError where it cannot be done, JournalError.
    """
    return asyncio.run(_grant(wanted, action, wish))


async def _grant(wanted: config.Config, action: str, wish: dict[str, Any]) -> list[str]:
    with own_state(wanted):
        known = wanted.state_dir if wanted.journal.url else wanted.state_dir / FILE_NAME
        if not known.exists():
            raise OperatorError("there are no jobs yet: nothing has run here")
        if wanted.state_dir.stat().st_uid != os.geteuid():
            raise other_user(wanted)
    try:
        found = key.find(os.environ, wanted.api.key_file)
        client = Client(wanted.api.base_url, found, redactor=REDACTOR)
    except key.KeyProblem:
        client = None
    try:
        with Journal(wanted.state_dir, wanted.journal.url, redact=REDACTOR.text) as journal:
            await journal.run(recovery.recover)
            acting = Control(journal, client, watch=wanted.watch_named)
            return await acting.grant(action, wish)
    finally:
        if client is not None:
            await client.aclose()
