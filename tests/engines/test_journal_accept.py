"""Accepting sources: once, with a name of their own, and by the newest content."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.domain import events as ev
from hotfolder.domain.failures import REJECTED
from hotfolder.domain.file_failures import NO_PROMPT, SIDECAR_MISSING
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import BEFORE_INTENT, State, WaitsFor
from hotfolder.journal import sightings
from hotfolder.journal.acceptance import replan, skip
from hotfolder.journal.reservations import name_result
from hotfolder.journal.rows import existing_job
from hotfolder.journal.sightings import Known, Observed, Unlike, unlike
from tests.builders import (
    Desk,
    alone,
    draft,
    fetched,
    intended,
    settled,
    sha256,
    submitted,
    succeeded,
    uploaded,
)
from tests.cases import every

ENGINES = ("sqlite", "postgresql")

WAITING = draft(prompt=None, failure=SIDECAR_MISSING, waits_for=WaitsFor.SIDECAR)


def test_an_accepted_job_is_what_intake_wanted(desk: Desk) -> None:
    """Plan, estimate, material and place come out as they went in, due at once."""
    job = desk.accept("a/b/ann.jpg")
    assert (job.watch, job.source, job.input_root) == ("one", "a/b/ann.jpg", "/studio/one")
    assert (job.output_folder, job.output_stem, job.state) == ("a/b", "ann", State.ACCEPTED)
    assert job.plan == draft().plan
    assert job.estimate == draft().estimate
    assert job.due_at == job.accepted_at == desk.clock.now
    assert [(m.path, m.content_hash, m.size) for m in job.materials] == [
        ("a/b/ann.jpg", sha256("a"), 5)
    ]
    assert desk.history(job) == [("Accepted", None, "accepted")]


@every("state", [each for each in State if each is not State.CANCELLED])
def test_accepting_twice_is_accepting_once(desk: Desk, state: State) -> None:
    """The same source, content and rule are never a second job; one that is sent is stale."""
    job = desk.bring_to(state, state.value, content=state.value)
    changed = draft(stem=state.value, prompt="another prompt", params={"size": "large"})
    assert desk.accept_all(state.value, content=state.value, drafts=[changed]) == ()
    found = desk.journal.run_blocking(existing_job, job.id)
    assert found == replace(job, stale=state not in BEFORE_INTENT)


def test_a_cancelled_job_stays_cancelled(desk: Desk) -> None:
    """What an operator gave up does not come back by being seen again."""
    desk.apply(desk.accept(), ev.Cancelled(by="operator"))
    assert desk.accept_all() == ()


def test_every_rule_has_its_job(desk: Desk) -> None:
    """With rules = "all" each rule accepts the source once, each under its own name."""
    both = [draft(rule="one", stem="ann.one"), draft(rule="two", stem="ann.two")]
    assert [job.plan.rule for job in desk.accept_all(drafts=both)] == ["one", "two"]
    assert desk.accept_all(drafts=both) == ()


@pytest.mark.parametrize("kind", [ev.SourceGone, ev.SourceChanged, ev.SourceSkipped, ev.Superseded])
def test_a_source_that_came_back_is_a_new_generation(desk: Desk, kind: type[ev.Event]) -> None:
    """A job that was withdrawn before it was paid is made anew, with its name."""
    first = desk.apply(desk.accept(), kind())
    again = desk.accept()
    assert (again.generation, again.output_stem) == (first.generation + 1, first.output_stem)
    assert desk.accept_all() == ()


@pytest.mark.parametrize("state", sorted(BEFORE_INTENT))
def test_new_content_supersedes_what_is_not_submitted(desk: Desk, state: State) -> None:
    """The older job of the path is cancelled, and the newer takes its name."""
    old = desk.bring_to(state)
    new = desk.accept(content="b")
    old = desk.journal.run_blocking(existing_job, old.id)
    assert (old.state, new.output_stem) == (State.CANCELLED, "ann")
    assert old.failure is not None
    assert old.failure.code == "superseded"


@every("state", [each for each in State if each not in BEFORE_INTENT])
def test_new_content_does_not_touch_what_was_sent(desk: Desk, state: State) -> None:
    """From the intent on, a job goes its way whatever comes under its path."""
    old = desk.bring_to(state, state.value, content=state.value)
    desk.accept(state.value, content=f"other than {state.value}")
    assert desk.journal.run_blocking(existing_job, old.id) == old


def test_a_newer_job_of_the_same_path_has_another_name(desk: Desk) -> None:
    """An edit that was paid keeps its name; the new content's edit does not write over it."""
    stems = [desk.bring_to(State.RUNNING, content=content).output_stem for content in "abc"]
    assert len(set(stems)) == 3


