"""The service's older calls, all of them free: what there is to run, LoRA files, callbacks.

They carry the key in their body, one in its query string, and answer in envelopes. A LoRA goes
as it is to a signed link, which never sees the key.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hotfolder.domain.errors import Refused
from hotfolder.domain.failures import Failure
from hotfolder.runninghub import fields, run_tables
from hotfolder.runninghub.client import Client
from hotfolder.runninghub.fields import Answer
from hotfolder.runninghub.refusals import free_call_error
from hotfolder.runninghub.run_tables import NoWorkflow
from hotfolder.runninghub.runs import Node

KEY: Final = "apiKey"
NO_EVENT: Final = "1"
LORA_ENDING: Final = ".safetensors"

Told = dict[str, tuple[Node, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runnable:
    """An app or a workflow as the service tells it: its name, and its nodes with their values.

    `asks_password`: whoever runs it needs its author's password.
    """

    name: str
    nodes: Told
    asks_password: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """What became of a task's callback."""

    id: str
    address: str
    heard: bool
    retries: str
    at: str


async def app(client: Client, run_id: str) -> Runnable:
    """Ask for an app's nodes. Raises NotSent, Unanswered, Busy, Refused, Held."""
    path, asked = "/api/webapp/apiCallDemo", {"webappId": run_id}
    answer = await client.ask("app_nodes", "GET", path, says_key=KEY, params=asked)
    found = _data(answer)
    return Runnable(
        name=fields.text(found.get("webappName")),
        nodes=run_tables.of_app(found.get("nodeInfoList")),
        asks_password=found.get("accessEncrypted") is True,
    )


async def workflow(client: Client, run_id: str) -> Runnable:
    """Ask for a workflow's nodes. Raises NotSent, Unanswered, Busy, Refused, Held."""
    body = {"workflowId": run_id}
    path = "/api/openapi/getJsonApiFormat"
    answer = await client.ask("workflow_json", "POST", path, says_key=KEY, json=body)
    try:
        whole = run_tables.workflow(fields.text(_data(answer).get("prompt")))
    except NoWorkflow as error:
        raise Refused(
            Failure("workflow_wrong", f"The workflow cannot be read: {error}.", "")
        ) from None
    return Runnable(name="", nodes=run_tables.of_workflow(whole))


async def callback(client: Client, task_id: str) -> Callback | None:
    """Ask what became of a task's callback, None where the service knows of none.

    Raises NotSent, Unanswered, Busy, Refused, Held.
    """
    body = {"taskId": task_id}
    path = "/task/openapi/getWebhookDetail"
    answer = await client.ask("webhook_detail", "POST", path, says_key=KEY, json=body)
    if fields.code_and_words(fields.parsed(answer.body))[0] == NO_EVENT:
        return None
    found = _data(answer)
    return Callback(
        id=fields.scalar(found.get("id")),
        address=fields.text(found.get("webhookUrl")),
        heard=fields.text(found.get("callbackStatus")).upper() == "SUCCESS",
        retries=fields.scalar(found.get("retryCount")),
        at=fields.text(found.get("updateTime")),
    )


async def resend(client: Client, told: Callback) -> None:
    """Have a callback sent again to where it went.

    Raises NotSent, Unanswered, Busy, Refused, Held.
    """
    body = {"webhookId": told.id, "webhookUrl": told.address}
    answer = await client.ask(
        "webhook_resend", "POST", "/task/openapi/retryWebhook", says_key=KEY, json=body
    )
    _require_success(answer)


async def lora(client: Client, file: Path, expected: str | None = None) -> str:
    """Upload a LoRA, and return the name that nodes know it by; it may have to be of an MD5.

    Raises OSError, ValueError for what is no LoRA, NotSent, Unanswered, Busy, Refused, Held.
    """
    md5, size = await asyncio.to_thread(_summed, file)
    if file.suffix.casefold() != LORA_ENDING:
        raise ValueError(f"{file.name} is no LoRA: its name must end with {LORA_ENDING}")
    if not size:
        raise ValueError(f"{file.name} is empty (0 bytes): copy it again")
    if expected not in (None, md5):
        raise ValueError(f"{file.name} is another file now")
    body = {"loraName": file.stem, "md5Hex": md5}
    answer = await client.ask(
        "lora", "POST", "/api/openapi/getLoraUploadUrl", says_key=KEY, json=body
    )
    found = _data(answer)
    name, link = fields.text(found.get("fileName")), fields.text(found.get("url"))
    if not name:
        raise free_call_error(answer, fields.parsed(answer.body))
    if link:
        await client.put(link, file)
    return name


def _summed(file: Path) -> tuple[str, int]:
    with file.open("rb") as stream:
        md5 = hashlib.file_digest(stream, "md5").hexdigest()
        return md5, stream.tell()


def _data(answer: Answer) -> Mapping[str, Any]:
    body = fields.parsed(answer.body)
    found = body.get("data") if isinstance(body, dict) else None
    if isinstance(found, dict) and fields.code_and_words(body)[0] in ("0", "200", ""):
        return found
    raise free_call_error(answer, body)


def _require_success(answer: Answer) -> None:
    body = fields.parsed(answer.body)
    if not isinstance(body, dict) or fields.code_and_words(body)[0] not in ("0", "200"):
        raise free_call_error(answer, body)
