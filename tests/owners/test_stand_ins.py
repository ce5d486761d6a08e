"""What the simulator makes besides pictures: of the length that was asked for, and real."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import av
import pytest
from PIL import Image

from hotfolder.kinds import proving
from hotfolder.simulator import shapes
from tests.pictures import saved
from tests.studio import picture

if TYPE_CHECKING:
    from tests.customer import Customer

SEEDANCE = "bytedance/seedance-2.0-global/image-to-video"
ANY = {"said": False, "text": False}


def results(customer: Customer, endpoint: str, **body: Any) -> list[dict[str, Any]]:  # noqa: ANN401  a body's values
    """Return the results of a submit."""
    told = customer.finish(customer.post(endpoint, body))
    assert told["status"] == "SUCCESS", told["errorMessage"]
    return list(told["results"])


@pytest.mark.parametrize("seconds", ["4", "7", "15"])
def test_a_film_lasts_as_long_as_was_asked_for(customer: Customer, seconds: str) -> None:
    """By its headers, and by the times of its frames."""
    link = customer.link(picture(), "ann.jpg")
    (film,) = results(customer, SEEDANCE, firstFrameUrl=link, resolution="720p", duration=seconds)
    content = customer.http.get(film["url"]).content
    lasts_s = proving.prove(content, ANY).traits.duration_s
    assert lasts_s == pytest.approx(float(seconds), abs=0.01)
    with av.open(io.BytesIO(content), "r") as opened:
        times = [frame.time for frame in opened.decode(video=0)]
    assert len(times) == 10
    assert times[-1] == pytest.approx(0.9 * float(seconds), abs=0.05)


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ({"resolution": "720p", "ratio": "9:16"}, (720, 1280)),
        ({"resolution": "1080p", "ratio": "21:9"}, (2520, 1080)),
        ({"resolution": "480p", "ratio": "1:1"}, (480, 480)),
        ({"resolution": "720p", "ratio": "adaptive"}, (960, 720)),
        ({"resolution": "2k", "ratio": "adaptive"}, (1920, 1440)),
    ],
)
def test_a_film_is_as_large_as_was_asked_for(
    customer: Customer, asked: dict[str, str], size: tuple[int, int]
) -> None:
    """By its headers and its frames, which show the picture that was sent."""
    red = saved(Image.new("RGB", (400, 300), "red"), "JPEG")
    link = customer.link(red, "ann.jpg")
    (film,) = results(customer, SEEDANCE, firstFrameUrl=link, duration="5", **asked)
    content = customer.http.get(film["url"]).content
    traits = proving.prove(content, ANY).traits
    assert (traits.width, traits.height) == size
    with av.open(io.BytesIO(content), "r") as opened:
        shown = next(opened.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
    assert shown.size == size
    levels = shown.getpixel((size[0] // 2, size[1] // 3))
    assert levels[0] > max(levels[1:]) + 50


@pytest.mark.parametrize(
    ("asked", "sent", "size"),
    [
        ({}, None, (1280, 720)),
        ({"aspectRatio": "9:16"}, None, (720, 1280)),
        ({"size": "1024x1792"}, (10, 10), (1024, 1792)),
        ({"size": "1632*1248"}, None, (1632, 1248)),
        ({"resolution": "720\u00d71280"}, None, (720, 1280)),
        ({"resolution": "native1080p", "aspectRatio": "auto"}, (300, 400), (1080, 1440)),
        ({"targetResolution": "4k"}, (1920, 1080), (3840, 2160)),
        ({}, (6000, 4000), (1620, 1080)),
        ({"resolution": "auto"}, (333, 333), (332, 332)),
    ],
)
def test_what_is_asked_for_gives_the_size(
    asked: dict[str, str], sent: tuple[int, int] | None, size: tuple[int, int]
) -> None:
    """In each of the ways in which models ask for it; what is sent gives the rest."""
    assert shapes.shape(asked, sent) == size


def test_the_last_frame_of_a_film_comes_as_a_picture(customer: Customer) -> None:
    """Two kinds in one task, for models that are asked for it."""
    link = customer.link(picture(), "ann.jpg")
    body = {"firstFrameUrl": link, "resolution": "720p", "duration": "4", "returnLastFrame": True}
    film, frame = results(customer, SEEDANCE, **body)
    assert [each["outputType"] for each in (film, frame)] == ["mp4", "png"]
    assert customer.http.get(frame["url"]).content.startswith(b"\x89PNG")


def test_what_others_go_on_with_is_told_as_they_want_it(customer: Customer) -> None:
    """Faces of a film as JSON with the parts that the next model asks for."""
    said = {"text": "Good morning", "voiceId": "genshin_klee2", "voiceLanguage": "zh"}
    (told,) = results(customer, "kling-lip-sync/tts", **said)
    assert set(json.loads(told["text"])) == {"audioId", "duration"}