def test_a_superseded_content_may_return(desk: Desk) -> None:
    """a, then b, then a again before anything was sent: the newest wins, one job is open."""
    for content in "aba":
        newest = desk.accept(content=content)
    assert (newest.original.content_hash, newest.generation) == (sha256("a"), 2)
    assert [row["id"] for row in desk.rows("jobs_in_state", state="accepted")] == [newest.id]


def test_a_draft_that_cannot_be_made_fails_at_once(desk: Desk) -> None:
    """A person sees it as a failed job, and scanning again does not make another."""
    (job,) = desk.accept_all(drafts=[draft(failure=REJECTED)])
    assert (job.state, job.failure, job.due_at) == (State.FAILED, REJECTED, None)
    assert desk.history(job)[-1] == ("GaveUp", "accepted", "failed")
    assert desk.accept_all(drafts=[draft(failure=REJECTED)]) == ()


def test_a_waiting_draft_waits_until_it_can_be_made(desk: Desk) -> None:
    """A job without its sidecar is not due; accepted again with it, it goes on."""
    (job,) = desk.accept_all(drafts=[WAITING])
    assert (job.due_at, job.waits_for, job.failure) == (
        None,
        WaitsFor.SIDECAR,
        SIDECAR_MISSING,
    )
    assert desk.accept_all(drafts=[WAITING]) == ()
    (ready,) = desk.accept_all()
    assert (ready.id, ready.due_at, ready.waits_for) == (job.id, desk.clock.now, None)
    assert (ready.failure, ready.plan) == (None, draft().plan)


def test_a_waiting_draft_may_wait_for_another_reason(desk: Desk) -> None:
    """A sidecar without a prompt is a new reason, which the person should read."""
    (job,) = desk.accept_all(drafts=[WAITING])
    (again,) = desk.accept_all(drafts=[replace(WAITING, failure=NO_PROMPT)])
    assert (again.id, again.failure, again.due_at) == (job.id, NO_PROMPT, None)


def test_a_waiting_draft_may_turn_out_impossible(desk: Desk) -> None:
    """A waiting job whose sidecar is wrong fails, it is not a second job."""
    (job,) = desk.accept_all(drafts=[WAITING])
    (failed,) = desk.accept_all(drafts=[draft(failure=REJECTED)])
    assert (failed.id, failed.state) == (job.id, State.FAILED)


@pytest.mark.parametrize("state", sorted(BEFORE_INTENT))
def test_a_plan_is_resolved_anew_before_the_intent(desk: Desk, state: State) -> None:
    """A changed sidecar changes plan and estimate of a job that is not yet sent."""
    job = desk.bring_to(state)
    wanted = draft(prompt="silver")
    changed = desk.journal.run_blocking(replan, job.id, wanted)
    assert (changed.plan, changed.state, changed.due_at) == (wanted.plan, state, desk.clock.now)


@every("state", [each for each in State if each not in BEFORE_INTENT])
def test_a_plan_is_frozen_with_the_intent(desk: Desk, state: State) -> None:
    """What was sent stays as it was sent."""
    job = desk.bring_to(state, state.value, content=state.value)
    assert desk.journal.run_blocking(replan, job.id, draft(prompt="silver")) == job


def test_skipped_sources_are_known(desk: Desk) -> None:
    """A source that nobody wants edited is remembered, so that it is not read again."""
    desk.journal.run_blocking(skip, alone("no.jpg"), "no rule")
    sighting = settled("no.jpg").sighting
    known = (sighting.size, "1", str(sighting.inode), "")
    other = (3, "1", "5", "")
    seen = [(b"no.jpg", *known), (b"other.jpg", *other)]
    found = desk.journal.run_blocking(unlike, 1, seen)
    assert found == {b"other.jpg": Unlike(other, None)}
    found = desk.journal.run_blocking(unlike, 1, [(b"no.jpg", *other)])
    assert found == {b"no.jpg": Unlike(other, known)}


TWINS = ["ann.jpg", "ann.png", "ANN.JPG", "Ann.jpeg", "b/ann.jpg", "é.jpg", "e\u0301.jpg"]
SHARED = ["straße.jpg", "STRASSE.jpg", "ann.jpg", "ANN.png"]


