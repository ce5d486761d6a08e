"""The journal: what the page asks of it, a part at a time."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from hotfolder.domain import events as ev
from hotfolder.domain.states import State
from hotfolder.journal import browsing, reservations
from hotfolder.journal.browsing import Asked
from tests.builders import NOON

if TYPE_CHECKING:
    import pytest

    from tests.builders import Desk


def published(desk: Desk, count: int) -> None:
    """Bring so many jobs of different pictures to their end, a minute apart."""
    for number in range(count):
        job = desk.bring_to(State.FETCHED, f"p{number}.jpg", content=f"content {number}")
        desk.journal.run_blocking(reservations.name_result, job, 1, "jpg", None)
        desk.journal.run_blocking(reservations.mark_published, job.results[0].id)
        desk.apply(job, ev.Published())
        desk.clock.forward(60)


def test_results_come_in_parts_newest_first_each_once(desk: Desk) -> None:
    """However long the list, every result is in exactly one part, the newest in the first."""
    published(desk, 5)
    seen, asked = [], Asked()
    for _ in range(4):
        found, after = desk.journal.run_blocking(browsing.results, asked, 2)
        seen += [job.source for _, job in found]
        if after is None:
            break
        asked = Asked(after=after)
    assert seen == ["p4.jpg", "p3.jpg", "p2.jpg", "p1.jpg", "p0.jpg"]


def test_where_little_matches_the_next_part_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only so many are looked at for one part; the place to go on from is given even then."""
    published(desk, 5)
    monkeypatch.setattr(browsing, "LOOKED_AT", 2)  # as if there were thousands
    found, after = desk.journal.run_blocking(browsing.results, Asked(text="p1.jpg"), 10)
    assert found == []
    assert after is not None
    again = Asked(text="p1.jpg", after=after)
    found, _ = desk.journal.run_blocking(browsing.results, again, 10)
    assert [job.source for _, job in found] == ["p1.jpg"]


def test_a_day_has_its_own_results(desk: Desk) -> None:
    """The beginning of a span belongs to it, its end does not."""
    published(desk, 3)
    begin = NOON + timedelta(minutes=1)
    asked = Asked(begin=begin, end=begin + timedelta(minutes=1))
    found, _ = desk.journal.run_blocking(browsing.results, asked, 10)
    assert [job.source for _, job in found] == ["p1.jpg"]


def test_jobs_of_a_state_come_in_parts(desk: Desk) -> None:
    """Newest first, each once, filtered by watch and text."""
    for number in range(3):
        desk.bring_to(State.FAILED, f"p{number}.jpg", content=f"content {number}")
    first, after = desk.journal.run_blocking(browsing.jobs, State.FAILED, Asked(), 2)
    rest, end = desk.journal.run_blocking(browsing.jobs, State.FAILED, Asked(after=after), 2)
    assert [job.source for job in (*first, *rest)] == ["p2.jpg", "p1.jpg", "p0.jpg"]
    assert end is None
    found, _ = desk.journal.run_blocking(browsing.jobs, State.FAILED, Asked(text="P1"), 2)
    assert [job.source for job in found] == ["p1.jpg"]
    found, _ = desk.journal.run_blocking(browsing.jobs, State.FAILED, Asked(watch="two"), 2)
    assert found == []


def test_charges_add_up_exactly(desk: Desk) -> None:
    """Equal amounts are counted, so that sums are exact decimals."""
    published(desk, 3)
    rows = desk.journal.run_blocking(browsing.charged, NOON)
    assert sum(row.count for row in rows) == 3
    assert sum((row.amount * row.count for row in rows), Decimal(0)) == Decimal("0.42")
    assert desk.journal.run_blocking(browsing.charged, NOON + timedelta(days=1)) == []
