"""The service's calls as HTTP: reads requests, asks the `Simulator`, writes answers.

Every call goes through `Exchange.answer`, the one place where faults take hold.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from email.utils import formatdate
from functools import partial
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from hotfolder.simulator.admin import routes as admin_routes
from hotfolder.simulator.answers import Form, Json, RefusedError, Reply, envelope, message, refusal
from hotfolder.simulator.catalog import is_known
from hotfolder.simulator.echoing import echoing
from hotfolder.simulator.edit import UnreadablePictureError
from hotfolder.simulator.effects import TELLING, spoil
from hotfolder.simulator.files import file_answer, gone_answer
from hotfolder.simulator.nodes import text_of
from hotfolder.simulator.older import Older
from hotfolder.simulator.older import routes as older_routes
from hotfolder.simulator.requests import checked_body, file_part, json_body, prompt
from hotfolder.simulator.tasks import RESULT_PATH

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from hotfolder.simulator.faults import Fault
    from hotfolder.simulator.service import Simulator
    from hotfolder.simulator.tasks import Task

BASE_PATH = "/openapi/v2"
NO_PRICE = "1501"
TEXT_RESULT = {"url": None, "nodeId": "2", "outputType": "txt", "text": "SIMULATED: a remark"}
HTTP_NOT_FOUND = 404


def create_app(simulator: Simulator, stopping: asyncio.Event, site: str) -> ASGIApp:
    """Return the service's application; `stopping` ends the waits of slow answers.

    site: the address it is served at; all links start with it, whatever a request's Host says.
    """
    exchange = Exchange(simulator, stopping, site)
    post, get = ["POST"], ["GET"]
    v2 = BASE_PATH
    app = Starlette(
        routes=[
            *admin_routes(simulator),
            *older_routes(Older(simulator, exchange, site)),
            Route(f"{v2}/media/upload/binary", exchange.upload, methods=post),
            Route(f"{v2}/query", exchange.query, methods=post),
            Route(f"{v2}/queue/status", exchange.queue_status, methods=get),
            Route(f"{v2}/price-preview/{{endpoint:path}}", exchange.price_preview, methods=post),
            Route(f"{v2}/run/{{kind}}/{{run_id}}", exchange.run, methods=post),
            Route(
                f"{v2}/{{endpoint:path}}", exchange.submit, methods=[*post, *get, "DELETE", "PUT"]
            ),
            Route("/uc/openapi/accountStatus", exchange.account, methods=post),
            Route("/task/openapi/cancel", exchange.cancel, methods=post),
            Route(RESULT_PATH + "{name}", exchange.result, methods=get),
            Route("/files/openapi/{name}", exchange.uploaded_file, methods=get),
        ]
    )

    async def until_disconnect(scope: Scope, receive: Receive, send: Send) -> None:
        """Take a client that leaves in the middle of its request as everyday."""
        with suppress(ClientDisconnect):
            inner = echoing(app) if simulator.settings.echo else app
            await inner(scope, receive, dated(send))

    def dated(send: Send) -> Send:
        """Say in every answer what time it is here, as web servers do."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = (b"date", formatdate(simulator.clock(), usegmt=True).encode())
                message["headers"] = [*message.get("headers", ()), date]
            await send(message)

        return sent

    return until_disconnect