def key(job: Job) -> tuple[str, str]:
    """Return a job's output as a strict share sees it."""
    return job.output_folder, job.output_stem.casefold()


def test_twins_have_names_of_their_own(desk: Desk) -> None:
    """Sources that differ by type, case or composition alone never share an output."""
    jobs = [desk.accept(path) for path in TWINS]
    assert len({key(job) for job in jobs}) == len(TWINS)
    assert [job.output_stem for job in jobs[:3]] == ["ann", "ann-png", "ANN-jpg"]
    assert jobs[4].output_stem == "ann"


def test_watches_that_share_an_output_share_its_names(desk: Desk) -> None:
    """Two watches into one output root never write the same name."""
    jobs = [desk.accept(path, watch=watch) for path in SHARED for watch in (1, 2)]
    assert len({key(job) for job in jobs}) == len(jobs)


def test_other_output_roots_have_other_names(desk: Desk) -> None:
    """A name that is taken in one output root is free in another."""
    desk.accept("ann.jpg")
    (other,) = desk.accept_all("ann.png", watch=2, output="/studio/elsewhere")
    assert other.output_stem == "ann"


def test_a_cancelled_job_gives_its_name_back(desk: Desk) -> None:
    """The name of a job that will never have outputs is free again, a failed one's is not."""
    desk.apply(desk.accept("ann.jpg"), ev.Cancelled(by="operator"))
    desk.apply(desk.accept("ann.png"), ev.GaveUp(failure=REJECTED))
    assert desk.accept("ann.webp").output_stem == "ann-webp"


BROKEN = os.fsdecode(b"\xff/\xfe ann\xe9.jpg")


def test_broken_names_come_back_byte_by_byte(desk: Desk) -> None:
    """A path that is no UTF-8 is stored and returned exactly; its output fits every share."""
    job = desk.accept(BROKEN)
    assert os.fsencode(job.source) == b"\xff/\xfe ann\xe9.jpg"
    assert os.fsencode(job.original.path) == os.fsencode(BROKEN)
    assert job.output_folder == "_xff"
    found = desk.journal.run_blocking(unlike, 1, [seen_anew(os.fsencode(BROKEN))])
    assert found[os.fsencode(BROKEN)].known is not None
    job.output_stem.encode()


def seen_anew(path: bytes) -> Observed:
    """Return a sighting of a path that is like no other."""
    return path, 99, "99", "99", ""


def test_what_is_known_of_files_is_found_among_many(desk: Desk) -> None:
    """Of the files that are asked for, whatever else is known between and around them."""
    for number in range(40):
        desk.accept(f"a/{number:02}", content=str(number))
    desk.accept("b/1", content="last")
    wanted = [b"a/", b"a/03", b"a/03x", b"a/38", b"b/1", b"c"]
    seen = [seen_anew(each) for each in wanted]
    found = desk.journal.run_blocking(unlike, 1, seen)
    assert list(found) == wanted
    assert {path for path, each in found.items() if each.known} == {b"a/03", b"a/38", b"b/1"}
    assert not any(each.known for each in desk.journal.run_blocking(unlike, 2, seen).values())


KNOWN = {b"%s%d" % (folder, number) for folder in (b"a/", b"a/b/", b"") for number in range(9)}
PATHS = st.sampled_from(sorted(KNOWN | {b"a/", b"a/99", b"b", b"zz"}))


