"""A model of each group of the menu, from its folder to its result, by one daemon."""

from __future__ import annotations

import io
import json
import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest
from PIL import Image

from hotfolder import config
from hotfolder.kinds import proving
from hotfolder.kinds.kind import BY_OUTPUT, kind_of
from hotfolder.preflight import edits
from hotfolder.runninghub import roles
from hotfolder.runninghub.catalog import Catalog
from tests import catalogue
from tests.catalogue import SOUND
from tests.films import media, sized
from tests.studio import picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hotfolder.runninghub.catalog import Model
    from tests.studio import Studio

SIDE: Final = 640
WALK: Final = sized(media("walk.mp4"), 720, 1280)
PICTURES: Final = ("jpg", "png")
SHARES: Final = 5  # that the run over all models is in


class Group(NamedTuple):
    """A group of the menu: the lines of its rule, what is dropped, and what comes out."""

    name: str
    rule: str
    dropped: tuple[str, ...]
    came: tuple[str, ...]


def of(name: str, model: str, dropped: str, came: str, rule: str = "") -> Group:
    """Return a group; its files are named with spaces between them."""
    lines = f'model = "{model}"\nset_wait = 0\n{rule}'
    return Group(name, lines, tuple(dropped.split()), tuple(came.split()))


SAYS: Final = 'prompt = "she turns"'
LIP_SYNC: Final = """params = { sessionId = "s1", faceId = "f1", soundStartTime = 0, \
soundEndTime = 2000, soundInsertTime = 0 }"""
# Without those of the manual's page of one of each kind, which is a test of its own.
GROUPS: Final = (
    of("a2", "midjourney-text-to-image-v7", "fox.jpg", "fox.jpg", SAYS),
    of("a2-text", "midjourney-text-to-image-v6", "fox.txt", "fox.png", 'match = ["*.txt"]'),
    of("a3", "kling-v2.6-pro-text-to-video", "fox.txt", "fox.mp4"),
    of("a4", "wan-2.5-preview/text-to-video", "fox.wav", "fox.mp4", SAYS),
    of("a4-text", "wan-2.7/text-to-video", "fox.txt", "fox.mp4", 'match = ["*.txt"]'),
    of("b1", "hypir-balance", "ann.jpg", "ann.jpg"),
    of("c4", "hailuo-02-standard", "ann.first.jpg ann.last.jpg", "ann.mp4", SAYS),
    of("c5", "wan-2.6-image-to-video-flash", "ann.jpg ann.wav", "ann.mp4", SAYS),
    of(
        "d1", "Vidu-reference-to-video-q3", "s/2.jpg s/10.jpg", "s.mp4", f'{SAYS}\ngroup = "folder"'
    ),
    of(
        "d2",
        "kling-video-o3-4k-reference-to-video",
        "s/1.jpg s/2.jpg",
        "s.mp4",
        f'{SAYS}\ngroup = "folder"',
    ),
    of(
        "d3",
        "seedance-2.0-global/multimodal-video",
        "s/1.jpg s/2.jpg s/a.mp4 s/b.mp3",
        "s.mp4",
        f'{SAYS}\ngroup = "folder"',
    ),
    of("e2", "kling-video-o3-pro/video-edit", "ann.mp4 ann.jpg", "ann.mp4", SAYS),
    of(
        "e2-folder",
        "wan-2.7/video-edit",
        "s/1.jpg s/2.jpg s/a.mp4",
        "s.mp4",
        f'{SAYS}\ngroup = "folder"',
    ),
    of("e3", "bytedance/dreamactor-v2", "ann.jpg ann.mp4", "ann.mp4"),
    of("f2", "suno-single-v5", "calm.txt", "calm.mp3"),
    of("f4", "suno-lyrics", "sea.txt", "sea.txt"),
    of("g1", "hunyuan3d-v3.1/image-to-3d", "chair.jpg", "chair.glb"),
    of(
        "g2",
        "hitem3d-v2/multi-image-to-3d",
        "c/front.jpg c/back.jpg c/left.jpg",
        "c.glb",
        'group = "folder"',
    ),
    of("g3", "hunyuan3d-v3.1/text-to-3d", "chair.txt", "chair.glb"),
    of(
        "h1",
        "f-2-klein-4b/edit-lora",
        "ann.jpg",
        "ann.jpg",
        'prompt = "a drawing"\nparams = { lora = "mine.safetensors" }',
    ),
    of("h2", "wan-2.2-video/start-to-end", "ann.first.jpg ann.last.jpg", "ann.mp4", SAYS),
    of("h2-text", "f-dev", "fox.txt", "fox.png"),
    of(
        "x1",
        "kling-elements",
        "ann/front.jpg ann/a.jpg ann/b.jpg",
        "ann.txt",
        'prompt = "a lady in red"\ngroup = "folder"\nparams = { name = "ann" }',
    ),
    of("x2", "sora-upload-character-channel-low-price", "ann.mp4", "ann.txt"),
    of("x3", "kling-lip-sync/identify-face", "ann.mp4", "ann.json"),
    of("x5", "kling-lip-sync/tts", "hello.txt", "hello.json"),
    of(
        "x6",
        "minimax/voice-clone",
        "ann.wav",
        "ann.mp3",
        'prompt = "Good morning"\nparams = { custom_voice_id = "ann1234567" }',
    ),
)
# The session is one of another day: who has told none of today's takes it for what it may be.
OF_A_SESSION: Final = (of("x4", "kling-lip-sync/lip-sync-video", "ann.mp3", "ann.mp4", LIP_SYNC),)


def content(name: str, number: int) -> bytes:
    """Return a small real file for a name."""
    match name.rpartition(".")[2]:
        case "mp4":
            return WALK
        case "mp3":
            return SOUND
        case "wav":
            return media("sound.wav")
        case "txt":
            return f"A fox in the snow, number {number}".encode()
    return picture(number, side=SIDE)


