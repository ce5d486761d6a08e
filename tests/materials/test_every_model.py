"""Every model of the catalog: a body that the service accepts by its own check, and its results.

The service is the simulator, which reads the catalog for itself. What is wrong with any model is
told together with all others, and `pytest -s` prints what was dropped and what came out by group.
"""

from __future__ import annotations

import io
import json
from collections import Counter, defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from hotfolder.kinds import proving
from hotfolder.kinds.formats import EXTENSIONS
from hotfolder.kinds.kind import BY_OUTPUT, Kind, kind_of
from hotfolder.runninghub import estimates, payload
from hotfolder.runninghub.catalog import Catalog
from hotfolder.runninghub.estimates import Sent
from hotfolder.simulator import lengths
from tests import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hotfolder.domain.params import Params
    from hotfolder.runninghub.catalog import Model
    from tests.customer import Customer

CATALOG = Catalog()
CALLABLE = tuple(each for each in CATALOG if not each.retired)


class Shop:
    """Sends each file once, and says how long those are that last."""

    def __init__(self, customer: Customer, folder: Path) -> None:
        self._customer = customer
        self._folder = folder
        self._links: dict[bytes, str] = {}

    def links(self, model: Model, *, everything: bool) -> dict[str, list[str]]:
        """Return the links of what is dropped for a model, by parameter."""
        dropped = catalogue.dropped(model, everything=everything)
        return {key: [self._link(*each) for each in files] for key, files in dropped.items()}

    def seconds(self, model: Model, *, everything: bool) -> dict[str, float]:
        """Return how long what is dropped lasts, by parameter, as the simulator reads it."""
        told = {}
        for key, files in catalogue.dropped(model, everything=everything).items():
            name, content = files[0]
            path = self._folder / name
            path.write_bytes(content)
            told[key] = lengths.seconds(path, name.rpartition(".")[2])
        return {key: each for key, each in told.items() if each is not None}

    def _link(self, name: str, content: bytes) -> str:
        if content not in self._links:
            self._links[content] = self._customer.link(content, name)
        return self._links[content]


@pytest.mark.parametrize("everything", [False, True], ids=["needed", "everything"])
def test_every_model_is_paid_and_brings_what_it_says(
    customer: Customer, tmp_path: Path, *, everything: bool
) -> None:
    """With what it needs, and with all that it may have: accepted, charged as estimated, proven."""
    customer.simulator.update_settings(balance="100000")
    shop, wrong = Shop(customer, tmp_path), {}
    came: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for model in CALLABLE:
        try:
            came[catalogue.group(model)].update(_bought(customer, shop, model, everything))
        except AssertionError as problem:
            wrong[model.name] = str(problem).partition("\n")[0]
    print(_table(came))  # noqa: T201  for the notes of a release
    assert wrong == {}
    assert sum(1 for each in CATALOG if each.retired) == 4
    assert len(CALLABLE) == 325


def _bought(customer: Customer, shop: Shop, model: Model, everything: bool) -> list[str]:  # noqa: FBT001
    """Submit what is dropped for a model and return the endings of its results."""
    said = _presented(customer, shop, catalogue.said(model))
    text = catalogue.TEXT if model.prompt else None
    made = payload.compose(model, text, said, shop.links(model, everything=everything))
    assert made.problems == ()
    answer = customer.post(model.endpoint, payload.as_sent(model, made.body))
    assert answer["taskId"], answer["errorMessage"]
    told = customer.finish(answer)
    assert told["status"] == "SUCCESS", told["errorMessage"]
    sent = Sent(text=text, seconds=shop.seconds(model, everything=everything))
    listed = estimates.estimate(model, said, sent).amount
    charged = Decimal(told["usage"]["thirdPartyConsumeMoney"])
    assert listed in (None, charged), f"estimated {listed}, charged {charged}"
    assert (listed is None) == (model.price is None)
    assert told["results"]
    if everything:  # the results are the same
        return [each["outputType"] for each in told["results"]]
    endings = [_ending(customer, model, each) for each in told["results"]]
    assert kind_of(endings[0]) is BY_OUTPUT[model.output]
    return endings


def _presented(customer: Customer, shop: Shop, said: Params) -> Params:
    """Return params with the ids that only another model tells, asked for just now."""
    if "sessionId" not in said:
        return said
    faces = CATALOG.look_up("kling-lip-sync/identify-face")
    assert faces is not None
    body = payload.compose(faces, None, {}, shop.links(faces, everything=False)).body
    told = customer.finish(customer.post(faces.endpoint, body))
    answer = json.loads(told["results"][0]["text"])
    return said | {"sessionId": answer["sessionId"], "faceId": answer["faces"][0]["faceId"]}


def _ending(customer: Customer, model: Model, result: dict[str, str]) -> str:
    """Return what a result proves to be."""
    if result["text"] is not None:
        return proving.prove(result["text"].encode(), {"said": True, "text": True}).ending
    content = customer.http.get(result["url"]).content
    if result["outputType"] in _picture_endings():
        with Image.open(io.BytesIO(content)) as opened:
            opened.load()
            return {"JPEG": "jpg", "PNG": "png"}[opened.format or ""]
    is_text = BY_OUTPUT[model.output] is Kind.TEXT
    return proving.prove(content, {"said": False, "text": is_text}).ending


def _picture_endings() -> set[str]:
    return {each for endings in EXTENSIONS.values() for each in endings}


def _table(came: dict[str, Counter[str]]) -> str:
    def lines() -> Iterator[str]:
        for group, endings in sorted(came.items()):
            results = ", ".join(f"{count} {ending}" for ending, count in sorted(endings.items()))
            yield f"{group:60} {results}"

    return "\n".join(["", *lines()])
