"""Whether files may be sent as they are: held against what their parameter takes."""

from __future__ import annotations

import pytest
from PIL import Image

from hotfolder import config
from hotfolder.domain.failures import Failure
from hotfolder.domain.preparation import Preparation
from hotfolder.kinds.kind import Kind, Traits
from hotfolder.kinds.media import Media
from hotfolder.kinds.picture.inspect import inspect
from hotfolder.kinds.picture.prepare import prepare
from hotfolder.planning.fitting import fit
from hotfolder.runninghub.catalog import Catalog, Parameter
from tests.pictures import saved

Size = tuple[int, int]
AUTO = config.Rule()
NEVER = config.Rule(prepare="never")


def place(model: str, key: str = "IMAGE") -> Parameter:
    """Return the first parameter of a model that takes files of a type."""
    found = Catalog().look_up(model)
    assert found is not None
    return next(each for each in found.media if each.type == key)


def picture(size: Size) -> bytes:
    """Return a picture of so many pixels."""
    return saved(Image.new("RGB", size, "green"), "PNG")


@pytest.mark.parametrize(
    ("model", "size", "code", "wanted"),
    [
        ("happyhorse-1.0/image-to-video", (900, 300), "wrong_ratio", "at most 2.5 times as many"),
        ("kling-v3.0-4k-image-to-video", (300, 751), "wrong_ratio", "at most 2.5 times as many"),
        ("Vidu-reference-to-video-q3", (200, 900), "wrong_ratio", "at most 4 times as many"),
        ("bytedance/dreamactor-v2", (2400, 500), "wrong_size", "sides from 480 to 1920 pixels"),
    ],
)
def test_a_strip_that_its_model_does_not_take(
    model: str, size: Size, code: str, wanted: str
) -> None:
    """It is told in words, by its pixels; what made smaller would be too small is not made so."""
    found = fit(inspect(picture(size)), place(model), AUTO)
    assert isinstance(found, Failure)
    assert (found.code, wanted in found.message) == (code, True), found
    assert f"{size[0]} x {size[1]} pixels" in found.message


@pytest.mark.parametrize("size", [(750, 300), (300, 750), (2500, 1000)])
def test_a_strip_that_its_model_just_takes(size: Size) -> None:
    """It is sent as it is."""
    assert fit(inspect(picture(size)), place("happyhorse-1.0/image-to-video"), AUTO) is None


@pytest.mark.parametrize("size", [(1921, 1000), (1500, 3001), (5000, 4999)])
def test_a_picture_too_large_for_its_model_is_made_smaller(size: Size) -> None:
    """Its longer side is then what the model takes, and its shape stays."""
    content = picture(size)
    wanted = fit(inspect(content), place("bytedance/dreamactor-v2"), AUTO)
    assert isinstance(wanted, Preparation)
    assert "more than 1920 pixels" in wanted.reasons[0]
    made = prepare(content, wanted)
    assert max(made.width, made.height) in (1919, 1920)
    assert abs(made.width * size[1] - made.height * size[0]) <= 2 * max(size)


def test_a_picture_too_large_is_refused_where_nothing_is_converted() -> None:
    """In words that name its sides and those that are taken."""
    at_most = Parameter(key="imageUrl", type="IMAGE", max_side=1920)
    found = fit(inspect(picture((3000, 100))), at_most, NEVER)
    assert isinstance(found, Failure)
    assert found.message.endswith("3000 x 100 pixels; this edit takes sides of up to 1920 pixels.")


def test_a_film_too_large_is_refused() -> None:
    """Nothing of a film is ever changed."""
    film = Media(
        kind=Kind.VIDEO,
        ending="mp4",
        bytes=1,
        traits=Traits(duration_s=5.0, width=4000, height=3000),
    )
    found = fit(film, place("bytedance/dreamactor-v2", "VIDEO"), AUTO)
    assert isinstance(found, Failure)
    assert "sides from 200 to 2048 pixels" in found.message
