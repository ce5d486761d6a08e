"""What planning hands to the journal: a settled source, and the jobs that it wants for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self

from hotfolder.domain.essences import Essence
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Estimate, Job, Plan
from hotfolder.domain.materials import Material, Origin, of_origin, unread
from hotfolder.domain.sightings import Sighting
from hotfolder.domain.states import WaitsFor

SAID_SKIP: Final = "its sidecar says skip"
NO_RULE_HOLDS: Final = "no rule of this watch takes a picture like this one (when)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A source that was read and found complete, or found wanting.

    `moved_from` is the path that the same picture stood at until it was moved here; `beside` the
    mark of the sidecar and folder file that were found with it; `essence` stands for its image,
    None where that was not asked for.
    """

    watch: int
    path: str
    sighting: Sighting
    content_hash: str
    moved_from: str | None = None
    beside: str = ""
    essence: Essence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One job as planning wants it.

    `materials` are what it is to send; nobody need have read the bytes of its sources. A draft with
    a `failure` and a `waits_for` waits; one with a `failure` alone is accepted and failed at once,
    so that a person sees it. One that is dearer than the owner allows has the `price_key` of what
    it asks for, which the owner may release. One that `replaces` gets the output names of an
    earlier job of its source.
    """

    plan: Plan
    materials: tuple[Material, ...]
    estimate: Estimate
    replaces: bool = False
    price_key: str = ""
    failure: Failure | None = None
    waits_for: WaitsFor | None = None

    @property
    def sources(self) -> tuple[Material, ...]:
        """The files of its watch that it is to send."""
        return of_origin(self.materials, Origin.SOURCE)

    def is_plan_of(self, job: Job) -> bool:
        """Return whether a job is planned so, whatever the bytes of its sources are."""
        return self.plan == job.plan and unread(self.materials) == unread(job.materials)

    def with_sources(self, sources: tuple[Material, ...]) -> Self:
        """Return it with the bytes of these sources, in the places where it wants its own."""
        read = iter(sources)
        return replace(
            self,
            materials=tuple(
                next(read).placed_as(each) if each.origin is Origin.SOURCE else each
                for each in self.materials
            ),
        )
