"""Sets of several files: accepted once, counted by each file, moved whole, paid for what is new."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from hotfolder.domain import keys
from hotfolder.domain.materials import Material, Origin
from hotfolder.domain.states import State
from hotfolder.journal import aside, counts, reading, sets, sightings
from hotfolder.journal.acceptance import accept
from hotfolder.journal.counts import Counts
from hotfolder.journal.drafts import Draft, Settled, SettledSet
from hotfolder.journal.rows import existing_job
from tests.builders import OUTPUT, WAY_TO, Desk, alone, draft, settled, sha256

if TYPE_CHECKING:
    from hotfolder.domain.jobs import Job

PAIR = {"ann.first.jpg": "a", "ann.last.jpg": "b"}


def grouped(files: dict[str, str], *, was: str | None = None, stem: str = "ann") -> SettledSet:
    """Return files of one stem with their contents, as they were read; `was` is the stem before."""
    members = tuple(
        replace(
            settled(path, content=content, inode=number),
            moved_from=path.replace(stem, was) if was else None,
        )
        for number, (path, content) in enumerate(files.items(), 7)
    )
    return SettledSet(key=keys.of_stem(stem), named_after=stem, members=members)


def of_all(found: SettledSet) -> Draft:
    """Return a draft that sends all files of a set."""
    sources = tuple(
        Material(position=number, parameter=f"p{number}", origin=Origin.SOURCE, path=path)
        for number, path in enumerate(found.paths, 1)
    )
    return replace(draft(stem="ann"), materials=sources)


def take(desk: Desk, found: SettledSet) -> tuple[Job, ...]:
    """Accept a set with one job."""
    wanted = [of_all(found)]
    return desk.journal.run_blocking(accept, found, wanted, OUTPUT, per_rule=False)


def sent(desk: Desk, found: SettledSet) -> Job:
    """Accept a set and bring its job to the end."""
    (job,) = take(desk, found)
    return desk.apply(job, *WAY_TO[State.DONE]())


def again(desk: Desk, job: Job) -> Job:
    """Return a job as it is now."""
    return desk.journal.run_blocking(existing_job, job.id)


def counted(desk: Desk) -> Counts:
    """Return the counts of the first watch."""
    online = partial(sightings.note_watch, online=True, detect="scan", reason=None)
    desk.journal.run_blocking(online, 1)
    assert desk.journal.run_blocking(counts.differences) == 0
    return desk.journal.run_blocking(counts.counts)["one"]


def test_a_set_is_one_job_that_sends_each_of_its_files(desk: Desk) -> None:
    """Known by its key and what all show, in whatever order; named by its stem; accepted once."""
    (job,) = take(desk, grouped(PAIR))
    assert (job.key, job.named_after, job.output_stem) == ("ann.*", "ann", "ann")
    assert [(each.path, each.content_hash) for each in job.sources] == [
        (path, sha256(content)) for path, content in PAIR.items()
    ]
    assert take(desk, grouped(dict(reversed(PAIR.items())))) == ()
    assert counted(desk) == Counts(under_way=2)


def test_each_file_counts_by_its_worst_job(desk: Desk) -> None:
    """A file in a finished and in an open set is under way, the others are done."""
    sent(desk, grouped(PAIR))
    assert counted(desk) == Counts(done=2)
    take(desk, grouped({"ann.first.jpg": "a", "ann.last.jpg": "c"}))
    assert counted(desk) == Counts(under_way=2)


def test_a_changed_file_makes_a_new_job_and_withdraws_the_unsent_one(desk: Desk) -> None:
    """So does a file that came: the single picture that waited is part of the set now."""
    (old,) = take(desk, SettledSet.alone(settled("ann.first.jpg", content="a")))
    (pair,) = take(desk, grouped(PAIR))
    (newest,) = take(desk, grouped(PAIR | {"ann.last.jpg": "c"}))
    states = [again(desk, each).state for each in (old, pair, newest)]
    assert states == [State.CANCELLED, State.CANCELLED, State.ACCEPTED]


def test_what_other_rules_make_of_other_sets_stays(desk: Desk) -> None:
    """Under rules = "all" a picture may be edited alone and be part of a set."""
    (old,) = take(desk, SettledSet.alone(settled("ann.first.jpg", content="a")))
    found = grouped(PAIR)
    wanted = [replace(of_all(found), plan=replace(draft().plan, rule="film"))]
    desk.journal.run_blocking(accept, found, wanted, OUTPUT, per_rule=True, others={old.plan.rule})
    assert again(desk, old).state is State.ACCEPTED


def test_regrouping_what_was_sent_is_not_new(desk: Desk) -> None:
    """A file that went, or another grouping, pays nothing: the job that was sent is stale."""
    job = sent(desk, grouped(PAIR))
    left = SettledSet.alone(replace(settled("ann.first.jpg", content="a"), beside="other"))
    assert take(desk, left) == ()
    assert again(desk, job).stale


def test_what_stood_there_all_the_time_is_not_new(desk: Desk) -> None:
    """A sound that no rule took, and that one takes now, is not paid with a picture of before."""
    desk.journal.run_blocking(aside.left_out, 1, {"ann.wav": "no rule"})
    job = sent(desk, SettledSet.alone(settled("ann.jpg", content="a")))
    assert take(desk, grouped({"ann.jpg": "a", "ann.wav": "w"})) == ()
    known = desk.journal.run_blocking(reading.source, 1, "ann.wav")
    assert known is not None
    assert known.reason == (
        f"part of ann.*, of which something was sent already: retry --changed {job.id} "
        "makes it anew"
    )
    assert counted(desk) == Counts(done=1, skipped=1)


def test_a_file_that_came_since_is_paid_for(desk: Desk) -> None:
    """The picture was sent alone; the sound that is dropped beside it later makes a film."""
    sent(desk, SettledSet.alone(settled("ann.jpg", content="a")))
    desk.clock.forward(1)
    (job,) = take(desk, grouped({"ann.jpg": "a", "ann.wav": "w"}))
    assert job.state is State.ACCEPTED


def test_a_whole_set_that_was_moved_takes_its_job_along(desk: Desk) -> None:
    """The job stands at the new place under its old output name; nothing is paid."""
    job = sent(desk, grouped(PAIR))
    there = {path.replace("ann", "bob"): content for path, content in PAIR.items()}
    assert take(desk, grouped(there, was="ann", stem="bob")) == ()
    after = again(desk, job)
    assert (after.key, after.source, after.output_stem) == ("bob.*", "bob.first.jpg", "ann")
    assert after.was_moved
    assert [each.path for each in after.sources] == list(there)


def test_half_a_set_that_was_moved_pays_nothing(desk: Desk) -> None:
    """The job stays where it was; the file that went is part of it."""
    job = sent(desk, grouped(PAIR))
    moved: Settled = replace(settled("bob.first.jpg", content="a"), moved_from="ann.first.jpg")
    assert take(desk, SettledSet.alone(moved)) == ()
    assert again(desk, job).key == "ann.*"
    assert again(desk, job).sources == job.sources


def test_a_set_that_waits_is_a_row_and_its_files_wait(desk: Desk) -> None:
    """It says since when and why; complete, or gone, it waits no longer."""
    wait = ("ann.*", "default", "needs ann.last.jpg", ["ann.first.jpg"])
    assert desk.journal.run_blocking(sets.put, 1, *wait)
    assert not desk.journal.run_blocking(sets.put, 1, *wait)
    (waiting,) = desk.journal.run_blocking(sets.waiting, 1)
    assert (waiting.key, waiting.reason, waiting.reported) == ("ann.*", wait[2], False)
    assert counted(desk) == Counts(waiting=1)
    desk.clock.forward(601)
    assert desk.journal.run_blocking(sets.report, "one", 600) == [("ann.*", wait[2])]
    assert desk.journal.run_blocking(sets.report, "one", 600) == []
    take(desk, grouped(PAIR))
    desk.journal.run_blocking(sets.forget, 1, "ann.*", "default")
    assert desk.journal.run_blocking(sets.waiting, 1) == []
    assert counted(desk) == Counts(under_way=2)


def test_a_set_that_is_no_longer_complete_is_not_sent(desk: Desk) -> None:
    """What was made of its files before is withdrawn; complete again, it goes on."""
    (job,) = take(desk, grouped(PAIR))
    wait = ("ann.*", "default", "needs ann.last.jpg", ["ann.first.jpg"])
    desk.journal.run_blocking(sets.put, 1, *wait)
    assert again(desk, job).state is State.CANCELLED
    (back,) = take(desk, grouped(PAIR))
    assert (back.state, back.generation) == (State.ACCEPTED, 2)


def test_single_files_are_known_as_before(desk: Desk) -> None:
    """The key is the path, and the digest the identity."""
    (job,) = take(desk, alone("a/ann.jpg"))
    assert (job.key, job.digest, job.was_moved) == ("a/ann.jpg", sha256("a"), False)
