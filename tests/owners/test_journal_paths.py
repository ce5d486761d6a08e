"""Contents that change their path: what the journal makes of a move, and of a return."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hotfolder.domain import events as ev
from hotfolder.domain.failures import REJECTED
from hotfolder.domain.states import BEFORE_INTENT, State
from hotfolder.journal import sightings
from hotfolder.journal.acceptance import accept
from hotfolder.journal.drafts import SettledSet
from hotfolder.journal.moves import elsewhere
from hotfolder.journal.rows import existing_job
from tests.builders import OUTPUT, Desk, draft, settled, stem_of

if TYPE_CHECKING:
    from hotfolder.domain.jobs import Job

STATES = [each for each in State if each is not State.CANCELLED]


def moved(desk: Desk, old: str, new: str, content: str = "a") -> tuple[Job, ...]:
    """Accept a content at the path that it was moved to."""
    source = replace(settled(new, content=content), moved_from=old)
    wanted = [draft(stem=stem_of(new))]
    return desk.journal.run_blocking(
        accept, SettledSet.alone(source), wanted, OUTPUT, per_rule=True
    )


def dropped_again(desk: Desk, path: str = "ann.jpg") -> tuple[Job, ...]:
    """See a file away, and accept it again."""
    desk.journal.run_blocking(sightings.forget_gone, 1, [path])
    return desk.accept_all(path)


@pytest.mark.parametrize("state", STATES)
def test_a_moved_source_takes_its_jobs_along(desk: Desk, state: State) -> None:
    """However far it is, the job stands at the new path, under its name, and no other is made."""
    job = desk.bring_to(state, "a/ann.jpg")
    assert moved(desk, "a/ann.jpg", "b/bob.jpg") == ()
    after = desk.journal.run_blocking(existing_job, job.id)
    there = replace(after.original, path=job.source)
    assert replace(after, source=job.source, key=job.key, materials=(there,)) == job
    assert after.key == "b/bob.jpg"
    assert after.original.path == "b/bob.jpg"
    assert (after.source, after.output_folder, after.output_stem) == ("b/bob.jpg", "a", "ann")
    assert desk.history(job)[-1] == ("Moved", state.value, state.value)


def test_a_moved_away_path_is_looked_at_again(desk: Desk) -> None:
    """Moved back, even the very same file is no old news, and its job comes back with it."""
    job = desk.accept("a.jpg")
    moved(desk, "a.jpg", "b.jpg")
    (found,) = desk.journal.run_blocking(sightings.unlike, 1, [(b"a.jpg", 0, "", "", "")]).values()
    assert found.known is not None
    assert found.known[2] != str(settled("a.jpg").sighting.inode)
    moved(desk, "b.jpg", "a.jpg")
    assert desk.journal.run_blocking(existing_job, job.id).source == "a.jpg"


def test_a_withdrawn_job_keeps_its_name_through_a_move(desk: Desk) -> None:
    """Cancelled as gone because its move was not yet seen, it is accepted again as it was."""
    gone = desk.apply(desk.accept("a/ann.jpg"), ev.SourceGone())
    (again,) = moved(desk, "a/ann.jpg", "b/bob.jpg")
    assert (again.source, again.output_folder, again.output_stem) == ("b/bob.jpg", "a", "ann")
    assert (again.generation, again.state) == (gone.generation + 1, State.ACCEPTED)


def test_only_the_moved_content_goes_along(desk: Desk) -> None:
    """An earlier content of the old path stays there: it was never at the new one."""
    first = desk.bring_to(State.DONE, "a.jpg", content="a")
    second = desk.bring_to(State.DONE, "a.jpg", content="b")
    moved(desk, "a.jpg", "b.jpg", content="b")
    places = [desk.journal.run_blocking(existing_job, each.id).source for each in (first, second)]
    assert places == ["a.jpg", "b.jpg"]


def test_the_likeliest_old_place_comes_first(desk: Desk) -> None:
    """The very same file first, then a file of the same name, whatever folder it was in."""
    for path in ("x/bob.jpg", "x/ann.jpg", "x/cid.jpg"):
        desk.accept(path)
    there = settled("y/ann.jpg")
    assert desk.journal.run_blocking(elsewhere, there)[0] == "x/ann.jpg"
    other = replace(there, sighting=replace(there.sighting, inode=7))
    same = replace(settled("x/dan.jpg"), sighting=other.sighting)
    desk.journal.run_blocking(
        accept, SettledSet.alone(same), [draft(stem="dan")], OUTPUT, per_rule=True
    )
    assert desk.journal.run_blocking(elsewhere, other)[:2] == ["x/dan.jpg", "x/ann.jpg"]


def test_a_path_with_its_own_job_was_moved_from_nowhere(desk: Desk) -> None:
    """A copy that was accepted as a copy stays one, also when the other copy is deleted."""
    desk.accept("a.jpg")
    desk.accept("b.jpg")
    assert desk.journal.run_blocking(elsewhere, settled("b.jpg")) == []
    assert desk.journal.run_blocking(elsewhere, settled("c.jpg", watch=2)) == []


def test_a_failed_source_dropped_again_is_tried_again(desk: Desk) -> None:
    """As by retry: not paid it is submitted anew, paid its result is asked for."""
    refused = desk.apply(desk.accept("a.jpg"), ev.GaveUp(failure=REJECTED))
    (again,) = dropped_again(desk, "a.jpg")
    assert (again.id, again.state) == (refused.id, State.ACCEPTED)
    lost = desk.apply(desk.bring_to(State.FINISHED, "b.jpg"), ev.GaveUp(failure=REJECTED))
    (asked,) = dropped_again(desk, "b.jpg")
    assert (asked.id, asked.state) == (lost.id, State.RUNNING)


def test_a_failed_source_that_was_only_touched_stays_failed(desk: Desk) -> None:
    """A new time or inode, as after a share's return, tries nothing again."""
    desk.apply(desk.accept(), ev.GaveUp(failure=REJECTED))
    assert desk.accept_all() == ()


