"""The one HTTP client. Every call is made once; whoever calls decides about another.

The submit is the call that costs money. It gets a fresh connection (a kept-alive one that the
server has just closed would manufacture doubt), follows no redirects and is never repeated here.
`sending` says what is known after a call that failed; `links` fetches what results lie behind.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from hotfolder.domain.errors import NotSent, RemoteError, Unanswered
from hotfolder.domain.failpoints import Failpoint, no_failpoint
from hotfolder.domain.jobs import Estimate
from hotfolder.runninghub import wire
from hotfolder.runninghub.fields import Answer
from hotfolder.runninghub.links import Links
from hotfolder.runninghub.sending import Trace, translated

CONNECT_TIMEOUT_S = 15.0
FREE_TIMEOUT_S = 60.0
SUBMIT_TIMEOUT_S = 120.0
SLOWEST_ANSWER = 2.0  # times the time-out, which holds for every read: a server may drip

Transport = httpx.AsyncBaseTransport

Heard = Callable[[str, Answer | None], None]


class Client:
    """Speaks to one site with one key.

    `base_url` ends with /openapi/v2. `submit_timeout_s` is how long an answer to a paid call is
    waited for. `failpoint` is passed `submit.sending` and `CALL.answered` for every call;
    `transport` carries them, None = the network.

    Raises ValueError for a key that no header can carry: the error that HTTP raises quotes it.
    """

    def __init__(
        self,
        base_url: str,
        key: SecretStr,
        *,
        submit_timeout_s: float = SUBMIT_TIMEOUT_S,
        failpoint: Failpoint = no_failpoint,
        transport: Transport | None = None,
    ) -> None:
        headers = _authorization(key)
        self._base = base_url.rstrip("/")
        parts = urlsplit(self._base)
        self.site = f"{parts.scheme}://{parts.netloc}"
        self._key = key
        self._failpoint = failpoint
        self._submit_timeout_s = submit_timeout_s
        self._listeners: list[Heard] = []
        context = _trusting()
        timeout = httpx.Timeout(FREE_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
        self._free = httpx.AsyncClient(
            headers=headers, timeout=timeout, verify=context, transport=transport
        )
        self._paid = httpx.AsyncClient(
            headers=headers,
            timeout=httpx.Timeout(submit_timeout_s, connect=CONNECT_TIMEOUT_S),
            limits=httpx.Limits(max_keepalive_connections=0),
            follow_redirects=False,
            verify=context,
            transport=transport,
        )
        host = parts.hostname or ""
        self._links = Links(host, timeout=timeout, context=context, transport=transport)

    def listen(self, heard: Heard) -> None:
        """Have the name and answer of every call passed to `heard`, None for one without.

        Links to results are left out: they lead to other machines.
        """
        self._listeners.append(heard)

    def use_key(self, key: SecretStr) -> bool:
        """Use another key from now on; returns whether it is another. Raises ValueError."""
        if key == self._key:
            return False
        self._key = key
        header = _authorization(key)
        self._free.headers.update(header)
        self._paid.headers.update(header)
        return True

    async def aclose(self) -> None:
        """Close all connections."""
        await self._free.aclose()
        await self._paid.aclose()
        await self._links.aclose()

    async def upload(self, content: bytes, name: str, media_type: str) -> wire.Upload:
        """Upload a file; free, and harmless to repeat.

        Raises NotSent, Unanswered, Busy, Refused, AccountHold.
        """
        files = {"file": (name.encode(errors="replace").decode(), content, media_type)}
        answer = await self._ask("upload", "POST", "/media/upload/binary", files=files)
        return wire.uploaded(answer)

    async def submit(self, endpoint: str, body: dict[str, Any]) -> str:
        """Submit an edit and return its task id. This is the paid call.

        Raises NotSent, Busy, Refused, AccountHold, RuleHold (certainly not accepted) or
        Unanswered (nobody knows). A cancellation is answered with what is known, too.
        """
        trace = Trace()
        self._failpoint("submit.sending")
        try:
            async with asyncio.timeout(SLOWEST_ANSWER * self._submit_timeout_s):
                with self._heard_if_none("submit"), translated("submit", trace):
                    response = await self._paid.post(
                        f"{self._base}/{endpoint}", json=body, extensions={"trace": trace}
                    )
        except (asyncio.CancelledError, TimeoutError):
            if trace.sent:
                raise Unanswered("submit: stopped before the answer came") from None
            raise NotSent("submit: stopped before it was sent") from None
        self._failpoint("submit.answered")
        return wire.submitted_task(self._answer("submit", response))

    async def query(self, task_id: str) -> wire.TaskReport:
        """Ask for a task. Raises NotSent, Unanswered, Busy: all mean that it is asked again."""
        answer = await self._ask("query", "POST", "/query", json={"taskId": task_id})
        return wire.task_report(answer)

    async def download(self, url: str, write: Callable[[bytes], object], *, limit: int) -> None:
        """Pass a result's bytes to `write`, in a thread, chunk by chunk; see `Links.fetch`.

        Raises LinkGone, LinkForbidden, Busy, NotSent, Unanswered. Result links never see the key.
        """
        await self._links.fetch(url, write, limit=limit)
        self._failpoint("download.answered")

    async def queue(self) -> wire.Queue:
        """Ask how many tasks the account may have and has.

        Raises NotSent, Unanswered.
        """
        return wire.queue(await self._ask("queue", "GET", "/queue/status"))

    async def account(self) -> wire.Account:
        """Ask for the wallet. Raises NotSent, Unanswered, Busy, AccountHold."""
        body = {"apikey": self._key.get_secret_value()}
        return wire.account(
            await self._ask("account", "POST", f"{self.site}/uc/openapi/accountStatus", json=body)
        )

    async def price_preview(self, endpoint: str, body: dict[str, Any]) -> Estimate | None:
        """Ask what a submit would be charged, which is free; None where the service has no price.

        Raises NotSent, Unanswered, Busy, Refused, AccountHold.
        """
        place = f"/price-preview/{endpoint}"
        return wire.price_preview(await self._ask("price", "POST", place, json=body))

    async def cancel(self, task_id: str) -> bool:
        """Ask the service to cancel a task; returns whether it took the wish.

        Raises NotSent, Unanswered.
        """
        body = {"apiKey": self._key.get_secret_value(), "taskId": task_id}
        url = f"{self.site}/task/openapi/cancel"
        return wire.cancel_accepted(await self._ask("cancel", "POST", url, json=body))

    async def _ask(self, call: str, method: str, place: str, **content: Any) -> Answer:  # noqa: ANN401  passed on to httpx
        url = f"{self._base}{place}" if place.startswith("/") else place
        trace = Trace()
        with self._heard_if_none(call), translated(call, trace):
            response = await self._free.request(method, url, extensions={"trace": trace}, **content)
        self._failpoint(f"{call}.answered")
        return self._answer(call, response)

    @contextmanager
    def _heard_if_none(self, call: str) -> Iterator[None]:
        try:
            yield
        except RemoteError:
            self._tell(call, None)
            raise

    def _answer(self, call: str, response: httpx.Response) -> Answer:
        answer = Answer(response.status_code, response.headers, response.content)
        self._tell(call, answer)
        return answer

    def _tell(self, call: str, answer: Answer | None) -> None:
        for heard in self._listeners:
            heard(call, answer)


@cache
def _trusting() -> ssl.SSLContext:
    """Return whom this machine trusts, read from the disk once for all clients."""
    return httpx.create_ssl_context()


def _authorization(key: SecretStr) -> dict[str, str]:
    secret = key.get_secret_value()
    if not (secret.isascii() and secret.isprintable()) or " " in secret or not secret:
        raise ValueError("the API key holds characters that no API key has")
    return {"authorization": f"Bearer {secret}"}
