"""The simulator's own calls, under `/_simulator/`: what the real service has not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse
from starlette.routing import Route

from hotfolder.simulator.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeAlias

    from starlette.requests import Request

    from hotfolder.simulator.service import Simulator

    Call: TypeAlias = Callable[[Request], Awaitable[JSONResponse]]

PREFIX = "/_simulator"
HTTP_BAD_REQUEST = 400


def routes(simulator: Simulator) -> list[Route]:
    """Return the routes of the admin calls.

    GET ledger: everything remembered. GET, POST, DELETE faults: the table's rules
    with their counts; add one rule or a list; take all away. POST settings: an
    object of fields to change. POST expire: let all result links be past their time.
    A wrong rule or setting answers 400 with `error`.
    """

    async def ledger(request: Request) -> JSONResponse:
        del request
        return JSONResponse(simulator.ledger().as_json())

    async def faults(request: Request) -> JSONResponse:
        if request.method == "DELETE":
            simulator.clear_faults()
        elif request.method == "POST":
            given = json.loads(await request.body())
            for rule in given if isinstance(given, list) else [given]:
                simulator.add_fault(Fault(**rule))
        return JSONResponse(simulator.faults())

    async def settings(request: Request) -> JSONResponse:
        changes: dict[str, Any] = json.loads(await request.body())
        simulator.update_settings(**changes)
        return JSONResponse({"changed": sorted(changes)})

    async def expire(request: Request) -> JSONResponse:
        del request
        simulator.expire_results()
        return JSONResponse({})

    return [
        Route(f"{PREFIX}/ledger", ledger, methods=["GET"]),
        Route(f"{PREFIX}/faults", _refusing(faults), methods=["GET", "POST", "DELETE"]),
        Route(f"{PREFIX}/settings", _refusing(settings), methods=["POST"]),
        Route(f"{PREFIX}/expire", expire, methods=["POST"]),
    ]


def _refusing(call: Call) -> Call:
    """Answer 400 instead of 500 where the request is at fault."""

    async def answer(request: Request) -> JSONResponse:
        try:
            return await call(request)
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, HTTP_BAD_REQUEST)

    return answer