def test_the_comparison_finds_just_what_differs(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever files are looked at, and however many rows are read together."""
    for path in sorted(KNOWN):
        desk.accept(path.decode(), content=path.hex())

    @given(seen=st.dictionaries(PATHS, st.booleans()), together=st.integers(1, 5))
    def holds(seen: dict[bytes, bool], together: int) -> None:
        monkeypatch.setattr(sightings, "_READ_ALONG", together)
        files = [
            (path, *as_accepted(path)) if is_same else seen_anew(path)
            for path, is_same in sorted(seen.items())
        ]
        found = desk.journal.run_blocking(unlike, 1, files)
        assert list(found) == [path for path in sorted(seen) if path not in KNOWN or not seen[path]]
        for path, each in found.items():
            assert each.known == (as_accepted(path) if path in KNOWN else None)

    holds()


def as_accepted(path: bytes) -> Known:
    """Return how the desk's journal knows a path."""
    sighting = settled(path.decode()).sighting
    return sighting.size, str(sighting.mtime_ns), str(sighting.inode), ""


def fetched_job(desk: Desk, count: int, path: str = "a/ann.jpg") -> Job:
    """Return a job with several results in the spool."""
    way = (uploaded(), intended(), submitted(), succeeded(count), fetched(count))
    return desk.apply(desk.accept(path), *way)


def named(desk: Desk, job: Job, position: int, after: str | None = None, kind: str = "jpg") -> str:
    """Name a result."""
    return desk.journal.run_blocking(name_result, job, position, kind, after)


def test_results_are_numbered(desk: Desk) -> None:
    """The first result has the job's name, the others -2, -3; all stand in the journal."""
    job = fetched_job(desk, 3)
    names = [named(desk, job, position) for position in (1, 2, 3)]
    assert names == ["a/ann.jpg", "a/ann-2.jpg", "a/ann-3.jpg"]
    stored = desk.journal.run_blocking(existing_job, job.id)
    assert [result.output_name for result in stored.results] == names


def test_naming_again_gives_the_same_name(desk: Desk) -> None:
    """A crash between naming and publishing does not use up another name."""
    job = fetched_job(desk, 1)
    assert [named(desk, job, 1) for _ in range(2)] == ["a/ann.jpg"] * 2


def test_a_foreign_file_makes_a_number(desk: Desk) -> None:
    """Where a file that is not ours has the name, the next number is taken, and so on."""
    job = fetched_job(desk, 2)
    first = named(desk, job, 1, after="a/ann.jpg")
    assert first == "a/ann (2).jpg"
    assert named(desk, job, 1, after=first) == "a/ann (3).jpg"
    assert named(desk, job, 2, after="a/ann-2.jpg") == "a/ann-2 (2).jpg"


def test_a_number_never_takes_another_sources_name(desk: Desk) -> None:
    """Names of other sources are passed over, for further results and for collisions."""
    taken = ["a/ann-2.jpg", "a/ANN (2).png"]
    for path in taken:
        desk.accept(path)
    job = fetched_job(desk, 2)
    assert named(desk, job, 2) == "a/ann-2 (2).jpg"
    assert named(desk, job, 1, after="a/ann.jpg") == "a/ann (3).jpg"


def test_a_collision_with_another_type_still_ends(desk: Desk) -> None:
    """A result fetched anew with another type is numbered after the name it had before."""
    job = fetched_job(desk, 1)
    assert named(desk, job, 1, after="a/ann.jpg", kind="png") == "a/ann (2).png"


@pytest.mark.parametrize(("position", "after"), [(9, None), (1, "elsewhere.jpg")])
async def test_a_name_that_cannot_be_found_is_an_error(
    desk: Desk, position: int, after: str | None
) -> None:
    """A wrong position or name raises in the caller; it neither hangs nor searches for ever."""
    job = fetched_job(desk, 1)
    with pytest.raises(LookupError):
        await desk.journal.run(name_result, job, position, "jpg", after)


def test_a_missing_job_is_an_error(desk: Desk) -> None:
    """Asking for a job that is not there raises, it does not invent one."""
    with pytest.raises(LookupError, match="no job 99"):
        desk.journal.run_blocking(existing_job, 99)


def test_another_rule_takes_the_place_of_one_that_was_not_sent(desk: Desk) -> None:
    """Where the rules changed before anything was paid, only the new rule's job goes on."""
    (old,) = desk.accept_all(drafts=[draft(rule="old")])
    (new,) = desk.accept_all(drafts=[draft(rule="new")])
    assert desk.journal.run_blocking(existing_job, old.id).state is State.CANCELLED
    assert (new.state, new.output_stem) == (State.ACCEPTED, "ann")


@every("state", [each for each in State if each not in BEFORE_INTENT])
def test_another_rule_does_not_touch_what_was_sent(desk: Desk, state: State) -> None:
    """A job that was paid goes its way whatever the rules have become."""
    old = desk.bring_to(state, state.value, content=state.value)
    desk.accept_all(state.value, content=state.value, drafts=[draft(rule="new")])
    assert desk.journal.run_blocking(existing_job, old.id) == old


def test_a_new_name_is_taken_when_the_plan_wants_one(desk: Desk) -> None:
    """A sidecar that names the output anew gives the old name back and reserves the new one."""
    job, other = desk.accept("ann.jpg"), desk.accept("bob.png")
    renamed = desk.journal.run_blocking(replan, other.id, draft(stem="ann"))
    assert (job.output_stem, renamed.output_stem) == ("ann", "ann-png")
    assert desk.accept("bob.webp").output_stem == "bob"
