"""The one HTTP client. Every call is made once; whoever calls decides about another.

The submit is the call that costs money. It gets a fresh connection (a kept-alive one that the
server has just closed would manufacture doubt), follows no redirects and is never repeated here.
`patience` limits every call in time and size; `sending` says what is known after a call that
failed; `links` fetches what results lie behind.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from hotfolder.domain.errors import NotSent, RemoteError, Unanswered
from hotfolder.domain.failpoints import Failpoint, no_failpoint
from hotfolder.domain.jobs import Estimate
from hotfolder.domain.redaction import Redactor
from hotfolder.runninghub import putting, wire
from hotfolder.runninghub.fields import Answer
from hotfolder.runninghub.forms import FileForm
from hotfolder.runninghub.hearing import NOT_PACKED, Hearing
from hotfolder.runninghub.links import Links
from hotfolder.runninghub.patience import Patience
from hotfolder.runninghub.sending import Trace, translated

PATIENCE = Patience()
RUNS = "run/"
TRUSTED_BY = ("SSL_CERT_FILE", "SSL_CERT_DIR")

Transport = httpx.AsyncBaseTransport

Heard = Callable[[str, Answer | None], None]


class Client:
    """Speaks to one site with one key.

    `base_url` ends with /openapi/v2. `failpoint` is passed `submit.sending` and `CALL.answered`
    for every call; `transport` carries them, None = the network. `redactor` learns the key, and
    takes what it knows out of every answer before anybody reads it.

    Raises ValueError for a key that no header can carry: the error that HTTP raises quotes it.
    """

    def __init__(
        self,
        base_url: str,
        key: SecretStr,
        *,
        patience: Patience = PATIENCE,
        failpoint: Failpoint = no_failpoint,
        transport: Transport | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        headers = _authorization(key) | NOT_PACKED
        self._base = base_url.rstrip("/")
        parts = urlsplit(self._base)
        self.site = f"{parts.scheme}://{parts.netloc}"
        self._key = key
        self._redactor = redactor or Redactor()
        self._redactor.learn(key.get_secret_value())
        self._failpoint = failpoint
        self._patience = patience
        self._transport = transport
        self._listeners: list[Heard] = []
        context = _trusting(*map(os.environ.get, TRUSTED_BY))
        # The whole of each call is limited where it is made.
        timeout = httpx.Timeout(None, connect=patience.connect_s, write=patience.stall_s)
        self._free = httpx.AsyncClient(
            headers=headers, timeout=timeout, verify=context, transport=transport
        )
        self._paid = httpx.AsyncClient(
            headers=headers,
            timeout=timeout,
            limits=httpx.Limits(max_keepalive_connections=0),
            follow_redirects=False,
            verify=context,
            transport=transport,
        )
        host = parts.hostname or ""
        self._links = Links(host, patience=patience, context=context, transport=transport)

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
        self._redactor.learn(key.get_secret_value())
        header = _authorization(key)
        self._free.headers.update(header)
        self._paid.headers.update(header)
        return True

    async def aclose(self) -> None:
        """Close all connections."""
        await self._free.aclose()
        await self._paid.aclose()
        await self._links.aclose()

    async def upload(self, file: BinaryIO, name: str, media_type: str) -> wire.Upload:
        """Upload an open file from its beginning; free, and harmless to repeat.

        It must stay open and as it is until then. Raises NotSent, Unanswered, Busy, Refused,
        AccountHold.
        """
        form = FileForm(file, name, media_type)
        answer = await self._ask(
            "upload",
            "POST",
            "/media/upload/binary",
            is_large=True,
            content=form.pieces(),
            headers=form.headers,
        )
        return wire.uploaded(answer)

    async def submit(
        self, endpoint: str, body: dict[str, Any], password: SecretStr | None = None
    ) -> str:
        """Submit an edit and return its task id. This is the paid call.

        `password` is what an app asks for. A workflow that brings its own JSON along goes to the
        older call, the only one that is known to read that.

        Raises NotSent, Busy, Refused, AccountHold, RuleHold (certainly not accepted) or
        Unanswered (nobody knows). A cancellation is answered with what is known, too.
        """
        trace, hearing = Trace(), Hearing(self._patience.answer_bytes)
        self._failpoint("submit.sending")
        try:
            with self._heard_if_none("submit"), translated("submit", trace):
                async with asyncio.timeout(self._patience.submit_s):
                    url, whole = self._placed(endpoint, body, password)
                    await _exchange(self._paid, hearing, trace, "POST", url, json=whole)
        except (asyncio.CancelledError, Unanswered) as error:
            task_id = wire.task_id_in_ruins(hearing.heard.body)
            if not task_id:
                raise _known_of(error, trace) from None
            return task_id
        self._failpoint("submit.answered")
        is_run = endpoint.startswith(RUNS)
        return wire.submitted_task(self._told("submit", hearing.heard), is_run=is_run)

    def _placed(
        self, endpoint: str, body: dict[str, Any], password: SecretStr | None
    ) -> tuple[str, dict[str, Any]]:
        """Return where a submit goes and what is sent: secrets come to it only here."""
        if password is not None:
            self._redactor.learn(password.get_secret_value())
            body = body | {"accessPassword": password.get_secret_value()}
        if not (endpoint.startswith(RUNS) and "workflow" in body):
            return f"{self._base}/{endpoint}", body
        named = {"apiKey": self._key.get_secret_value(), "workflowId": endpoint.rpartition("/")[2]}
        return f"{self.site}/task/openapi/create", named | body

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

    async def ask(
        self,
        call: str,
        method: str,
        path: str,
        *,
        says_key: str,
        **content: dict[str, str],
    ) -> Answer:
        """Make one of the site's free calls that carry the key as `says_key` beside what is said.

        Raises NotSent, Unanswered.
        """
        named = {says_key: self._key.get_secret_value()}
        said: dict[str, Any] = {how: named | what for how, what in content.items()}
        return await self._ask(call, method, f"{self.site}{path}", **said)

    async def put(self, link: str, file: Path) -> None:
        """Put a file behind a signed link, which never sees the key; see `putting.put`."""
        await putting.put(
            link,
            file,
            site=self.site,
            context=_trusting(*map(os.environ.get, TRUSTED_BY)),
            patience=self._patience,
            transport=self._transport,
        )

    async def _ask(
        self,
        call: str,
        method: str,
        place: str,
        *,
        is_large: bool = False,
        **content: Any,  # noqa: ANN401  passed on to httpx
    ) -> Answer:
        """Make a free call; the time of one that is large begins when all of it has left."""
        url = f"{self._base}{place}" if place.startswith("/") else place
        hearing, call_s = Hearing(self._patience.answer_bytes), self._patience.call_s
        limit = asyncio.timeout(None if is_large else call_s)

        def await_answer() -> None:
            if is_large:
                limit.reschedule(asyncio.get_running_loop().time() + call_s)

        trace = Trace(await_answer)
        with self._heard_if_none(call), translated(call, trace):
            async with limit:
                await _exchange(self._free, hearing, trace, method, url, **content)
        self._failpoint(f"{call}.answered")
        return self._told(call, hearing.heard)

    @contextmanager
    def _heard_if_none(self, call: str) -> Iterator[None]:
        try:
            yield
        except RemoteError:
            self._tell(call, None)
            raise

    def _told(self, call: str, answer: Answer) -> Answer:
        safe = replace(answer, body=self._redactor.body(answer.body))
        self._tell(call, safe)
        return safe

    def _tell(self, call: str, answer: Answer | None) -> None:
        for heard in self._listeners:
            heard(call, answer)


@cache
def _trusting(*_named: str | None) -> ssl.SSLContext:
    """Return whom this machine trusts, or whom its environment names instead.

    It is read from the disk once for all clients.
    """
    return httpx.create_ssl_context()


async def _exchange(
    http: httpx.AsyncClient,
    hearing: Hearing,
    trace: Trace,
    method: str,
    url: str,
    **content: Any,  # noqa: ANN401  passed on to httpx
) -> None:
    async with http.stream(method, url, extensions={"trace": trace}, **content) as response:
        await hearing.hear(response)


def _known_of(error: BaseException, trace: Trace) -> RemoteError:
    """Return what is known of a submit that ended without a whole answer."""
    if isinstance(error, Unanswered):
        return error
    if trace.sent:
        return Unanswered("submit: stopped before the answer came")
    return NotSent("submit: stopped before it was sent")


def _authorization(key: SecretStr) -> dict[str, str]:
    secret = key.get_secret_value()
    if not (secret.isascii() and secret.isprintable()) or " " in secret or not secret:
        raise ValueError("the API key holds characters that no API key has")
    return {"authorization": f"Bearer {secret}"}
