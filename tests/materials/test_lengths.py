"""What the simulator charges by the length of films, sounds and texts, by its own reading."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hotfolder.runninghub import estimates
from hotfolder.runninghub.catalog import Catalog
from hotfolder.runninghub.estimates import Sent
from hotfolder.simulator import catalog, lengths

if TYPE_CHECKING:
    from hotfolder.runninghub.catalog import Model

MEDIA = Path(__file__).parent.parent / "media"
TEXT = "x" * 1500
SECONDS = {"videoUrl": 7.2, "audioUrl": 5.5}


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("film.mp4", 1.0),
        ("film.mov", 1.0),
        ("sound.m4a", 0.5),
        ("sound.wav", 0.2),
        ("sound.flac", 0.5),
        ("sound.mp3", 0.5746938775510204),
        ("bare.mp3", 0.57475),
        ("film.mkv", None),
        ("live.webm", None),
    ],
)
def test_lengths(name: str, seconds: float | None) -> None:
    """As `ffprobe` says of them; containers that the service's price does not need say nothing."""
    path = MEDIA / name
    assert lengths.seconds(path, path.suffix[1:]) == seconds


def test_a_length_is_never_longer_than_the_bytes_are(tmp_path: Path) -> None:
    """A recorder that was piped claims hours, and what is no sound at all has no length."""
    piped = lengths.seconds(MEDIA / "piped.wav", "wav")
    assert piped is not None
    assert piped < 1
    for kind in ("mp4", "wav", "mp3", "flac"):
        path = tmp_path / f"none.{kind}"
        for content in (b"", b"mvhd", b"\xff\xfb\x00", b"RIFF....WAVE"):
            path.write_bytes(content)
            assert lengths.seconds(path, kind) is None


def test_the_simulator_charges_what_is_estimated() -> None:
    """For every model with a list price, at its defaults, though each side reads for itself."""
    charged, listed = {}, {}
    for each in Catalog():
        simulated = catalog.models().get(each.endpoint)
        if simulated is None or each.price is None:
            continue
        sent = Sent(text=TEXT, seconds=SECONDS)
        charged[each.name] = simulated.charge(_body(each), SECONDS)
        listed[each.name] = estimates.estimate(each, {}, sent).amount
    assert len(charged) > 300
    assert charged == listed
    assert charged["minimax/speech-2.8-hd"] == 2 * Decimal("0.62")
    assert charged["rh-video-fps-increaser"] == 8 * Decimal("0.07")


def _body(model: Model) -> dict[str, object]:
    """Return what is sent besides files: the required parameters."""
    body: dict[str, object] = {"text": TEXT}
    for key, each in model.params.items():
        if each.required and not each.is_media and key not in body:
            body[key] = each.default if each.default is not None else 0
    return body
