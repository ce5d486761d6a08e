"""What a submit asks for: the model, the files it can read, and what it will cost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from hotfolder.simulator import stand_ins
from hotfolder.simulator.answers import Json, RefusedError
from hotfolder.simulator.catalog import Model, check, check_file, decode_inline, links_of, models
from hotfolder.simulator.edit import result_type

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hotfolder.simulator.media import Material, MediaStore
    from hotfolder.simulator.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Order:
    """A submit that passed all checks of its parameters.

    materials: the inputs that could be read, in the order of the parameters;
    readable: whether all could. has_price: False if the price is a stand-in.
    with_last_frame: whether that of a film comes as a picture, too.
    is_run: of an app or a workflow, whose price is told as the fee for the run; texts: what its
    nodes say; coins: what it costs of these; failing_node: where it fails that cannot be read.
    """

    model: Model
    params: Json
    materials: tuple[Material, ...]
    readable: bool
    price: Decimal
    has_price: bool
    outputs: int
    result_type: str
    result_bytes: int
    result_file: Path | None
    with_last_frame: bool = False
    is_run: bool = False
    texts: str = ""
    coins: Decimal = Decimal(0)
    failing_node: Json | None = None

    @property
    def prompt(self) -> str:
        """Return the prompt, empty for a model without one."""
        return self.texts or str(self.params.get("prompt", ""))

    @property
    def endings(self) -> tuple[str, ...]:
        """Return the type of each result."""
        last = (stand_ins.LAST_FRAME,) if self.with_last_frame else ()
        return (*(self.result_type for _ in range(self.outputs)), *last)

    @property
    def asked(self) -> Json:
        """Return the parameters with their defaults."""
        return self.model.chosen(self.params)

    @property
    def seconds(self) -> float | None:
        """Return how long a film is to be: as asked for, else as the first film or sound sent."""
        asked = str(self.asked.get("duration"))
        if asked.isdecimal():
            return float(asked)
        return next((each.seconds for each in self.materials if each.seconds), None)


def examine(endpoint: str, body: Json, settings: Settings, media: MediaStore, now: float) -> Order:
    """Check a submit's endpoint, key kind and parameters, and look its files up.

    A file that cannot be read is no reason to refuse: the service accepts, and the
    task fails later. Raises RefusedError.
    """
    model = models().get(endpoint)
    if model is None:
        raise RefusedError("1001", endpoint)
    if settings.key_kind != "enterprise":
        raise RefusedError("1014")
    check(model, body)
    found = list(_materials(model, body, settings, media, now))
    materials = tuple(material for _, material in found if material is not None)
    return Order(
        model=model,
        params=body,
        materials=materials,
        readable=len(materials) == len(found),
        price=model.charge(body, _seconds(found)) if settings.price is None else settings.price,
        has_price=model.price is not None or settings.price is not None,
        outputs=model.outputs(body) + settings.extra_results,
        result_type=_result_type(model, materials, settings),
        result_bytes=settings.result_bytes,
        result_file=settings.result_file,
        with_last_frame=body.get("returnLastFrame") is True,
    )


def _materials(
    model: Model, body: Json, settings: Settings, media: MediaStore, now: float
) -> Iterator[tuple[str, Material | None]]:
    """Yield the parameter of each file and what could be read of it."""
    for param in model.media_params():
        for link in links_of(body.get(param["key"]) or []):
            if link.startswith("data:"):
                extension, content = decode_inline(link)
                material: Material | None = media.keep(content, extension)
            else:
                material = media.find(link, now, settings.upload_ttl_s)
            if material is not None:
                check_file(param, material.extension, material.size)
            yield param["key"], material


def _seconds(found: list[tuple[str, Material | None]]) -> dict[str, float]:
    """Return how long the films and sounds are, by parameter, the first of each."""
    told = ((key, each and each.seconds) for key, each in reversed(found))
    return {key: length for key, length in told if length}


def _result_type(model: Model, materials: tuple[Material, ...], settings: Settings) -> str:
    if model.output != "image":
        return stand_ins.EXTENSIONS[model.output]
    if settings.result_file is not None:
        return settings.result_file.suffix[1:]
    if settings.result_type != "source":
        return settings.result_type
    return result_type(materials[0].extension if materials else "png")
