"""The templates, and how they put numbers, names and times."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from hotfolder import __version__, views
from hotfolder.page import chart
from hotfolder.page.forms import is_owner
from hotfolder.page.keys import Keyring, Session
from hotfolder.views.attention import Choice, held_row, on_buttons
from hotfolder.views.gallery import media_of

_MINUTE_S: Final = 60
_HOUR_S: Final = 3600


class Looks:
    """Renders templates; `zone` is the owner's, None = this machine's."""

    def __init__(self, keyring: Keyring, zone: tzinfo | None, now: Callable[[], datetime]) -> None:
        self._keyring = keyring
        self._zone = zone
        self._now = now
        self._told: dict[str, list[str]] = {}
        self._environment = jinja2.Environment(
            loader=jinja2.PackageLoader("hotfolder.page"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "shown": views.shown,
            "money": _money,
            "sentences": views.sentences,
            "clock": self._clock,
            "day": lambda when: f"{when.astimezone(zone):%Y-%m-%d %H:%M}",
            "moment": lambda when: f"{when.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            "iso": lambda when: when.isoformat(timespec="seconds"),
            "span": span,
            "label": _label,
            "medium": media_of,
            "on_buttons": on_buttons,
            "choices": lambda hold: held_row(hold).choices,
            "segment": lambda text: quote(text, safe=""),
            "outputs": views.outputs,
            "words": _words,
        }
        self._environment.globals |= {"bars": chart.bars, "version": __version__}

    def page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:  # noqa: ANN401  the template's
        """Return a whole page."""
        session: Session | None = request.state.session
        text = self._environment.get_template(template).render(
            **values,
            path=request.url.path,
            is_owner=is_owner(request),
            is_signed_in=session is not None,
            token=self._keyring.form_token(session) if session else "",
            told=self._told.pop(session.id, []) if session else [],
            now=self._now(),
        )
        return HTMLResponse(text, status)

    def part(self, template: str, **values: Any) -> str:  # noqa: ANN401  the template's
        """Return a part of a page, for those that have it open."""
        return self._environment.get_template(template).render(**values, now=self._now())

    def tell(self, session: Session, lines: list[str]) -> None:
        """Keep what came of a wish for the next page that its session sees."""
        while len(self._told) >= 1000:  # noqa: PLR2004  sessions that never came back
            del self._told[next(iter(self._told))]
        self._told[session.id] = lines

    def _clock(self, when: datetime) -> str:
        local, today = when.astimezone(self._zone), self._now().astimezone(self._zone)
        return f"{local:%H:%M}" if local.date() == today.date() else f"{local:%d %b %H:%M}"


def span(seconds: float) -> str:
    """Return a time span as people say it."""
    if seconds < _MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < _HOUR_S:
        return f"{seconds // _MINUTE_S:.0f} min"
    return f"{seconds / _HOUR_S:.1f} h"


def _money(amount: Decimal | None, currency: str | None = None) -> str:
    return views.money(amount, currency) if amount is not None else "unknown"


def _label(choice: Choice, currency: str | None = None) -> str:
    """Return what a button says, the price included."""
    if not choice.pays:
        return choice.says
    if choice.amount is None:
        return f"{choice.says} · price unknown"
    return f"{choice.says} · {views.money(choice.amount, currency)}"


def _words(name: str) -> str:
    """Return an event's name as people write it."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()
