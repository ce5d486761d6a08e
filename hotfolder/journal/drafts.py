"""What planning hands to the journal: a set of settled sources, and the jobs it wants for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Self

from hotfolder.domain.chance import drawn_as
from hotfolder.domain.essences import Essence
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Estimate, Job, Plan
from hotfolder.domain.materials import Material, Origin, of_origin, unread
from hotfolder.domain.sightings import Sighting
from hotfolder.domain.states import WaitsFor

SAID_SKIP: Final = "its sidecar says skip"
FIRST_SLOT: Final = 1
NO_RULE_HOLDS: Final = "no rule of this watch takes a file like this one (when)"


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
class SettledSet:
    """The sources that make one job together, mostly one; the first is shown for all.

    `key` is what the set is known by, `named_after` the path that its outputs are named by.
    """

    key: str
    named_after: str
    members: tuple[Settled, ...]

    @classmethod
    def alone(cls, settled: Settled) -> Self:
        """Return the set of a single file."""
        return cls(key=settled.path, named_after=settled.path, members=(settled,))

    @property
    def first(self) -> Settled:
        """The source that is shown for all of them."""
        return self.members[0]

    @property
    def watch(self) -> int:
        """The number of their watch."""
        return self.first.watch

    @property
    def paths(self) -> tuple[str, ...]:
        """Where its files are."""
        return tuple(each.path for each in self.members)

    @property
    def moved(self) -> bool:
        """Whether all of its files were moved here."""
        return all(each.moved_from is not None for each in self.members)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One job as planning wants it.

    `materials` are what it is to send; nobody need have read the bytes of its sources. A draft with
    a `failure` and a `waits_for` waits; one with a `failure` alone is accepted and failed at once,
    so that a person sees it. One that is held for its price has the `price_key` of what it asks
    for, which the owner may release. One that `replaces` gets the output names of an earlier job of
    its source and `slot`, which says which of the jobs of that source it is. Of one row of a file
    of many texts, `row` is what that is known by and `digest` what its job is.
    """

    plan: Plan
    materials: tuple[Material, ...]
    estimate: Estimate
    slot: int = FIRST_SLOT
    row: str = ""
    digest: str = ""
    replaces: bool = False
    price_key: str = ""
    failure: Failure | None = None
    waits_for: WaitsFor | None = None

    @property
    def sources(self) -> tuple[Material, ...]:
        """The files of its watch that it is to send."""
        return of_origin(self.materials, Origin.SOURCE)

    @property
    def whole_price(self) -> Decimal | None:
        """What it and all that follows it is expected to cost; None = nobody knows."""
        return self.plan.whole_price(self.estimate.amount, self.estimate.currency)

    @property
    def is_read(self) -> bool:
        """Whether the bytes of its sources are known."""
        return all(each.content_hash for each in self.sources)

    def is_plan_of(self, job: Job) -> bool:
        """Return whether a job is planned so, whatever the bytes of its sources are."""
        is_plan = drawn_as(self.plan, job.plan) == job.plan
        return is_plan and unread(self.materials) == unread(job.materials)

    def as_row_of(self, job: Job) -> Self:
        """Return it with the number and name that the job of its row has; others as they are."""
        if not self.digest:
            return self
        plan = replace(self.plan, stem=job.plan.stem, line=job.plan.line)
        return replace(self, slot=job.slot, plan=plan)

    def is_for(self, job: Job) -> bool:
        """Return whether it is what a job of the same sources is to be now, by whichever rule."""
        return self.digest == job.digest if self.digest else self.slot == job.slot

    def with_sources(self, sources: tuple[Material, ...]) -> Self:
        """Return it with the bytes of these sources, in the places where it wants its own.

        A single one may have been planned under another path; of several each is found by its own.
        Raises LookupError where one is missing.
        """
        read = {each.path: each for each in sources}
        if len(sources) == len(self.sources) == 1:
            read = {self.sources[0].path: sources[0]}
        return replace(
            self,
            materials=tuple(
                read[each.path].placed_as(each) if each.origin is Origin.SOURCE else each
                for each in self.materials
            ),
        )
