"""What follows a committed event outside the journal: derived from it, harmless to do twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hotfolder.after.notes import Notes
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State


class Aftermath:
    """Has the notes looked at after every event.

    `on_hold` is called when a hold began, `on_done` awaited when a job is done.
    """

    def __init__(
        self,
        notes: Notes,
        *,
        on_hold: Callable[[], None],
        on_done: Callable[[Job], Awaitable[None]],
    ) -> None:
        self._noting = notes
        self._on_hold = on_hold
        self._on_done = on_done

    def held(self) -> None:
        """Take in that a hold began."""
        self._on_hold()
        self._noting.stir()

    async def moved(self, job: Job) -> None:
        """Take in that a job is in a new state."""
        self._noting.stir()
        if job.state is State.DONE:
            await self._on_done(job)
