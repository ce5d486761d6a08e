"""The bell: by its rings the parts of a daemon tell each other that there may be something to do.

A ring carries nothing. Whoever hears one looks for itself, so that a ring too many costs a look.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from enum import Enum, auto
from typing import Final


class Ring(Enum):
    """What may have happened."""

    CHANGED = auto()  # an operator or a new config changed something
    DUE = auto()  # jobs may go on sooner than was thought
    ACCEPTED = auto()  # jobs were accepted
    MOVED = auto()  # a job was worked on, and may be in another state
    DONE = auto()  # a job is done, and cleared up after
    HELD = auto()  # a hold began
    REFUSED = auto()  # the service had no place for a submit
    HEARD = auto()  # a callback came
    UNHEARD = auto()  # whoever wanted to call back may have been turned away


class Ear:
    """Hears some of the rings, until the next `forget` as one."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Hear a ring of one's own."""
        self._rung.set()

    @property
    def rung(self) -> bool:
        """Whether there was a ring that was not looked into yet."""
        return self._rung.is_set()

    def forget(self) -> None:
        """Forget the rings so far: what they spoke of is looked at now."""
        self._rung.clear()

    async def hear(self, within_s: float | None = None) -> None:
        """Wait for a ring, at most so many seconds, None = without end."""
        try:
            async with asyncio.timeout(within_s):
                await self._rung.wait()
        except TimeoutError:
            return


class Bell:
    """Passes each ring on to whoever listens for it. It belongs to the loop's thread."""

    def __init__(self) -> None:
        self._ears: Final[defaultdict[Ring, list[Ear]]] = defaultdict(list)

    def ear(self, *rings: Ring) -> Ear:
        """Return what hears these rings from now on."""
        ear = Ear()
        for each in rings:
            self._ears[each].append(ear)
        return ear

    def ring(self, ring: Ring) -> None:
        """Ring for whoever listens."""
        for each in self._ears[ring]:
            each.ring()
