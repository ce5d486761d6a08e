"""By which hash an image is known, whatever bytes show it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hotfolder.domain.essences import Essence
from hotfolder.domain.states import State
from hotfolder.journal import identities, moves
from hotfolder.journal.acceptance import accept
from hotfolder.journal.drafts import SettledSet
from hotfolder.journal.rows import existing_job
from tests.builders import OUTPUT, Desk, draft, settled, sha256, stem_of

if TYPE_CHECKING:
    from hotfolder.domain.jobs import Job
    from hotfolder.journal.drafts import Settled

OTHER_INODE = 77


def accepted(desk: Desk, source: Settled) -> tuple[Job, ...]:
    """Accept a source with one job."""
    drafts = [draft(stem=stem_of(source.path))]
    return desk.journal.run_blocking(
        accept, SettledSet.alone(source), drafts, OUTPUT, per_rule=False
    )


def again(desk: Desk, job: Job) -> Job:
    """Return a job as it is now."""
    return desk.journal.run_blocking(existing_job, job.id)


def test_an_image_keeps_its_first_hash(desk: Desk) -> None:
    """Other bytes with the same image make no job at its place, and no new identity elsewhere."""
    job = desk.bring_to(State.DONE)
    assert accepted(desk, settled(content="rated", image="a", size=9)) == ()
    now = again(desk, job)
    assert (now.digest, now.original.content_hash) == (sha256("a"), sha256("rated"))
    assert (now.original.content_hash, now.original.size) == (sha256("rated"), 9)
    (copy,) = accepted(desk, settled("bob.jpg", content="captioned", image="a"))
    assert (copy.digest, copy.original.content_hash) == (sha256("a"), sha256("captioned"))


def test_an_image_is_known_at_its_place_by_the_hash_that_its_job_has_there(desk: Desk) -> None:
    """Journals of older programs know one image by several hashes: each place keeps its own."""
    desk.bring_to(State.DONE, content="rated")
    other = desk.bring_to(State.DONE, "bob.jpg", content="captioned")
    for content in ("rated", "captioned"):
        desk.journal.run_blocking(_relearn, sha256(content))
    assert accepted(desk, settled("bob.jpg", content="labelled", image="one image")) == ()
    assert again(desk, other).digest == sha256("captioned")


def _relearn(session: object, content_hash: str) -> None:
    session._connection.execute(  # type: ignore[attr-defined]  # noqa: SLF001
        "UPDATE essence SET digest = ? WHERE content_hash = ?",
        (sha256("one image"), content_hash),
    )


def test_other_bytes_elsewhere_are_a_move_by_name_or_file_only(desk: Desk) -> None:
    """Blank pages look alike: the image alone does not say that one was moved."""
    desk.bring_to(State.DONE)
    places = {
        ("new/ann.jpg", OTHER_INODE): ["ann.jpg"],
        ("new/bob.jpg", 2**63 + 1): ["ann.jpg"],
        ("new/bob.jpg", OTHER_INODE): [],
        ("new/joann.jpg", OTHER_INODE): [],
    }
    for (path, inode), expected in places.items():
        source = settled(path, content="rated", image="a", inode=inode)
        assert desk.journal.run_blocking(moves.elsewhere, source) == expected
    same_bytes = settled("new/bob.jpg", inode=OTHER_INODE)
    assert desk.journal.run_blocking(moves.elsewhere, same_bytes) == ["ann.jpg"]


def test_what_was_sent_and_never_looked_at_is_undecided(desk: Desk) -> None:
    """Only there; an essence of an older version says nothing either."""
    desk.bring_to(State.DONE)
    desk.bring_to(State.UPLOADED, "bob.jpg", content="b")
    known, other = Essence(2, sha256("a")), Essence(2, sha256("x"))
    for path, essence, expected in (
        ("ann.jpg", known, True),
        ("ann.jpg", other, True),
        ("bob.jpg", other, False),
        ("cid.jpg", known, False),
    ):
        source = _seen_as(settled(path, content="rated"), essence)
        assert desk.journal.run_blocking(identities.is_undecided, source) is expected, path
    same_bytes = _seen_as(settled(), other)
    assert not desk.journal.run_blocking(identities.is_undecided, same_bytes)
    desk.journal.run_blocking(identities.learn, sha256("a"), known)
    rated = _seen_as(settled(content="rated"), other)
    assert not desk.journal.run_blocking(identities.is_undecided, rated)


def _seen_as(source: Settled, essence: Essence) -> Settled:
    return replace(source, essence=essence)


def test_what_lacks_an_essence_is_told_in_portions(desk: Desk) -> None:
    """Every source whose content was not looked at in this version, and nothing twice."""
    for name in ("ann.jpg", "bob.jpg"):
        desk.bring_to(State.DONE, name, content=name)
    found = desk.journal.run_blocking(identities.lacking, 1, 0, 2)
    assert found is not None
    assert [(each.path, each.content_hash) for each in found] == [
        (name, sha256(name)) for name in ("ann.jpg", "bob.jpg")
    ]
    assert desk.journal.run_blocking(identities.lacking, 1, 0, 1) == []
    assert desk.journal.run_blocking(identities.lacking, 1, identities.PORTION, 2) is None
