"""The short names of media parameters, by which files and rules mean them."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from hotfolder import config
from hotfolder.runninghub import roles
from hotfolder.runninghub.catalog import Catalog, Model

CATALOG = Catalog()
# Every media parameter of the catalog by its role and what else it answers to where its model has
# no further media that matter.
NAMED = {
    "audio": "audio",
    "audioUrl": "audio",
    "audioUrls": "audio",
    "backImageUrl": "back",
    "bottomImageUrl": "bottom",
    "cref": "cref",
    "elementReferList": "element-refer",
    "endImageUrl": "end",
    "firstFrameUrl": "first",
    "firstImageUrl": "first",
    "frontImageUrl": "front",
    "image": "image",
    "imageUrl": "image",
    "imageUrl2": "image-2",
    "imageUrl3": "image-3",
    "imageUrls": "image",
    "lastFrameUrl": "last",
    "lastImageUrl": "last",
    "leftFrontImageUrl": "left-front",
    "leftImageUrl": "left",
    "oref": "oref",
    "referenceImageUrl": "reference",
    "rightFrontImageUrl": "right-front",
    "rightImageUrl": "right",
    "sref": "sref",
    "textureImageUrl": "texture",
    "topImageUrl": "top",
    "video": "video",
    "videoUrl": "video",
    "videoUrls": "video",
    "videos": "video",
}


def model(name: str) -> Model:
    """Return a model of the catalog."""
    found = CATALOG.look_up(name)
    assert found is not None
    return found


def test_every_media_parameter_has_its_role() -> None:
    """The first of the names is the parameter's own; all 329 models are gone through."""
    shown = {key: called[0] for each in CATALOG for key, called in roles.names(each).items()}
    assert shown == NAMED


def test_a_role_means_one_parameter_of_a_model() -> None:
    """Of every model, each role leads back to its parameter, and so does the parameter's name."""
    for each in CATALOG:
        named = roles.names(each)
        assert list(named) == [key for key, one in each.params.items() if one.is_media]
        everything = [role for called in named.values() for role in called]
        assert len(everything) == len(set(everything))
        for key, called in named.items():
            for role in (*called, key):
                assert roles.parameter(each, role.upper()) is each.params[key]


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        (
            "seedance-2.0-global/image-to-video",
            {"firstFrameUrl": ("first", "start"), "lastFrameUrl": ("last", "end")},
        ),
        (
            "kling-v3.0-4k-image-to-video",
            {"imageUrl": ("image", "first", "start"), "endImageUrl": ("end", "last")},
        ),
        (
            "wan-2.2-video/start-to-end",
            {"imageUrl": ("image", "first", "start"), "lastImageUrl": ("last", "end")},
        ),
        (
            "kling-elements",
            {"imageUrl": ("image", "front"), "elementReferList": ("element-refer", "reference")},
        ),
        (
            "seedance-2.0-global/multimodal-video",
            {
                "imageUrls": ("image", "images"),
                "videoUrls": ("video", "videos"),
                "audioUrls": ("audio", "audios"),
            },
        ),
        ("kling-v3.0-pro-motion-control", {"imageUrl": ("image",), "videoUrl": ("video",)}),
    ],
)
def test_what_a_parameter_answers_to(name: str, answers: dict[str, tuple[str, ...]]) -> None:
    """First and start, last and end, a front among sides, a list by one or by many."""
    assert roles.names(model(name)) == answers


def test_a_front_among_sides() -> None:
    """The first picture of a model with sides is its front, whatever its parameter is called."""
    called = roles.names(model("hunyuan3d-v3.1/image-to-3d"))
    assert called["imageUrl"] == ("image", "front")
    assert called["leftFrontImageUrl"] == ("left-front",)


def test_the_owner_names_roles() -> None:
    """A [[model]] may say further roles; one that is another parameter's own stays that one's."""
    params = {
        "photo": {"type": "IMAGE", "required": True, "roles": ["Face", "cloth"]},
        "clothFile": {"type": "IMAGE"},
    }
    table = {"name": "my/model", "endpoint": "my/edit", "output": "image", "params": params}
    mine = TypeAdapter(config.OwnModel).validate_python(table)
    assert roles.names(mine) == {"photo": ("photo", "face"), "clothFile": ("cloth",)}
    assert roles.parameter(mine, "front") is None
