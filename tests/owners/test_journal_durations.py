"""How long tasks usually take, as the journal remembers it over a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotfolder.domain import events as ev
from hotfolder.domain.states import State
from hotfolder.journal import recovery
from tests.builders import fetched, succeeded

if TYPE_CHECKING:
    from tests.builders import Desk


def usual(desk: Desk) -> dict[str, float]:
    """Return what the journal knows."""
    return desk.journal.run_blocking(recovery.usual_durations_s)


def run(desk: Desk, name: str, seconds: float) -> None:
    """Let a task run for so long."""
    job = desk.bring_to(State.RUNNING, name, content=name)
    desk.clock.forward(seconds)
    desk.apply(job, succeeded())


def test_nothing_is_known_of_a_model_that_never_ended_well(desk: Desk) -> None:
    """Neither a failed nor a running task, nor a reused result, says how long one takes."""
    desk.bring_to(State.FAILED, "a.jpg")
    desk.bring_to(State.RUNNING, "b.jpg")
    assert usual(desk) == {}


def test_what_was_seen_late_counts_for_little(desk: Desk) -> None:
    """A weekend between two of the newest tasks does not become the usual duration."""
    for number, seconds in enumerate((20, 22, 21, 200_000, 24)):
        run(desk, f"{number}.jpg", seconds)
    assert usual(desk) == {"m": 22}


def test_the_newest_count(desk: Desk) -> None:
    """A model that became faster is known to be fast."""
    for number in range(20):
        run(desk, f"{number}.jpg", 100 if number < 11 else 5)
    assert usual(desk) == {"m": 5}


def test_results_that_were_asked_for_again_do_not_count(desk: Desk) -> None:
    """Links that expired: the second success comes long after the task's end."""
    job = desk.bring_to(State.FINISHED)
    desk.clock.forward(100_000)
    desk.apply(job, ev.LinksExpired(), succeeded(), fetched())
    assert usual(desk) == {}
