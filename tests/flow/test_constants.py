"""`media` of a rule: constant files for parameters of its model, by role."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hotfolder import config
from hotfolder.preflight import edits
from tests.studio import picture

if TYPE_CHECKING:
    from tests.studio import Studio

DANCER = "kling-v3.0-std-motion-control"  # imageUrl and videoUrl, both needed
VIEWS = "hitem3d-v15/multi-image-to-3d"
FILM = (Path(__file__).parent.parent / "media" / "walk.mp4").read_bytes()


def dancing(studio: Studio, film: str = "dances/walk.mp4", more: str = "") -> None:
    """Let every picture dance as in a film."""
    studio.configure(rules=[f'model = "{DANCER}"\nmedia = {{ video = "{film}" }}\n{more}'])


def put(studio: Studio, name: str, content: bytes = FILM) -> None:
    """Put a file beside the config."""
    path = studio.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


async def test_each_picture_dances_as_in_the_film(studio: Studio) -> None:
    """The film is uploaded once and goes into its parameter; its seconds are what is paid for."""
    put(studio, "dances/walk.mp4")
    dancing(studio)
    studio.drop("ann.jpg", picture(1, side=320))
    studio.drop("bob.jpg", picture(2, side=320))
    await studio.once()
    assert studio.states() == {"done": 2}
    sent = [task.params for task in studio.ledger().tasks]
    assert len({each["imageUrl"] for each in sent}) == 2
    assert len({each["videoUrl"] for each in sent}) == 1
    assert studio.outputs() == ["ann.mp4", "bob.mp4"]
    assert [str(studio.job(name)["estimate"]) for name in ("ann.jpg", "bob.jpg")] == ["3.24"] * 2


async def test_another_film_makes_stale_and_pays_nothing_by_itself(studio: Studio) -> None:
    """It is part of the plan: what was made with the one before is stale."""
    put(studio, "dances/walk.mp4")
    put(studio, "dances/run.mp4", FILM + b"\0\0\0\x08free")
    dancing(studio)
    studio.drop("ann.jpg", picture(1, side=320))
    await studio.once()
    dancing(studio, "dances/run.mp4")
    await studio.once()
    assert len(studio.ledger().tasks) == 1
    assert "stale" in studio.explain("ann.jpg")["reason"]


async def test_a_film_that_is_not_there_is_waited_for(studio: Studio) -> None:
    """The picture waits and says for what; once the film is there it goes on."""
    put(studio, "dances/none.txt")
    dancing(studio)
    studio.drop("ann.jpg", picture(1, side=320))
    await studio.once()
    assert studio.states() == {"accepted": 1}
    assert "walk.mp4" in studio.explain("ann.jpg")["reason"]
    put(studio, "dances/walk.mp4")
    await studio.once()
    assert studio.states() == {"done": 1}


async def test_a_picture_where_a_film_must_stand_is_told(studio: Studio) -> None:
    """What it is counts, not its name."""
    put(studio, "dances/walk.mp4", studio.drop("ann.jpg", picture(1, side=320)).read_bytes())
    dancing(studio)
    await studio.once()
    assert studio.states() == {"accepted": 1}
    assert studio.ledger().tasks == ()


async def test_constants_within_the_watch_are_no_sources(studio: Studio) -> None:
    """A style that lies in the input folder is sent along, not edited."""
    style = studio.drop("style.jpg", number=3)
    rule = (
        f'model = "midjourney-text-to-image-v7"\nprompt = "a fox"\nmedia = {{ sref = "{style}" }}'
    )
    studio.configure(rules=[rule])
    studio.drop("ann.jpg", picture(1, side=320))
    await studio.once()
    (task,) = studio.ledger().tasks
    assert {"imageUrl", "sref"} <= set(task.params)


def test_what_is_wrong_with_media(studio: Studio) -> None:
    """A role that the model has not, and two that mean the same; nothing where all is right."""
    put(studio, "a.jpg")
    back = "media = { back = 'a.jpg', Left = 'a.jpg' }"
    wrong = "media = { video = 'a.jpg', image = 'a.jpg', frontImageUrl = 'a.jpg', FRONT = 'a.jpg' }"
    told = {}
    for media in (back, wrong):
        studio.configure(rules=[f'model = "{VIEWS}"\n{media}'])
        reading = config.read(studio.folder / "config.toml", {})
        told[media] = [each.message for each in edits.problems(reading)]
    assert told[back] == []
    assert [each for each in told[wrong] if "has no video: it takes front, back" in each]
    assert [each for each in told[wrong] if "is the same as frontImageUrl" in each]
