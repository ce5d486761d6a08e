"""Every model that makes images of an image works as a rule's model, from picture to output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotfolder.runninghub.catalog import Catalog, Model

if TYPE_CHECKING:
    from tests.studio import Studio

CATALOG = Catalog()
USABLE = [
    each for each in CATALOG if CATALOG.find(each.name) and each.output == "image" and each.media
]
MENU = ("image-to-image", "image-tools")


def rule(number: int, model: Model) -> str:
    """Return a rule that takes one picture of its own."""
    prompt = 'prompt = "Make it a summer day"\n' if model.prompt else ""
    return f'name = "r{number}"\nmatch = ["p{number:03}.jpg"]\nmodel = "{model.name}"\n{prompt}'


def test_the_menu_is_whole() -> None:
    """21 callable models stand in the service's image-to-image and image-tools menu."""
    menu = [each for each in USABLE if any(f"/ {name}" in each.section for name in MENU)]
    assert len(menu) == 21
    assert sum(each.prompt is None for each in USABLE) == 5  # up-scalers


@pytest.mark.long
async def test_every_image_model_edits_a_picture(studio: Studio) -> None:
    """Each sends what its model declares; the service takes it, and the result is published."""
    studio.configure(rules=[rule(number, each) for number, each in enumerate(USABLE)])
    studio.drop_many(len(USABLE))
    await studio.once(timeout_s=60)
    assert studio.states() == {"done": len(USABLE)}, studio.summary()
    by_id = {task.task_id: task for task in studio.ledger().tasks}
    for number, model in enumerate(USABLE):
        task = by_id[studio.job(f"p{number:03}.jpg")["task_id"]]
        assert task.endpoint == model.endpoint
        assert set(task.params) <= set(model.params)
        assert {key for key, each in model.params.items() if each.required} <= set(task.params)
        link = task.params[model.pictures[0].key]
        assert isinstance(link, list) == model.pictures[0].list_
    assert len(studio.outputs()) == len(USABLE)