def test_a_failed_source_that_is_still_wrong_stays_failed(desk: Desk) -> None:
    """What cannot be made is not tried again just because it was dropped again."""
    desk.apply(desk.accept(), ev.GaveUp(failure=REJECTED))
    desk.journal.run_blocking(sightings.forget_gone, 1, ["ann.jpg"])
    assert desk.accept_all(drafts=[draft(failure=REJECTED)]) == ()


@pytest.mark.parametrize("state", [each for each in STATES if each is not State.FAILED])
def test_nothing_else_is_tried_again(desk: Desk, state: State) -> None:
    """A finished picture that is dropped again is paid once; one under way goes its way."""
    job = desk.bring_to(state)
    assert dropped_again(desk) == ()
    assert desk.journal.run_blocking(existing_job, job.id) == job


def test_a_folder_that_is_gone_forgets_all_below_it(desk: Desk) -> None:
    """And nothing beside it, however its name begins."""
    for path in ("a/b/1.jpg", "a/b", "a/bc.jpg", "a/b.jpg"):
        desk.accept(path)
    desk.journal.run_blocking(sightings.forget_gone, 1, ["a/b"])
    seen = [(path, 0, "", "", "") for path in (b"a/b", b"a/b.jpg", b"a/b/1.jpg", b"a/bc.jpg")]
    found = desk.journal.run_blocking(sightings.unlike, 1, seen)
    gone = {path for path, each in found.items() if each.known and not each.known[2]}
    assert gone == {b"a/b/1.jpg", b"a/b"}


@pytest.mark.parametrize("state", sorted(BEFORE_INTENT))
def test_new_content_at_a_path_that_was_moved_away_is_new(desk: Desk, state: State) -> None:
    """What comes under the old path next is a picture of its own, with a name of its own."""
    old = desk.bring_to(state, "a.jpg")
    moved(desk, "a.jpg", "b.jpg")
    new = desk.accept("a.jpg", content="b")
    assert desk.journal.run_blocking(existing_job, old.id).state is state
    assert new.output_stem != old.output_stem
