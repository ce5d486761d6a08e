"""Films and sounds as sources: what they tell of themselves, and what only a decoder sees."""

from __future__ import annotations

import struct
import tempfile
from contextlib import closing
from typing import Final

import pytest

from hotfolder.kinds import decoding, played
from hotfolder.kinds.kind import Kind, NotProven
from hotfolder.kinds.media import CutShort, Media, NotPlayable
from hotfolder.kinds.workshop import results
from hotfolder.kinds.workshop.looks import look_at_played
from hotfolder.kinds.workshop.workshop import Workshop
from tests.films import media, turned
from tests.workers import WORKERS

FILMS: Final = ("film.mp4", "film.mov", "film.mkv", "film.webm", "fragmented.mp4", "live.webm")
SOUNDS: Final = {"sound.mp3": 0.6, "sound.wav": 0.2, "sound.flac": 0.5, "sound.ogg": 0.5}
ANY: Final = {"said": False, "text": False}


def damaged(name: str) -> bytes:
    """Return a film whose boxes are whole, with nothing but noise for its frames."""
    content = media(name)
    at = content.index(b"mdat") + 4
    noise = bytes(37 * each % 251 for each in range(len(content) - at))
    return content[:at] + noise


async def looked(content: bytes) -> Media:
    """Let a confined worker look at a film or sound."""
    with closing(Workshop(open_worker=WORKERS.open)) as shop, tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        return await look_at_played(shop, file)


@pytest.mark.parametrize("name", FILMS)
async def test_a_film_tells_its_length_and_sides(name: str) -> None:
    """Where its container does not tell the length, the decoder in the confined worker does."""
    found = await looked(media(name))
    assert found.kind is Kind.VIDEO
    assert (found.traits.width, found.traits.height) == (64, 64)
    assert found.traits.duration_s == pytest.approx(1.0, abs=0.1)
    assert found.traits.has_sound is (name == "film.mp4")


async def test_a_film_that_was_held_upright() -> None:
    """Its sides are those that are seen, whichever way it is stored."""
    assert (await looked(media("walk.mp4"))).traits.width == 400
    found = (await looked(turned(media("walk.mp4")))).traits
    assert (found.width, found.height) == (360, 400)


@pytest.mark.parametrize("name", SOUNDS)
async def test_a_sound_tells_its_length(name: str) -> None:
    """By its frames, or by what its header says."""
    found = await looked(media(name))
    assert found.kind is Kind.AUDIO
    assert found.traits.duration_s == pytest.approx(SOUNDS[name], abs=0.05)


async def test_a_film_without_a_single_good_frame_is_found_out() -> None:
    """As a source it cannot be sent, as a result it is no film."""
    with pytest.raises(NotPlayable, match="not one frame"):
        await looked(damaged("film.mp4"))
    with closing(Workshop(open_worker=WORKERS.open)) as shop, tempfile.TemporaryFile() as file:
        file.write(damaged("film.mp4"))
        file.flush()
        with pytest.raises(NotProven, match="not one frame"):
            await results.prove(shop, file.fileno(), ANY)


def test_without_a_decoder_containers_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not installed is not missed but for what only it can see."""
    monkeypatch.setattr(decoding, "_pyav", lambda: None)
    found = played.look(damaged("film.mp4"))
    assert found is not None
    assert found.traits.duration_s == pytest.approx(1.0)
    live = played.look(media("live.webm"))
    assert live is not None
    assert live.traits.duration_s is None


@pytest.mark.parametrize("name", [*FILMS, *SOUNDS, "sound.m4a", "opus.ogg"])
def test_a_cut_file_may_still_be_growing(name: str) -> None:
    """It is told from one that is damaged: its rest may yet come."""
    content = media(name)
    for size in (len(content) - 1, len(content) // 2 + 1, 60):
        with pytest.raises(CutShort):
            played.look(content[:size])


def test_a_phones_film_is_seen_upright() -> None:
    """What is stored turned has the sides that one sees."""
    content = bytearray(media("film.mp4"))
    at = content.index(b"tkhd") + 4
    size = int.from_bytes(content[at - 8 : at - 4], "big")
    end = at - 8 + size
    content[end - 8 : end] = (1920 << 16).to_bytes(4, "big") + (1080 << 16).to_bytes(4, "big")
    turned = (0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    content[end - 44 : end - 8] = struct.pack(">9i", *turned)
    found = played.look(bytes(content))
    assert found is not None
    assert (found.traits.width, found.traits.height) == (1080, 1920)
