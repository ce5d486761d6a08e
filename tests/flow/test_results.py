"""Results of every kind: published as what they prove to be, and nothing else for done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotfolder.kinds import proving
from hotfolder.simulator import Fault, stand_ins
from tests.materials.test_proving import MEDIA, PAGE, broken
from tests.studio import RULE, picture

if TYPE_CHECKING:
    from tests.studio import Studio

VIDEO: Final = 'model = "hailuo-2.3/i2v-pro"'
SOLID: Final = 'model = "hunyuan3d-v3.1/image-to-3d"'
WORDS: Final = """model = "kling-elements"
params = { name = "ann", description = "a girl" }
references = ["side.jpg"]"""
MANY: Final = 'model = "qwen-image-2.0/image-edit"\nparams = { imageNum = "4" }\nprompt = "gold"'
NAMES: Final = ("33 bytes of mp4", "half an mp4", "12 bytes of glb", "half an mp3")
MORE_NAMES: Final = ("program for Windows", "web page", "answer of an edge", "zeros")
HOUR_S: Final = 3600.0


def other(content: bytes, contains: str = "", times: int | None = None) -> Fault:
    """Let the service hand out another file than the result."""
    file = content.decode("latin-1")
    return Fault(call="download", kind="other_file", contains=contains, file=file, times=times)


def spooled(studio: Studio) -> dict[str, bytes]:
    """Return what lies in the spool, but for what is kept of sources."""
    files = (studio.state / "spool").iterdir()
    return {each.name: each.read_bytes() for each in files if not each.name.startswith("source")}


async def given_up(studio: Studio, **counts: int) -> None:
    """Let hours pass, one after the other, until the jobs have these states."""

    def passes() -> bool:
        studio.wait(HOUR_S)
        return studio.states() == counts

    async with studio.running():
        await studio.until(studio.jobs, "the jobs")
        await studio.until(passes, f"states {counts}")


async def test_each_kind_of_result_is_published_as_what_it_is(studio: Studio) -> None:
    """A film, a 3D model and a text stand there as the service made them, and nothing is left."""
    rules = [
        f'name = "film"\nmatch = ["film*"]\n{VIDEO}\nprompt = "she turns"',
        f'name = "solid"\nmatch = ["solid*"]\n{SOLID}',
        f'name = "words"\nmatch = ["words*"]\n{WORDS}',
    ]
    (studio.folder / "side.jpg").write_bytes(picture(9))
    studio.configure(rules=rules)
    for number, name in enumerate(("film", "solid", "words")):
        studio.drop(f"{name}.jpg", number=number)
    await studio.once()
    assert studio.outputs() == ["film.mp4", "solid.glb", "words.txt"], studio.summary()
    film = (studio.output / "film.mp4").read_bytes()
    assert proving.prove(film, {"said": False, "text": False}).ending == "mp4"
    assert (studio.output / "solid.glb").read_bytes() == stand_ins.content("3d")
    assert spooled(studio) == {}


async def test_what_is_no_result_is_kept_told_and_never_published(studio: Studio) -> None:
    """Stubs, halves, programs, pages: paid once, not done, and in the spool for a person to see.

    They stay there over a restart; a retry that brings the film takes them away, and is free.
    """
    studio.configure(rules=[f'{VIDEO}\nprompt = "{{stem}} turns"'])
    cases = {f"case{number}": broken()[name] for number, name in enumerate(NAMES + MORE_NAMES)}
    for number, (stem, (content, _)) in enumerate(cases.items()):
        studio.fault(other(content, contains=f"{stem} turns"))
        studio.drop(f"{stem}.jpg", number=number)
    await given_up(studio, failed=len(cases))
    assert studio.outputs() == []
    before = spooled(studio)
    assert len(before) == len(cases)
    for stem, (content, reason) in cases.items():
        job = studio.job(f"{stem}.jpg")
        kept = Path(job["error"]["message"].partition("It is kept as ")[2].rstrip("."))
        assert job["error"]["code"] == "result_unusable", stem
        assert any(each in job["error"]["message"] for each in reason.split("|")), job["error"]
        assert kept.parent == studio.state / "spool"
        assert before[kept.name] == content, stem
    await studio.once()
    assert spooled(studio) == before, "a restart sweeps nothing that a person may want"
    studio.simulator.clear_faults()
    await studio.act("retry", jobs=[each["id"] for each in studio.jobs()])
    await studio.once()
    assert studio.outputs() == sorted(f"{stem}.mp4" for stem in cases)
    assert len(studio.ledger().tasks) == len(cases), "nothing is paid again"
    assert spooled(studio) == {}


async def test_a_result_that_comes_whole_the_second_time_is_published(studio: Studio) -> None:
    """What came first is told while it is looked for again, and gone with the whole film."""
    studio.configure(rules=[f'{VIDEO}\nprompt = "she turns"'])
    studio.fault(other(PAGE, times=1))
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until(lambda: studio.tried("ann.jpg", 1), "the first try")
        assert studio.job("ann.jpg")["error"]["code"] == "result_unusable"
        studio.wait(HOUR_S)
        await studio.until_states(done=1)
    job = studio.job("ann.jpg")
    assert (job["outputs"], job["error"]) == (["ann.mp4"], None)
    assert (spooled(studio), len(studio.ledger().tasks)) == ({}, 1)


async def test_results_of_one_task_go_each_their_own_way(studio: Studio) -> None:
    """A film, a sound and a picture of one task are published; what is none is kept, and said."""
    studio.configure(rules=[MANY])
    film, sound = (MEDIA / "film.mov").read_bytes(), (MEDIA / "sound.flac").read_bytes()
    studio.fault(other(film, "result 1"), other(sound, "result 2"), other(PAGE, "result 3"))
    studio.drop("ann.jpg", picture(3))
    await given_up(studio, done=1)
    job = studio.job("ann.jpg")
    assert (job["missing"], job["error"]["code"]) == ([3], "result_missing")
    assert "it is a web page" in job["error"]["message"]
    assert studio.outputs() == ["ann-2.jpg", "ann.flac", "ann.mov"]
    assert (studio.output / "ann.mov").read_bytes() == film
    assert spooled(studio) == {"1-3-unusable": PAGE}
    assert len(studio.ledger().tasks) == 1


async def test_a_result_of_another_kind_is_published_and_said(studio: Studio) -> None:
    """The service decides what it makes; whoever asked for a picture reads that a film came."""
    studio.configure(rules=[RULE])
    studio.fault(other(stand_ins.content("video")))
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.outputs() == ["ann.mp4"]
    assert "it is a video, where" in studio.explain("ann.jpg")["reason"]


async def test_a_follower_takes_a_film_as_it_is(studio: Studio) -> None:
    """The same picture dropped twice is paid once; the second film is a copy of the first."""
    studio.configure(rules=[f'{VIDEO}\nprompt = "she turns"'])
    studio.drop("ann.jpg")
    studio.drop("bob.jpg")
    await studio.once()
    assert studio.outputs() == ["ann.mp4", "bob.mp4"]
    assert (studio.output / "ann.mp4").read_bytes() == (studio.output / "bob.mp4").read_bytes()
    assert (spooled(studio), len(studio.ledger().tasks)) == ({}, 1)
