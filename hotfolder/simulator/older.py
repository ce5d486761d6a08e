"""The service's older calls, and those that tell of apps, workflows, LoRAs and webhooks.

They carry the key in their body or in the query string, and answer in envelopes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from hotfolder.simulator import loras, nodes
from hotfolder.simulator.answers import HTTP_OK, Json, RefusedError, Reply, envelope
from hotfolder.simulator.apps import Kind, demo
from hotfolder.simulator.requests import file_part, form_field, json_body
from hotfolder.simulator.tasks import outputs_answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from hotfolder.simulator.app import Exchange
    from hotfolder.simulator.faults import Fault
    from hotfolder.simulator.service import Simulator
    from hotfolder.simulator.tasks import Task

TASKS = "/task/openapi"
_BEARER = "Bearer "
HTTP_FORBIDDEN = 403


def routes(older: Older) -> list[Route]:
    """Return the routes of these calls."""
    post = ["POST"]
    return [
        Route(f"{TASKS}/create", older.create, methods=post),
        Route(f"{TASKS}/ai-app/run", older.run_app, methods=post),
        Route(f"{TASKS}/status", older.status, methods=post),
        Route(f"{TASKS}/outputs", older.outputs, methods=post),
        Route(f"{TASKS}/upload", older.upload, methods=post),
        Route(f"{TASKS}/getWebhookDetail", older.webhook_detail, methods=post),
        Route(f"{TASKS}/retryWebhook", older.retry_webhook, methods=post),
        Route("/api/webapp/apiCallDemo", older.app_nodes, methods=["GET"]),
        Route("/api/openapi/getJsonApiFormat", older.workflow_json, methods=post),
        Route("/api/openapi/getLoraUploadUrl", older.lora_place, methods=post),
        Route(loras.UPLOAD_PATH + "{md5}", older.lora_put, methods=["PUT"]),
    ]


class Older:
    """One method for each call; `exchange` lets faults take hold."""

    def __init__(self, simulator: Simulator, exchange: Exchange, site: str) -> None:
        self._simulator = simulator
        self._exchange = exchange
        self._site = site

    # --- runs

    async def create(self, request: Request) -> Response:
        """Run a workflow."""
        return await self._run(request, "workflow", "workflowId")

    async def run_app(self, request: Request) -> Response:
        """Run an app."""
        return await self._run(request, "ai-app", "webappId")

    async def _run(self, request: Request, kind: Kind, key: str) -> Response:
        body = await json_body(request) or {}
        endpoint = f"run/{kind}/{body.get(key)}"

        async def act(fate: Fault | None) -> Response:
            self._admit(request, body)
            task = self._simulator.run(kind, body.get(key), body, fate, api="older")
            answer = self._simulator.acceptance(task)
            told: Json = {
                "netWssUrl": None,
                "taskId": task.task_id,
                "clientId": answer["clientId"],
                "taskStatus": answer["status"],
                "promptTips": answer["promptTips"],
            }
            return Reply(envelope(told))

        def note_refusal(code: str) -> None:
            self._simulator.reject(endpoint, body, code)

        text = nodes.text_of(body)
        return await self._exchange.answer("submit", text, act, "msg", note_refusal)

    async def status(self, request: Request) -> Response:
        """Tell how far a task is, in one word; of a cancelled one this call has none but FAILED."""

        async def told(task: Task) -> Json:
            status = task.status(self._simulator.now())
            return envelope("FAILED" if status == "CANCEL" else status)

        return await self._of_task(request, "query", told)

    async def outputs(self, request: Request) -> Response:
        """Tell a task's results, or why there are none (yet)."""

        async def told(task: Task) -> Json:
            answer = await self._exchange.told(task)
            return outputs_answer(task, answer.payload)

        return await self._of_task(request, "query", told)

    async def _of_task(
        self, request: Request, call: str, told: Callable[[Task], Awaitable[Json]]
    ) -> Response:
        body = await json_body(request) or {}

        async def act(fate: Fault | None) -> Response:
            del fate
            self._admit(request, body)
            return Reply(await told(self._task(body)))

        text = self._simulator.text_of(body.get("taskId"))
        return await self._exchange.answer(call, text, act, "msg")

    # --- what there is to run

    async def app_nodes(self, request: Request) -> Response:
        """Tell an app's nodes; the key stands in the query string."""
        asked = request.query_params

        async def act(fate: Fault | None) -> Response:
            del fate
            self._simulator.account_status(asked.get("apiKey"))
            run = self._simulator.runs.find("ai-app", asked.get("webappId"))
            return Reply(envelope(demo(run, self._site)))

        return await self._exchange.answer("app_nodes", asked.get("webappId", ""), act, "msg")

    async def workflow_json(self, request: Request) -> Response:
        """Tell a workflow's JSON."""
        body = await json_body(request) or {}

        async def act(fate: Fault | None) -> Response:
            del fate
            self._admit(request, body)
            run = self._simulator.runs.find("workflow", body.get("workflowId"))
            if not run.has_run:
                raise RefusedError("810")
            return Reply(envelope({"prompt": nodes.written(run)}))

        return await self._exchange.answer(
            "workflow_json", str(body.get("workflowId", "")), act, "msg"
        )

    # --- files

    async def upload(self, request: Request) -> Response:
        """Take a file for a node."""
        part = await file_part(request)
        key = await form_field(request, "apiKey")
        name, content = part or ("", b"")

        async def act(fate: Fault | None) -> Response:
            del fate
            self._admit(request, {"apiKey": key})
            if part is None:
                raise RefusedError("301", "no part named file")
            upload = self._simulator.upload(name, content)
            material = upload.material
            kind = "input" if material.kind == "zip" else material.kind
            stem = f"api/{material.sha256}"
            told = stem if material.kind == "zip" else f"{stem}.{material.extension}"
            return Reply(envelope({"fileName": told, "fileType": kind}))

        return await self._exchange.answer("upload", name, act, "msg")

    async def lora_place(self, request: Request) -> Response:
        """Tell where a LoRA is to be put."""
        body = await json_body(request) or {}

        async def act(fate: Fault | None) -> Response:
            del fate
            self._admit(request, body)
            name, link = self._simulator.loras.place(body.get("md5Hex"), body.get("loraName"))
            return Reply(envelope({"fileName": name, "url": self._site + link}))

        return await self._exchange.answer("lora", str(body.get("loraName", "")), act, "msg")

    async def lora_put(self, request: Request) -> Response:
        """Take a LoRA's bytes, as an object store does: without a word, and without the key."""
        content = await request.body()

        async def act(fate: Fault | None) -> Response:
            del fate
            if "authorization" in request.headers:
                self._simulator.count("lora_put_with_key")
            md5, sign = request.path_params["md5"], request.query_params.get("sign", "")
            taken = self._simulator.loras.put(md5, sign, content)
            return Response(status_code=HTTP_OK if taken else HTTP_FORBIDDEN)

        return await self._exchange.answer("lora_put", "", act)

    # --- webhooks

    async def webhook_detail(self, request: Request) -> Response:
        """Tell what became of a task's callback."""

        async def told(task: Task) -> Json:
            event = self._simulator.callbacks.of_task(task.task_id)
            if event is None:
                raise RefusedError("1", "webhook event not exists")
            key = str((await json_body(request) or {}).get("apiKey", ""))
            return envelope(event.told() | {"userApiKey": f"{key[:4]}****{key[-4:]}"})

        return await self._of_task(request, "webhook_detail", told)

    async def retry_webhook(self, request: Request) -> Response:
        """Send a callback again, to wherever it is wished."""
        body = await json_body(request) or {}

        async def act(fate: Fault | None) -> Response:
            del fate
            self._admit(request, body)
            event = self._simulator.callbacks.find(body.get("webhookId"))
            if event is None:
                raise RefusedError("1", "webhook event not exists")
            self._simulator.callbacks.send_again(event, str(body.get("webhookUrl") or event.url))
            return Reply(envelope(None))

        return await self._exchange.answer("webhook_resend", "", act, "msg")

    # ---

    def _admit(self, request: Request, body: Json) -> None:
        """Raise RefusedError 806 unless a good key stands in the body, or in the header."""
        header = request.headers.get("authorization", "")
        key = body.get("apiKey") or header.removeprefix(_BEARER)
        self._simulator.account_status(key)

    def _task(self, body: Json) -> Task:
        try:
            return self._simulator.task(str(body.get("taskId")))
        except RefusedError as error:
            raise RefusedError("807") from error
