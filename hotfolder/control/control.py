"""Every action of an operator by its name: what the command line and the socket ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from hotfolder.bell import Bell, Ring
from hotfolder.control.cancelling import Cancelling
from hotfolder.control.holding import Holding, Look, Scan
from hotfolder.control.requests import Ask, Cancel, Pause, Release, Resolve, Resume, Retry, Review
from hotfolder.control.resolving import Resolving
from hotfolder.control.retrying import Retrying, WatchNamed
from hotfolder.control.reviewing import Reviewing
from hotfolder.domain.errors import OperatorError
from hotfolder.journal.journal import Journal
from hotfolder.planning.looking import Looking
from hotfolder.runninghub.client import Client
from hotfolder.tree.threads import ShareThreads

Settling = Callable[[str, str], str | None]


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
        self._retrying = Retrying(journal, threads or ShareThreads(), watch, looking)
        self._resolving = Resolving(journal, client)
        self._cancelling = Cancelling(journal, client)
        self._holding = Holding(journal, look=look, scan=scan, watch=watch)
        self._reviewing = Reviewing(journal)
        self._bell = bell or Bell()
        self._settling = settling

    async def grant(self, action: str, request: dict[str, Any]) -> list[str]:
        """Do what is wished and return what to tell the operator, a line each.

        Raises OperatorError where it cannot be done.
        """
        try:
            match action:
                case "retry":
                    lines = await self._retrying.retry(Retry.model_validate(request))
                case "resolve":
                    lines = [await self._resolving.resolve(Resolve.model_validate(request))]
                case "cancel":
                    lines = await self._cancelling.cancel(Cancel.model_validate(request))
                case "approve" | "reject" | "redo" | "undo":
                    lines = await self._reviewing.act(action, Review.model_validate(request))
                case "pause":
                    lines = [await self._holding.pause(Pause.model_validate(request))]
                case "resume":
                    lines = await self._holding.resume(Resume.model_validate(request))
                case "release":
                    lines = await self._holding.release(Release.model_validate(request))
                case "settling":
                    ask = Ask.model_validate(request)
                    reason = self._settling(ask.watch, ask.path)
                    lines = [reason] if reason else []
                case _:
                    raise OperatorError(f"there is no action {action}")
        except ValidationError as error:
            raise OperatorError(f"{action}: {error.errors()[0]['msg']}") from error
        self._bell.ring(Ring.CHANGED)
        return lines
