"""When a file is quiet long enough to be read: arithmetic on looks, by our own clock.

An old mtime proves nothing (copy tools keep the source's), and a close event proves nothing
(scanners close and open again), so only the time since *we* last saw a change counts. A file that
was seen to grow with pauses has to be quiet for twice its longest pause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

PAUSE_FACTOR: Final = 2.0
LONGEST_QUIET_S: Final = 60.0
INCOMPLETE_FACTOR: Final = 5.0
WRITER_PATIENCE_S: Final = 60.0
FIRST_REST_S: Final = 10.0
LONGEST_REST_S: Final = 600.0
LATE_S: Final = 60.0


@dataclass(slots=True)
class Settling:
    """One file or set on its way to being settled. Times are monotonic seconds.

    `paths` are its files as they were last listed; `seen` is whatever was last seen of them and
    their sidecars, `size` their bytes; `quiet_s` is how long they must be left alone; `reason` is
    what a person is told meanwhile, `told` what of that the journal keeps; `rest_s` is the next
    rest.
    """

    quiet_s: float
    first_seen_s: float
    changed_s: float
    next_look_s: float
    seen: object = None
    size: int = 0
    told: str = ""
    paths: Sequence[str] = ()
    longest_pause_s: float = 0.0
    reason: str = "just seen"
    rest_s: float = FIRST_REST_S

    def look(self, seen: object, size: int, now_s: float) -> bool:
        """Take in a look; returns whether the file has been quiet for long enough."""
        if seen != self.seen:
            if self.seen is not None:
                self.longest_pause_s = max(self.longest_pause_s, now_s - self.changed_s)
                self.reason = "still growing" if size > self.size else "still changing"
            self.seen = seen
            self.size = size
            self.changed_s = now_s
        self.next_look_s = min(self.changed_s + self.needed_s, now_s + max(self.quiet_s, 1.0))
        return now_s - self.changed_s >= self.needed_s

    @property
    def needed_s(self) -> float:
        """How long the file must be quiet."""
        adapted = min(LONGEST_QUIET_S, PAUSE_FACTOR * self.longest_pause_s)
        return max(self.quiet_s, adapted)

    def left_s(self, now_s: float) -> float:
        """Return the seconds until the file may be settled."""
        return max(0.0, self.changed_s + self.needed_s - now_s)

    def gave_time(self, now_s: float) -> bool:
        """Return whether an incomplete file has been quiet so long that a person should know."""
        return now_s - self.changed_s >= INCOMPLETE_FACTOR * self.quiet_s

    def trusts_lease(self, now_s: float) -> bool:
        """Return whether a program that has the file open for writing is waited for.

        Not for ever: some never close what they have long written.
        """
        return now_s - self.changed_s < WRITER_PATIENCE_S

    def is_late(self, now_s: float) -> bool:
        """Return whether it takes so long to settle that this is to be seen."""
        return now_s - self.first_seen_s >= LATE_S + self.quiet_s

    def later(self, reason: str, now_s: float) -> None:
        """Look again after another quiet period, for a reason."""
        self.reason = reason
        self.next_look_s = now_s + self.quiet_s

    def rest(self, reason: str, now_s: float) -> None:
        """Look again after a rest, twice as long each time: a look at this file takes much."""
        self.reason = reason
        self.next_look_s = now_s + self.rest_s
        self.rest_s = min(LONGEST_REST_S, 2 * self.rest_s)
