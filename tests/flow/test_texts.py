"""Texts as sources: what they say is the edit's main text, and nothing is uploaded of them."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest

from hotfolder import config
from hotfolder.preflight import edits
from hotfolder.watching import waits

if TYPE_CHECKING:
    from tests.studio import Studio

PAINT = 'model = "xai/grok-imagine-image/text-to-image-official-stable"'
SPEAK = 'model = "minimax/speech-2.8-hd"\nparams = { voice_id = "Wise_Woman" }'
EDIT = 'name = "edit"\nprompt = "Make it a summer day"'
BOTH = (f'name = "paint"\n{PAINT}', EDIT)


async def test_a_text_and_a_model_are_enough(studio: Studio) -> None:
    """A text file becomes a picture; nothing is uploaded, and it is paid once."""
    studio.configure(rules=[PAINT])
    studio.drop("fox.txt", "A fox in the snow\n")
    await studio.once()
    await studio.once()
    assert studio.states() == {"done": 1}, studio.summary()
    (task,) = studio.ledger().tasks
    assert task.prompt == "A fox in the snow"
    assert [each.rpartition(".")[0] for each in studio.outputs()] == ["fox"]


async def test_the_rule_says_what_is_around_the_text(studio: Studio) -> None:
    """The text is inserted as it is, braces and all."""
    studio.configure(rules=[f'{PAINT}\nprompt = "Watercolour: {{text}}, soft"'])
    studio.drop("fox.txt", "a {stem} }}{{ fox")
    await studio.once()
    (task,) = studio.ledger().tasks
    assert task.prompt == "Watercolour: a {stem} }}{{ fox, soft"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
async def test_the_same_text_is_the_same_edit(studio: Studio, encoding: str) -> None:
    """Another encoding, end of line or composition of a text is no other text."""
    studio.configure(rules=[PAINT])
    studio.drop("fox.txt", "Ein F\u00fcchslein\nim Schnee")
    await studio.once()
    decomposed = unicodedata.normalize("NFD", " Ein F\u00fcchslein\r\nim Schnee\r\n\r\n")
    studio.drop("fox.txt", decomposed.encode(encoding))
    await studio.once()
    assert studio.states() == {"done": 1}
    assert not studio.job("fox.txt")["stale"]
    studio.drop("fox.txt", "Ein anderes")
    await studio.once()
    assert studio.states() == {"done": 2}
    assert len(studio.ledger().tasks) == 2


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "no_text"),
        (b" \r\n\n", "no_text"),
        (b"\xff\xfe\x00\xd8", "truncated"),
        ("für".encode()[:2], "truncated"),
        (b"f\xfcr immer", "not_text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not_text"),
        (b"x" * 70_000, "text_too_long"),
        (b"word " * 6_000, "wrong_parameters"),
    ],
)
async def test_what_is_no_text_is_told(studio: Studio, content: bytes, code: str) -> None:
    """Empty, cut, in another encoding, too long for a text or for the model: nothing is paid."""
    studio.configure(rules=['model = "seedream-v4/text-to-image"'])
    studio.drop("fox.txt", content)
    await studio.once()
    assert studio.job("fox.txt")["error"]["code"] == code
    assert not studio.ledger().tasks


@pytest.mark.parametrize(
    "name", ["_prompt.txt", "_notes.txt", "fox.jpg.failed.txt", "fox.held.txt", "f.In-Doubt.TXT"]
)
async def test_reserved_names_are_no_sources(studio: Studio, name: str) -> None:
    """A folder's files and our own notes are not taken, though a rule takes texts."""
    studio.configure(rules=[PAINT])
    studio.drop(name, "A fox")
    await studio.once()
    assert studio.states() == {}


async def test_a_text_beside_a_picture_is_its_sidecar(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a watch that takes both; and it stays so when the picture is gone, or rules change."""
    monkeypatch.setattr(waits, "TEXT_WAIT_S", 0.0)
    studio.configure(rules=BOTH)
    studio.drop("ann.txt", "Snow everywhere")
    picture = studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"done": 1}, studio.summary()
    assert [each.prompt for each in studio.ledger().tasks] == ["Snow everywhere"]
    assert studio.explain("ann.txt")["reason"] == "it is the sidecar of ann.jpg"
    picture.unlink()
    await studio.once()
    studio.configure(rules=[f"{BOTH[0]}\nreview = false", BOTH[1]])
    await studio.once()
    assert studio.states() == {"done": 1}, studio.summary()


async def test_a_text_waits_for_the_picture_that_it_may_belong_to(studio: Studio) -> None:
    """In a watch that takes pictures, too, it is no source before."""
    studio.configure(rules=BOTH)
    async with studio.running():
        studio.drop("ann.txt", "Snow everywhere")
        await studio.until(
            lambda: any(
                "may belong" in (each.settling("ann.txt") or "")
                for each in (studio.parts.watches.watchers if studio.parts else ())
            ),
            "it waits",
        )
        studio.drop("ann.jpg")
        await studio.until_states(done=1)
    assert [each.prompt for each in studio.ledger().tasks] == ["Snow everywhere"]


async def test_a_text_that_was_a_job_speaks_for_no_later_picture(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays what it was: the picture gets its rule's prompt, and a changed text is a new job."""
    monkeypatch.setattr(waits, "TEXT_WAIT_S", 0.0)
    studio.configure(rules=BOTH)
    studio.drop("ann.txt", "Snow everywhere")
    await studio.once()
    studio.drop("ann.jpg")
    await studio.once()
    assert [each.prompt for each in studio.ledger().tasks] == [
        "Snow everywhere",
        "Make it a summer day",
    ]
    assert studio.explain("ann.jpg")["sidecars"]["read"] == []
    studio.drop("ann.txt", "Rain")
    await studio.once()
    assert [each.prompt for each in studio.ledger().tasks][2:] == ["Rain"]
    assert not any(job["stale"] for job in studio.jobs())


async def test_texts_that_stood_there_are_held(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was lying about when a rule began to take texts may have served: a person decides."""
    monkeypatch.setattr(waits, "TEXT_WAIT_S", 0.0)
    studio.drop("ann.txt", "Snow everywhere")
    studio.drop("bob.jpg")
    await studio.once()
    studio.configure(rules=BOTH)
    await studio.once()
    assert studio.states() == {"done": 1}, studio.summary()
    assert studio.holds() == ["backlog:studio"]
    studio.configure(rules=[f"{BOTH[0]}\nreview = false", BOTH[1]])
    await studio.once()
    assert studio.states() == {"done": 1}, studio.summary()
    await studio.once(release=True)
    assert studio.states() == {"done": 2}, studio.summary()


async def test_a_model_of_speech_reads_the_text(studio: Studio) -> None:
    """The main text is called text there."""
    studio.configure(rules=[SPEAK])
    studio.drop("hello.txt", "Good morning")
    await studio.once()
    (task,) = studio.ledger().tasks
    assert task.params["text"] == "Good morning"
    assert studio.outputs() == ["hello.mp3"]


def test_check_wants_a_place_for_the_text(studio: Studio) -> None:
    """A prompt that would leave the text out is a mistake of the config."""
    studio.configure(rules=[PAINT])
    path = studio.folder / "config.toml"
    path.write_text(path.read_text() + 'prompt = "A fox"\n')
    messages = [each.message for each in edits.problems(config.read(path, {}))]
    assert any("must contain {text}" in each for each in messages), messages
