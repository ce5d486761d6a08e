"""Four machines over one journal, and everything that may happen to some of them."""

from __future__ import annotations

import signal
from collections import Counter
from typing import TYPE_CHECKING, Final

import psycopg
from PIL import Image

from tests.cluster import CLUSTER
from tests.end_to_end.house import House

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.studio import Studio

PICTURES: Final = 300
PLACES: Final = 12
OPEN: Final = {"accepted", "uploaded", "submitting", "running", "finished", "fetched"}
CUT_OFF: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def test_machines_come_and_go_and_nothing_is_paid_twice(
    studio: Studio, record_property: Callable[[str, object], None]
) -> None:
    """One is killed, one hangs past its seat, all are cut off, the database starts anew."""
    studio.simulator.update_settings(concurrent_limit=PLACES, task_s=0.3)
    url = CLUSTER.database()
    with House(studio, url, PLACES) as house:
        house.build(4)
        house.drop(PICTURES)
        house.until(lambda: house.states().get("done", 0) >= PICTURES // 20, "some are done")
        first, second, *_ = house.watches
        killed, hung = (house.followers()[each] for each in (first, second))
        house.machines[0].kill()
        house.machines[1].signal(signal.SIGSTOP)
        for name, watch, place in (("killed", first, killed), ("hung", second, hung)):
            record_property(f"takeover_{name}_s", round(house.taken_over(watch, place), 1))
        house.machines[1].signal(signal.SIGCONT)
        assert house.machines[1].end() == 1
        house.machines[0].start()
        house.machines[1].start()
        with psycopg.connect(url, autocommit=True) as opened:
            opened.execute(CUT_OFF)
        CLUSTER.control(CLUSTER.folder, "restart", "-m", "immediate")
        house.until(lambda: sum(house.states().values()) == PICTURES, "everything is accepted")
        house.until(lambda: not OPEN & house.states().keys(), "everything ends, or waits")
        house.until(lambda: house.are_there(4), "all are there again")
        states, outputs = house.states(), house.outputs()
    ledger = studio.ledger()
    record_property("states", str(states))
    assert states.keys() <= {"done", "in_doubt"}
    assert sum(states.values()) == PICTURES
    assert len(outputs) == states["done"]
    for each in outputs:
        Image.open(each).load()
    assert ledger.paid_twice() == ()
    assert ledger.rejected == ()
    assert states["done"] <= len(ledger.tasks) <= PICTURES
    assert max(Counter(task.task_id for task in ledger.tasks).values()) == 1


def test_a_machine_that_starts_before_its_database_waits_for_it(studio: Studio) -> None:
    """After a power cut whatever starts machines may start it last, and a folder may be away."""
    url = CLUSTER.database()
    with House(studio, url, PLACES) as house:
        house.build(1)
        house.drop(2)
        house.until(lambda: house.states() == {"done": 2}, "both are done")
        (machine,) = house.machines
        machine.kill()
        folder = house.source(0).parent
        CLUSTER.control(CLUSTER.folder, "stop", "-m", "immediate")
        try:
            away = folder.rename(folder.with_name("away"))
            before = len(machine.log.read_text())
            machine.start()
            house.until(lambda: "by itself" in machine.log.read_text()[before:], "it waits")
        finally:
            CLUSTER.control(CLUSTER.folder, "start")
        away.rename(folder)
        house.drop(1, first=2)
        house.until(lambda: house.states() == {"done": 3}, "the third is done, too")
    assert studio.ledger().paid_twice() == ()
