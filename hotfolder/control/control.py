"""Every action of an operator by its name: what the command line and the socket ask for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from hotfolder.bell import Bell, Ring
from hotfolder.control.cancelling import Cancelling
from hotfolder.control.handing import hand_over
from hotfolder.control.holding import Holding, Look, Scan
from hotfolder.control.requests import (
    Ask,
    Cancel,
    Handover,
    Pause,
    Release,
    Resolve,
    Resume,
    Retry,
    Review,
)
from hotfolder.control.resolving import Resolving
from hotfolder.control.retrying import Retrying, WatchNamed
from hotfolder.control.reviewing import DECISIONS, Reviewing
from hotfolder.domain.errors import OperatorError
from hotfolder.journal.journal import Journal
from hotfolder.planning.looking import Looking
from hotfolder.runninghub.client import Client
from hotfolder.tree.threads import ShareThreads

Settling = Callable[[str, str], str | None]
Grant = Callable[[dict[str, Any]], Awaitable[list[str]]]
Wish = TypeVar("Wish", bound=BaseModel)


async def _no_look() -> None:
    pass


class Control:
    """Grants operators' wishes.

    `threads` are for users' folders; `settling` says of a watch and path why it is not
    accepted yet; `look` looks at the account, with the key as it now stands; `scan` has a watch's
    folder scanned; `watch` gives the config's watch of a name; `looking` has files
    looked at, None = by workers of its own.
    Without a `client` nothing can be asked of the service.
    """

    def __init__(  # noqa: PLR0913  what the daemon has, and the command line has not
        self,
        journal: Journal,
        client: Client | None,
        *,
        threads: ShareThreads | None = None,
        bell: Bell | None = None,
        settling: Settling = lambda _watch, _path: None,
        look: Look = _no_look,
        scan: Scan = lambda _watch: None,
        watch: WatchNamed = lambda _name: None,
        looking: Looking | None = None,
    ) -> None:
        self._bell = bell or Bell()
        self._settling = settling
        holding = Holding(journal, look=look, scan=scan, watch=watch)
        review = Reviewing(journal).act
        retrying = Retrying(journal, threads or ShareThreads(), watch, looking)
        self._actions: dict[str, Grant] = {
            "retry": _granting(Retry, retrying.retry),
            "resolve": _granting(Resolve, Resolving(journal, client).resolve),
            "cancel": _granting(Cancel, Cancelling(journal, client).cancel),
            **{each: _granting(Review, partial(review, each)) for each in (*DECISIONS, "undo")},
            "pause": _granting(Pause, holding.pause),
            "resume": _granting(Resume, holding.resume),
            "release": _granting(Release, holding.release),
            "handover": _granting(Handover, partial(hand_over, journal)),
            "settling": _granting(Ask, self._settling_of),
        }

    async def grant(self, action: str, request: dict[str, Any]) -> list[str]:
        """Do what is wished and return what to tell the operator, a line each.

        Raises OperatorError where it cannot be done.
        """
        grant = self._actions.get(action)
        if grant is None:
            raise OperatorError(f"there is no action {action}")
        try:
            lines = await grant(request)
        except ValidationError as error:
            raise OperatorError(f"{action}: {error.errors()[0]['msg']}") from error
        self._bell.ring(Ring.CHANGED)
        return lines

    async def _settling_of(self, asked: Ask) -> list[str]:
        reason = self._settling(asked.watch, asked.path)
        return [reason] if reason else []


def _granting(kind: type[Wish], act: Callable[[Wish], Awaitable[str | list[str]]]) -> Grant:
    """Return what grants a wish of a kind, as it comes through the socket."""

    async def grant(request: dict[str, Any]) -> list[str]:
        done = await act(kind.model_validate(request))
        return [done] if isinstance(done, str) else done

    return grant
