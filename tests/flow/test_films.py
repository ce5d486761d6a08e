"""Films and sounds as sources: taken by the kind that the model wants, proven, sent as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.films import lasting, media

if TYPE_CHECKING:
    from tests.studio import Studio

UPSCALE = 'model = "topazlabs-video-upscale"'
CLONE = (
    'model = "minimax/voice-clone"\nprompt = "Good morning"\nparams = { custom_voice_id = "ann" }'
)
FACES = 'model = "kling-lip-sync/identify-face"'


async def test_a_film_goes_to_a_model_of_films(studio: Studio) -> None:
    """It is uploaded byte for byte under its own type, and its edit is published."""
    studio.configure(rules=[UPSCALE])
    studio.drop("ann.mp4", media("film.mp4"))
    await studio.once()
    assert studio.states() == {"done": 1}, studio.summary()
    (task,) = studio.ledger().tasks
    assert ".mp4" in str(task.params["videoUrl"])
    assert studio.outputs() == ["ann.mp4"]


async def test_a_sound_goes_to_a_model_of_sounds(studio: Studio) -> None:
    """The prompt is its main text."""
    studio.configure(rules=[CLONE])
    studio.drop("ann.WAV", media("sound.wav"))
    await studio.once()
    assert studio.states() == {"done": 1}, studio.summary()
    (task,) = studio.ledger().tasks
    assert ".wav" in str(task.params["audio"])
    assert task.params["text"] == "Good morning"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("ann.mp4", None, "not_of_kind"),
        ("ann.mp4", b"hello, I am no film at all, and long enough to tell", "not_of_kind"),
        ("ann.mov", media("film.mov"), "unsupported_type"),
        ("ann.mp4", media("film.mp4").replace(b"avc1", b"zzzz"), "unsupported_codec"),
        ("ann.mp4", media("sound.m4a"), "not_of_kind"),
        ("ann.mp4", lasting(media("film.mp4"), 3 * 3600), "too_long"),
    ],
)
async def test_what_cannot_be_sent_is_told(
    studio: Studio, name: str, content: bytes | None, code: str
) -> None:
    """Nothing is uploaded and nothing paid; the words say what it is and what to do."""
    studio.configure(rules=[UPSCALE])
    studio.drop(name, content)
    await studio.once()
    assert studio.states() == {"failed": 1}, studio.summary()
    assert studio.job(name)["error"]["code"] == code
    assert not studio.ledger().tasks


async def test_a_film_without_sound_where_sound_is_needed(studio: Studio) -> None:
    """It is told before anything is uploaded; with its sound it goes."""
    own = (
        '[[model]]\nname = "studio/words"\nendpoint = "topazlabs/video-upscale"\n'
        'output = "video"\nparams.videoUrl = { type = "VIDEO", required = true, sound = true }\n'
    )
    studio.configure(rules=['model = "studio/words"'])
    studio.reconfigure((studio.folder / "config.toml").read_text() + own)
    studio.drop("ann.mp4", media("walk.mp4"))
    await studio.once()
    assert studio.job("ann.mp4")["error"]["code"] == "no_sound", studio.summary()
    assert "upload" not in studio.ledger().requests


async def test_the_limits_of_a_parameter_are_held(studio: Studio) -> None:
    """A film that is too short for the model is not sent."""
    studio.configure(rules=[FACES])
    studio.drop("ann.mp4", media("film.mp4"))
    await studio.once()
    assert studio.job("ann.mp4")["error"]["code"] == "too_short"
    assert "lasts 1.0 s" in studio.job("ann.mp4")["error"]["message"]


@pytest.mark.parametrize("name", ["film.mp4", "fragmented.mp4"])
async def test_half_a_film_waits_for_the_rest(studio: Studio, name: str) -> None:
    """What is shorter than it states is still being copied; it is sent once, and whole."""
    studio.configure(rules=[UPSCALE])
    whole = media(name)
    studio.drop("ann.mp4", whole[: len(whole) // 2])
    async with studio.running():
        await studio.until(lambda: studio.job("ann.mp4")["waits_for"], "it waits")
        assert studio.job("ann.mp4")["error"]["code"] == "truncated"
        studio.drop("ann.mp4", whole)
        await studio.until(lambda: studio.states().get("done") == 1, "it is sent when it is whole")
    assert len(studio.ledger().tasks) == 1


async def test_a_file_of_a_kind_that_no_rule_takes_is_counted(studio: Studio) -> None:
    """A picture in a folder for films becomes no job, and is told."""
    studio.configure(rules=[UPSCALE])
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {}
    assert studio.explain("ann.jpg")["reason"].startswith("no rule of this watch takes files")
