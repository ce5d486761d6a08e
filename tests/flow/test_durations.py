"""Learned durations of tasks outlive a restart: the first query stays near the usual end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.studio import EagerPolls

if TYPE_CHECKING:
    from tests.studio import Studio

TASK_S = 0.6


class ListeningPolls(EagerPolls):
    """Remembers what usual durations the first queries were planned by."""

    told: list[float] = []  # noqa: RUF012  the schedule is frozen

    def first_s(self, usual_s: float, jitter: float) -> float:
        """Return the seconds from the submit to the first query."""
        self.told.append(usual_s)
        return super().first_s(usual_s, jitter)


async def test_a_restart_forgets_no_duration(studio: Studio) -> None:
    """The first task after a start is asked for when those before it ended."""
    studio.simulator.update_settings(task_s=TASK_S)
    studio.drop("ann.jpg")
    await studio.once()
    ListeningPolls.told.clear()
    studio.edge(schedule=ListeningPolls())
    studio.simulator.update_settings(task_s=0.0)
    studio.drop("bob.jpg", number=2)
    await studio.once()
    (usual_s,) = ListeningPolls.told
    assert usual_s >= TASK_S
    assert usual_s != 1.0  # what is assumed of a model that nothing is known of