class Exchange:
    """One method for each call."""

    def __init__(self, simulator: Simulator, stopping: asyncio.Event, site: str) -> None:
        self._simulator = simulator
        self._site = site
        self._stopping = stopping

    async def answer(
        self,
        call: str,
        text: str,
        act: Callable[[Fault | None], Awaitable[Response]],
        form: Form | None = None,
        note_refusal: Callable[[str], None] = lambda _code: None,
    ) -> Response:
        """Count a request, let faults take hold, and act.

        text: what a rule's `contains` looks in. form: in which refusals are told,
        None for the refusal's own. note_refusal: told the code of each, be it the
        simulator's own or a fault's.
        """
        hits = self._simulator.arrive(call, text)
        if hits.delay is not None:
            await self._pause(hits.delay.seconds)
        if hits.wire is not None and not hits.wire.acts:
            if hits.wire.kind == "code":
                note_refusal(hits.wire.code)
            return spoil(hits.wire, Response())
        try:
            self._simulator.check_rate(call)
            true_answer = await act(hits.fate)
        except RefusedError as error:
            note_refusal(error.code)
            true_answer = refusal(error, form)
        if hits.wire is None:
            return true_answer
        if isinstance(true_answer, Reply) and hits.wire.kind not in TELLING:
            self._simulator.leave_unanswered(true_answer.payload.get("taskId"), call)
        return spoil(hits.wire, true_answer)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    # --- the calls

    async def upload(self, request: Request) -> Response:
        """Take a file: multipart, one part named `file`."""
        part = await file_part(request)
        name, content = part or ("", b"")

        async def act(fate: Fault | None) -> Response:
            del fate
            self._simulator.admit(request.headers.get("authorization"))
            if part is None:
                raise RefusedError("301", "no part named file")
            upload = self._simulator.upload(name, content)
            facts: Json = {
                "type": upload.material.kind,
                "download_url": self._site + upload.link,
                "fileName": upload.file_name,
                "size": str(upload.material.size),
            }
            return Reply(envelope(facts, word="message"))

        return await self.answer("upload", name, act, form="message")

    async def submit(self, request: Request) -> Response:
        """Accept a task or refuse it; a path that is no model's is none at all."""
        endpoint = request.path_params["endpoint"]
        body = await json_body(request)
        if not is_known(endpoint) or request.method != "POST":
            return self._no_path(request)
        submit = partial(self._simulator.submit, endpoint)
        return await self._accepted(request, endpoint, prompt(body), body, submit)

    async def run(self, request: Request) -> Response:
        """Accept a run of an app or a workflow, or refuse it."""
        kind, run_id = request.path_params["kind"], request.path_params["run_id"]
        body = await json_body(request)
        if kind not in ("ai-app", "workflow"):
            return self._no_path(request)
        run = partial(self._simulator.run, kind, run_id)
        return await self._accepted(request, f"run/{kind}/{run_id}", text_of(body), body, run)

    async def _accepted(
        self,
        request: Request,
        endpoint: str,
        text: str,
        body: Json | None,
        submit: Callable[[Json, Fault | None], Task],
    ) -> Response:
        async def act(fate: Fault | None) -> Response:
            self._simulator.admit(request.headers.get("authorization"))
            task = submit(checked_body(body), fate)
            if fate is not None and fate.kind == "fast":
                return await self.told(task, count=False)
            return Reply(self._simulator.acceptance(task))

        def note_refusal(code: str) -> None:
            self._simulator.reject(endpoint, body or {}, code)

        return await self.answer("submit", text, act, note_refusal=note_refusal)

    def _no_path(self, request: Request) -> Response:
        self._simulator.count("no_path")
        told: Json = {"status": HTTP_NOT_FOUND, "error": "Not Found", "path": request.url.path}
        return Reply(told, HTTP_NOT_FOUND)

    async def query(self, request: Request) -> Response:
        """Tell where a task stands."""
        body = await json_body(request)
        task_id = (body or {}).get("taskId")

        async def act(fate: Fault | None) -> Response:
            self._simulator.admit(request.headers.get("authorization"))
            answer = await self.told(self._simulator.task(task_id))
            results = answer.payload["results"]
            if fate is None or not isinstance(results, list):
                return answer
            told = [*results, TEXT_RESULT] if fate.kind == "text_too" else []
            return Reply(answer.payload | {"results": told})

        return await self.answer("query", self._simulator.text_of(task_id), act)

    async def told(self, task: Task, *, count: bool = True) -> Reply:
        """Return the answer to a query, its pictures made if they are due."""
        now = self._simulator.now()
        edits = map(asyncio.wrap_future, self._simulator.due_edits(task, now))
        try:
            await asyncio.gather(*edits)
        except UnreadablePictureError:
            self._simulator.fail_unreadable(task)
        return Reply(self._simulator.query(task, now, self._site, count=count))

    async def queue_status(self, request: Request) -> Response:
        """Tell the key's limit and how many tasks live."""

        async def act(fate: Fault | None) -> Response:
            del fate
            self._simulator.admit(request.headers.get("authorization"))
            return Reply(self._simulator.queue_status())

        return await self.answer("queue_status", "", act, form="msg")

    async def account(self, request: Request) -> Response:
        """Tell what is left in the wallet."""
        body = await json_body(request)

        async def act(fate: Fault | None) -> Response:
            del fate
            said = body or {}
            return Reply(self._simulator.account_status(said.get("apikey") or said.get("apiKey")))

        return await self.answer("account", "", act, form="msg")

    async def cancel(self, request: Request) -> Response:
        """Take a cancel for a task; an unknown one answers 807."""
        body = await json_body(request) or {}

        async def act(fate: Fault | None) -> Response:
            del fate
            self._simulator.account_status(body.get("apiKey"))
            try:
                task = self._simulator.task(body.get("taskId"))
            except RefusedError as error:
                raise RefusedError("807") from error
            self._simulator.cancel(task)
            return Reply(envelope(None))

        return await self.answer("cancel", self._simulator.text_of(body.get("taskId")), act, "msg")

    async def price_preview(self, request: Request) -> Response:
        """Tell what a submit of the same body would be charged."""
        endpoint = request.path_params["endpoint"]
        body = await json_body(request)

        async def act(fate: Fault | None) -> Response:
            del fate
            self._simulator.admit(request.headers.get("authorization"))
            estimate = self._simulator.estimate(endpoint, checked_body(body))
            missing = estimate is None
            payload: Json = {
                "estimatedPrice": None if missing else str(estimate),
                "currency": self._simulator.settings.currency,
                "freeLimit": None,
                "isFreeThisCall": False,
                "errorCode": NO_PRICE if missing else "",
                "errorMessage": message(NO_PRICE) if missing else "",
            }
            return Reply(payload)

        return await self.answer("price_preview", prompt(body), act)

    async def result(self, request: Request) -> Response:
        """Serve a result's file, to anyone who has the signed link."""
        token, _, index = request.path_params["name"].partition(".")[0].rpartition("_")
        task = self._simulator.result_task(token)
        text = f"{task.order.prompt} result {int(index) + 1}" if task else ""
        self._note_key(request)

        async def act(fate: Fault | None) -> Response:
            link = f"{request.url.path}?{request.url.query}"
            if task is None or link not in task.result_links():
                return gone_answer(HTTP_NOT_FOUND)
            expired_status = self._simulator.settings.expired_status
            if fate is not None or not self._simulator.is_open(task):
                return gone_answer(fate.status or expired_status if fate else expired_status)
            content = await asyncio.wrap_future(self._simulator.edit_of(task, int(index)))
            return file_answer(content, task.order.endings[int(index)], request.headers)

        return await self.answer("download", text, act)

    async def uploaded_file(self, request: Request) -> Response:
        """Serve an uploaded file, as the real service's links may be opened by anyone."""
        self._note_key(request)
        material = self._simulator.uploaded(f"{request.url.path}?{request.url.query}")
        if material is None:
            return gone_answer(self._simulator.settings.expired_status)
        return file_answer(material.read(), material.extension, request.headers)

    def _note_key(self, request: Request) -> None:
        if "authorization" in request.headers:
            self._simulator.count("download_with_key")
