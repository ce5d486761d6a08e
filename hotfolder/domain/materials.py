"""What a job sends: each material goes into one parameter of the model, made fit for that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from hotfolder.domain.preparation import Preparation, upload_key


class Origin(StrEnum):
    """Where a material comes from: the watch, a place that is named, the job before in a chain."""

    SOURCE = "source"
    REFERENCE = "reference"
    RESULT = "result"


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """One thing that a job sends, and the model's parameter that it goes into.

    `path` is relative to the watch's input for a source, absolute for a reference. A source that
    nobody has read has no `content_hash`. `identity` is the first hash that a source's image had at
    its place. `preparation` is what it needs before it may be uploaded, None = it is sent byte for
    byte.
    """

    position: int
    parameter: str
    origin: Origin
    path: str
    content_hash: str = ""
    identity: str = field(default="", compare=False)
    size: int = 0
    preparation: Preparation | None = None

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.path.rpartition("/")[2]

    @property
    def upload_key(self) -> str:
        """What its upload is kept under."""
        return upload_key(self.content_hash, self.preparation)

    def placed_as(self, wanted: Self) -> Self:
        """Return these bytes where another material is wanted to go, and how."""
        return replace(
            self,
            position=wanted.position,
            parameter=wanted.parameter,
            preparation=wanted.preparation,
        )


def of_origin(materials: Iterable[Material], origin: Origin) -> tuple[Material, ...]:
    """Return the materials that come from there, in their order."""
    return tuple(each for each in materials if each.origin is origin)


def unread(materials: Iterable[Material]) -> tuple[Material, ...]:
    """Return materials without what their sources are: as they are planned, whatever the bytes."""
    return tuple(
        replace(each, path="", content_hash="", size=0) if each.origin is Origin.SOURCE else each
        for each in materials
    )


def reasons(materials: Iterable[Material]) -> list[str]:
    """Return why materials are not sent as they are."""
    made_fit = (each.preparation for each in materials)
    return [reason for each in made_fit if each is not None for reason in each.reasons]
