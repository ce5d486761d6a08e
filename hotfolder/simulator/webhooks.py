"""Callbacks: a POST at the end of each task whose submit named a `webhookUrl`.

Source: the project's collected facts on the RunningHub API, section 7. They are not signed, and are
repeated when the receiver fails or is slow. Only loopback addresses are called, and those of
`webhook_network`: a stand-in must call nobody else.
"""

from __future__ import annotations

import asyncio
import json
from functools import partial
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from hotfolder.simulator.answers import Json, envelope, envelope_error
from hotfolder.simulator.tasks import Task, query_answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hotfolder.simulator.callbacks import Event
    from hotfolder.simulator.faults import Fault
    from hotfolder.simulator.service import Simulator

LOOK_S = 0.02
ANSWER_TIMEOUT_S = 5.0
NOBODYS_TASK = "1000000000000000001"
Post: TypeAlias = "Callable[[str, bytes], Awaitable[bool]]"
UNREADABLE = b'{"event":"TASK_END","taskId":"10000'


class Webhooks:
    """Sends the callbacks of one simulator; none holds up another, nor any answer.

    site: what the links in them start with. post: sends a body to an address and returns
    whether it was answered with success. look_s: how often it is looked for ends.
    """

    def __init__(
        self, simulator: Simulator, site: str, post: Post | None = None, look_s: float = LOOK_S
    ) -> None:
        self._simulator = simulator
        self._site = site
        self._post = post or partial(_post, simulator.settings.webhook_network)
        self._look_s = look_s

    async def run(self) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as sending:
            while True:
                for task in self._simulator.to_call_back():
                    sending.create_task(self._call_back(task))
                for event, url in self._simulator.callbacks.wished():
                    sending.create_task(self._send_again(event, url))
                await asyncio.sleep(self._look_s)

    async def _call_back(self, task: Task) -> None:
        """Send one callback, with whatever faults are drawn for it."""
        hits = self._simulator.arrive("webhook", task.order.prompt)
        if hits.delay is not None:
            await asyncio.sleep(hits.delay.seconds)
        callbacks, now = self._simulator.callbacks, self._simulator.now()
        for content in self._contents(task, hits.wire):
            event = callbacks.begin(task.task_id, task.webhook, content, now)
            await self._send(event)

    def _contents(self, task: Task, fault: Fault | None) -> list[bytes]:
        settings = self._simulator.settings
        answer = query_answer(task, self._simulator.now(), self._site, settings)
        told = _written(task, answer, settings.webhook_form)
        match fault.kind if fault else None:
            case "missing":
                return []
            case "twice":
                return [told, told]
            case "garbage":
                return [UNREADABLE]
            case "wrong_task":
                return [told.replace(task.task_id.encode(), NOBODYS_TASK.encode()), told]
        return [told]

    async def _send_again(self, event: Event, url: str) -> None:
        event.retries += 1
        event.heard = await self._post(url, event.content)
        self._simulator.count("webhook_heard" if event.heard else "webhook_given_up")

    async def _send(self, event: Event) -> None:
        for tried in range(1, self._simulator.settings.webhook_tries + 1):
            event.retries = tried - 1
            if await self._post(event.url, event.content):
                event.heard = True
                self._simulator.count("webhook_heard")
                return
            if tried < self._simulator.settings.webhook_tries:
                await asyncio.sleep(self._simulator.settings.webhook_retry_s)
        self._simulator.count("webhook_given_up")


def _written(task: Task, answer: Json, form: str) -> bytes:
    """Return the body: `eventData` as JSON text of the older form, or as an object like a query."""
    body: Json = {"event": "TASK_END", "taskId": task.task_id}
    body["eventData"] = answer if form == "object" else json.dumps(_older(answer))
    return json.dumps(body).encode()


def _older(answer: Json) -> Json:
    results = answer["results"]
    if not isinstance(results, list):
        return envelope_error(str(answer["errorCode"]) or "1")
    return envelope(
        [
            {
                "fileUrl": result["url"],
                "fileType": result["outputType"],
                "taskCostTime": "0",
                "nodeId": result["nodeId"],
            }
            for result in results
        ]
    )


async def _post(network: str, url: str, content: bytes) -> bool:
    """Return whether the receiver answered with success in time."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not _may_be_called(parts.hostname or "", network):
        return False
    lines = [
        f"POST {parts.path or '/'}{'?' if parts.query else ''}{parts.query} HTTP/1.1",
        f"Host: {parts.netloc}",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
        "Connection: close",
    ]
    head = "\r\n".join([*lines, "", ""]).encode()
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
            try:
                writer.write(head + content)
                status_line = await reader.readline()
            finally:
                writer.close()
    except (OSError, ValueError, TimeoutError):
        return False
    return status_line.split()[1:2] in ([b"200"], [b"204"])


def _may_be_called(host: str, network: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or (bool(network) and address in ip_network(network))
