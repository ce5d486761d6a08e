"""The screens that read: now, gallery, a job, what needs a person, money, wall."""

from __future__ import annotations

import asyncio
from datetime import datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from sse_starlette import EventSourceResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from hotfolder.page.behind import Behind
from hotfolder.page.forms import day_of, is_owner, number, text_of
from hotfolder.page.live import Live, Make, TooManyStreams
from hotfolder.page.looks import Looks
from hotfolder.views import attention, gallery, pairs, spending
from hotfolder.views import now as standing
from hotfolder.views.gallery import Asked, Card, Place

SPANS: Final = (7, 30, 90, 365)
ON_THE_WALL: Final = 24
PING_S: Final = 20
KEPT_TIMES: Final = 10


class Screens:
    """One method for each screen."""

    def __init__(self, behind: Behind, looks: Looks, live: Live) -> None:
        self._behind = behind
        self._looks = looks
        self._live = live
        self._kept: dict[int, tuple[float, spending.Spent]] = {}

    def routes(self) -> list[Route]:
        """Return what is served."""
        return [
            Route("/", self.now),
            Route("/gallery", self.gallery),
            Route("/jobs/{job}", self.job),
            Route("/needs", self.needs),
            Route("/money", self.money),
            Route("/wall/{watch}", self.wall),
            Route("/live/{what}", self.live),
            Route("/live/{what}/{watch}", self.live),
        ]

    async def now(self, request: Request) -> Response:
        """Show how everything stands, and the newest results."""
        return self._looks.page(request, "now.html", **await self._now())

    async def _now(self) -> dict[str, Any]:
        read, config, zone = self._behind.read, self._behind.config(), self._behind.zone
        newest = await read(gallery.results, Asked(), 12)
        return {"seen": await read(standing.now, config, zone), "cards": newest.cards}

    async def gallery(self, request: Request) -> Response:
        """Show results, or jobs of a state, newest first."""
        config = self._behind.config()
        chosen = {name: text_of(request, name) for name in ("watch", "state", "day", "text")}
        if chosen["state"] not in gallery.STATES:
            chosen["state"] = ""
        asked = self._asked(request, chosen)
        if chosen["state"]:
            part = await self._behind.read(gallery.jobs, chosen["state"], asked)
        else:
            part = await self._behind.read(gallery.results, asked)
        needs = await self._behind.read(standing.needs)
        return self._looks.page(
            request,
            "gallery.html",
            part=part,
            chosen=chosen,
            watches=[each.name for each in config.watch],
            states=list(gallery.STATES),
            older=_older(chosen, part.after),
            is_newest=asked.after is None and not chosen["state"],
            is_filtered=any(chosen.values()),
            needs=needs,
        )

    def _asked(self, request: Request, chosen: dict[str, str]) -> Asked:
        day = day_of(request, "day")
        begin = datetime.combine(day, time.min, tzinfo=self._behind.zone) if day else None
        if begin is not None and begin.tzinfo is None:
            begin = begin.astimezone()
        return Asked(
            watch=chosen["watch"] or None,
            text=chosen["text"],
            begin=begin,
            end=begin + timedelta(days=1) if begin else None,
            after=_place(text_of(request, "after")),
        )

    async def job(self, request: Request) -> Response:
        """Show everything about one job."""
        found = await self._behind.read(gallery.whole, number(request.path_params["job"]))
        if found is None:
            raise HTTPException(404, "There is no job of that number.")
        job = found.view.job
        return self._looks.page(
            request,
            "job.html",
            whole=found,
            job=job,
            choices=await self._behind.read(attention.of_job, job),
            explained=await self._behind.explain(job),
            needs=await self._behind.read(standing.needs),
        )

    async def needs(self, request: Request) -> Response:
        """Show what waits for a person."""
        return self._looks.page(request, "needs.html", **await self._needs())

    async def _needs(self) -> dict[str, Any]:
        seen = await self._behind.read(attention.attention, self._behind.config())
        needs = await self._behind.read(standing.needs)
        return {"seen": seen, "needs": needs}

    async def money(self, request: Request) -> Response:
        """Show where the money went."""
        wanted = text_of(request, "days")
        days = int(wanted) if wanted in {str(each) for each in SPANS} else 30
        spent = await self._spent(days)
        needs = await self._behind.read(standing.needs)
        return self._looks.page(
            request, "money.html", spent=spent, days=days, spans=SPANS, needs=needs
        )

    async def _spent(self, days: int) -> spending.Spent:
        """Add the charges up, for a tenth of the time at most, however many ask."""
        clock = asyncio.get_running_loop().time
        kept = self._kept.get(days)
        if kept is not None and clock() < kept[0]:
            return kept[1]
        begun_s = clock()
        config, zone = self._behind.config(), self._behind.zone
        found = await self._behind.read(spending.spending, config, days, zone)
        self._kept[days] = clock() + KEPT_TIMES * (clock() - begun_s), found
        return found

    async def wall(self, request: Request) -> Response:
        """Show nothing but the latest results of a watch."""
        name = self._watch(request)
        return self._looks.page(request, "wall.html", watch=name, cards=await self._wall(name))

    async def _wall(self, watch: str) -> list[Card]:
        part = await self._behind.read(gallery.results, Asked(watch=watch), ON_THE_WALL)
        return [card for card in part.cards if card.media == "picture"]

    def _watch(self, request: Request) -> str:
        name: str = request.path_params["watch"]
        if self._behind.config().watch_named(name) is None:
            raise HTTPException(404, "There is no watch of that name.")
        return name

    async def live(self, request: Request) -> Response:
        """Send a part of a screen whenever it is another."""
        make = self._maker(request)
        try:
            self._live.require_room()
        except TooManyStreams:
            return PlainTextResponse("too many pages are open\n", 503, {"Retry-After": "60"})
        key = f"{request.url.path} {is_owner(request)}"
        return EventSourceResponse(self._live.follow(key, make), ping=PING_S, send_timeout=PING_S)

    def _maker(self, request: Request) -> Make:
        """Return what makes a part anew. Raises HTTPException."""
        match request.path_params["what"]:
            case "now":
                return lambda: self._made("now_live.html", self._now)
            case "gallery":
                return lambda: self._made("gallery_live.html", self._newest)
            case "needs":
                may_act = is_owner(request)
                return lambda: self._made("needs_live.html", self._needs, is_owner=may_act)
            case "review":
                return lambda: self._made("review_live.html", self._undecided)
            case "wall":
                name = self._watch(request)
                return lambda: self._made("wall_live.html", lambda: self._wall_values(name))
        raise HTTPException(404, "There is no such part.")

    async def _newest(self) -> dict[str, Any]:
        return {"cards": (await self._behind.read(gallery.results, Asked())).cards}

    async def _undecided(self) -> dict[str, Any]:
        read = self._behind.read
        return {"count": await read(pairs.count), "newest": await read(pairs.newest)}

    async def _wall_values(self, name: str) -> dict[str, Any]:
        return {"cards": await self._wall(name)}

    async def _made(self, template: str, values: Any, **more: Any) -> str:  # noqa: ANN401  a coroutine function
        return self._looks.part(template, **await values(), **more)


def _place(text: str) -> Place | None:
    """Return the place in a list that an address names, None where it is none."""
    at, _, item = text.partition("-")
    parts = at, item
    if all(each.isascii() and each.isdecimal() and len(each) < 19 for each in parts):  # noqa: PLR2004  digits of 2**63
        return Place(at_ms=int(at), id=int(item))
    return None


def _older(chosen: dict[str, str], after: Place | None) -> str | None:
    if after is None:
        return None
    kept = {name: value for name, value in chosen.items() if value}
    return f"?{urlencode({**kept, 'after': f'{after.at_ms}-{after.id}'})}"
