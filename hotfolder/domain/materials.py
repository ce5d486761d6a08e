"""What a job sends: each material goes into one parameter of the model, made fit for that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from hotfolder.domain import params, texts
from hotfolder.domain.essences import Essence
from hotfolder.domain.preparation import Preparation, upload_key


class Origin(StrEnum):
    """Where a material comes from: the watch, a place that is named, the job before in a chain."""

    SOURCE = "source"
    REFERENCE = "reference"
    RESULT = "result"


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """One thing that a job sends, and the model's parameter that it goes into.

    `path` is relative to the watch's input for a source, absolute for a reference, that of a file
    in the spool for a result, whose number is `result`; it is "" for one that the spool no longer
    has. A source that nobody has read has no `content_hash`. `identity` is the first hash that its
    image had: at its place for a source, among references for a reference; "" = that is for the
    journal to say.
    `essence` stands for its image, None = nobody knows. `preparation` is what it needs before it
    may be uploaded, None = it is sent byte for byte.

    What only a later job of the chain sends is kept by the root until then, as of that job's step:
    `2/audioUrl`.
    """

    position: int
    parameter: str
    origin: Origin
    path: str
    content_hash: str = ""
    identity: str = field(default="", compare=False)
    size: int = 0
    preparation: Preparation | None = None
    essence: Essence | None = field(default=None, compare=False)
    result: int | None = None

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.path.rpartition("/")[2]

    @property
    def is_text(self) -> bool:
        """Whether it goes into the edit as a text, with nothing to be uploaded."""
        return self.origin is Origin.SOURCE and texts.is_text(self.path)

    @property
    def is_read(self) -> bool:
        """Whether it goes into no parameter: what it says is in the plan already."""
        return self.origin is Origin.RESULT and not self.parameter

    @property
    def step(self) -> int:
        """The step of the job that sends it, where that is a later one; else 0."""
        return params.parted(self.parameter)[0]

    def of_step(self, step: int) -> Self:
        """Return it as the job of its own step sends it, or as one before that keeps it."""
        return replace(self, parameter=params.later(step, params.parted(self.parameter)[1]))

    @property
    def upload_key(self) -> str:
        """What its upload is kept under."""
        return upload_key(self.content_hash, self.preparation)

    def is_image_of(self, other: Self) -> bool:
        """Whether it shows what another material does, by their bytes or by what stands for them.

        A journal knows the identity of the one or the other, or of both.
        """
        hashes = {self.content_hash, self.identity} - {""}
        if hashes & {other.content_hash, other.identity}:
            return True
        return self.essence is not None and self.essence == other.essence

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


def own(materials: Iterable[Material]) -> tuple[Material, ...]:
    """Return the materials that a job sends itself, in their order."""
    return tuple(each for each in materials if not each.step)


def unread(materials: Iterable[Material]) -> tuple[Material, ...]:
    """Return materials without what their sources are: as they are planned, whatever the bytes.

    Where a single source is does not matter; of several it says which goes where.
    """
    listed = tuple(materials)
    several = len(of_origin(listed, Origin.SOURCE)) > 1
    return tuple(
        replace(each, path=each.path if several else "", content_hash="", size=0)
        if each.origin is Origin.SOURCE
        else each
        for each in listed
    )


def reasons(materials: Iterable[Material]) -> list[str]:
    """Return why materials are not sent as they are."""
    made_fit = (each.preparation for each in materials)
    return [reason for each in made_fit if each is not None for reason in each.reasons]