def every_model() -> list[Group]:
    """Return all models that a rule may name as groups, each with the files that it needs."""
    found = []
    for number, model in enumerate(Catalog()):
        if model.retired or not model.inputs:
            continue  # not to be called any more, or nobody knows what it takes
        roles_of, needed = roles.names(model), list(catalogue.dropped(model))
        names = [f"ann.{roles_of[key][0]}.{_ending(model, key)}" for key in needed]
        if len(needed) == 1:
            names = [f"ann.{_ending(model, needed[0])}"]
        lines = [
            f"params.{key} = {json.dumps(each)}" for key, each in catalogue.said(model).items()
        ]
        if needed and model.prompt is not None:
            lines.append(f'prompt = "{catalogue.TEXT}"')
        if not needed and model.media:
            lines.append('match = ["*.txt"]')
        dropped = " ".join(names) or "fox.txt"
        found.append(of(f"m{number:03}", model.name, dropped, "", "\n".join(lines)))
    return found


def _ending(model: Model, key: str) -> str:
    return {"IMAGE": "jpg", "VIDEO": "mp4", "AUDIO": "mp3"}[model.params[key].type]


def configure(studio: Studio, groups: Iterable[Group]) -> None:
    """Give each group a watch of its own; whatever nobody confirmed yet is."""
    head = (studio.folder / "config.toml").read_text().partition("[[watch]]")[0]
    unconfirmed = (each.name for each in Catalog() if not each.confirmed)
    text = head + "".join(f'[[model]]\nname = "{each}"\nconfirmed = true\n' for each in unconfirmed)
    for each in groups:
        (studio.input / each.name).mkdir()
        (studio.output / each.name).mkdir()
        text += (
            f'[[watch]]\nname = "{each.name}"\ninput = "{studio.input / each.name}"\n'
            f'output = "{studio.output / each.name}"\nsettle = 0.05\nsidecar_wait = 0\n'
            f'notes = "none"\n[[watch.rule]]\n{each.rule}\n'
        )
    studio.reconfigure(text)
    reading = config.read(studio.folder / "config.toml", {})
    assert list(edits.problems(reading)) == []


def drop(studio: Studio, groups: Iterable[Group]) -> None:
    """Put the files of each group into its folder, as if they had long been there."""
    for each in groups:
        for number, name in enumerate(each.dropped, 1):
            path = studio.drop(f"{each.name}/{name}", content(name, number))
            os.utime(path, ns=(0, 0))


def ending(content: bytes, name: str) -> str:
    """Return what a published file proves to be."""
    told = name.rpartition(".")[2]
    if told in PICTURES:
        with Image.open(io.BytesIO(content)) as opened:
            opened.load()
            return {"JPEG": "jpg", "PNG": "png"}[opened.format or ""]
    return proving.prove(content, {"said": False, "text": told in ("txt", "json")}).ending


async def driven(studio: Studio, groups: Sequence[Group]) -> dict[str, tuple[str, ...]]:
    """Run one daemon over groups; return what came of each, which is what its name says."""
    studio.simulator.update_settings(balance="100000")
    configure(studio, groups)
    drop(studio, groups)
    await studio.once()
    assert set(studio.states()) == {"done"}, studio.summary()
    assert len(studio.ledger().tasks) == len(groups)
    for job in studio.jobs():
        assert job["estimate"] in (None, job["charge"]), job["model"]
    came: dict[str, tuple[str, ...]] = {}
    for each in groups:
        found = sorted((studio.output / each.name).glob("[!.]*"))
        came[each.name] = tuple(path.name for path in found)
        for path in found:
            assert ending(path.read_bytes(), path.name) == path.suffix[1:]
    return came


async def test_each_group_of_the_menu_is_driven_from_its_folder(studio: Studio) -> None:
    """All in one run: paid once for each, charged as estimated, published as what it proves."""
    came = await driven(studio, GROUPS)
    assert came == {each.name: each.came for each in GROUPS}


async def test_a_model_of_a_session_is_driven_from_its_folder(studio: Studio) -> None:
    """Where the session and the face are known from elsewhere."""
    came = await driven(studio, OF_A_SESSION)
    assert came == {each.name: each.came for each in OF_A_SESSION}


def test_all_models_but_those_of_which_too_little_is_known_are_driven() -> None:
    """Of 329, 4 are retired, and of 5 nobody knows what they take; all of the menu are there."""
    driven_too = {re.findall(r'model = "(.*?)"', each.rule)[0] for each in every_model()}
    others = [each for each in Catalog() if each.name not in driven_too]
    assert (len(driven_too), len(others)) == (320, 9)
    assert {each.name for each in others if each.in_menu} == {
        each.name for each in others if each.retired and each.in_menu
    }
    assert all(Catalog().why_not(each.name) for each in others)


@pytest.mark.long
@pytest.mark.parametrize("share", range(SHARES))
async def test_every_model_is_driven_from_its_folder(studio: Studio, share: int) -> None:
    """A file, or a set of files, becomes what its model makes; `pytest -s` prints the table."""
    groups = every_model()[share::SHARES]
    came = await driven(studio, groups)
    models = [Catalog().look_up(re.findall(r'model = "(.*?)"', each.rule)[0]) for each in groups]
    for each, model in zip(groups, models, strict=True):
        assert model is not None
        kinds = {kind_of(name.rpartition(".")[2]) for name in came[each.name]}
        assert kinds == {BY_OUTPUT[model.output]}, model.name
        print(f"{model.name}: {', '.join(each.dropped)} -> {', '.join(came[each.name])}")  # noqa: T201  for the notes of a release
