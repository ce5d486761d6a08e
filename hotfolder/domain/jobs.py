"""The records that travel between rooms: frozen values, no behaviour beyond naming themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from hotfolder.domain import chains, keys, money
from hotfolder.domain.chains import FollowUp, Place
from hotfolder.domain.failures import Failure
from hotfolder.domain.materials import Material, Origin, of_origin, own
from hotfolder.domain.params import Params
from hotfolder.domain.preparation import AS_BEFORE, Finish
from hotfolder.domain.states import Decision, State, WaitsFor


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A rule and sidecar resolved for a job: what is to be made of its materials.

    `model` is a name of the catalog; `params` are the model's further parameters; `stem` is the
    wanted output name without its extension; `finish` is how its results are finished. `review`: a
    person decides whether its results are published. `variant` is its number among several of the
    same edit, None = it is the only one; `line` that of its row among those of a file of many
    texts. `drawn` are the params left to chance, each with the least and the greatest number that
    it may be. `then` are the jobs that follow it in its chain; with `publish` the results that they
    take are published, too.
    """

    rule: str
    model: str
    prompt: str | None
    params: Params
    stem: str
    finish: Finish = AS_BEFORE
    review: bool = False
    variant: int | None = None
    line: int | None = None
    drawn: dict[str, tuple[int, int]] = field(default_factory=dict)
    then: tuple[FollowUp, ...] = ()
    publish: bool = False

    def whole_price(self, own: Decimal | None, currency: str | None) -> Decimal | None:
        """Return what it and all that follows it is expected to cost; None = nobody knows.

        What follows in another currency is none of it.
        """
        amounts, times = [own], 1
        for each in self.then:
            times *= each.each
            if each.currency in (currency, None):
                amounts.append(None if each.price is None else Decimal(each.price) * times)
        return money.total(amounts)


def part(plan: Plan, step: int) -> str:
    """Return which of several jobs of its source one of a plan is, in words; "" for the only one.

    `step` is its place in its chain, 0 = the first.
    """
    told = [f"line {plan.line}"] if plan.line else []
    told += [f"variant {plan.variant}"] if plan.variant else []
    length = step + len(plan.then) + 1
    if length > 1:
        told.append(f"step {step + 1} of {length}")
    return ", ".join(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What an edit is expected to cost. `amount` None = the price is not known."""

    amount: Decimal | None
    currency: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """One paid call for a job.

    `mark` is what it is known by in the output folder, "" where nothing was to be sent. `sent_s` is
    `intent_at` by the clock that nobody sets. `asks_for_callback`: the service was asked to tell
    the end of the task.
    """

    id: int
    number: int
    site: str
    intent_at: datetime
    sent_s: float = field(compare=False)
    task_id: str | None
    outcome: str | None
    links_expired: int
    charge: Decimal | None
    currency: str | None
    payload: str = field(repr=False)
    mark: str
    asks_for_callback: bool

    @property
    def page(self) -> str | None:
        """The web page of its task at the service, None where no task is known."""
        return f"{self.site}/call-api/call-record-detail/{self.task_id}" if self.task_id else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One result of a submit, from its link to its place in the output folder.

    `decision` is what a person decided of it, None where nobody has, or had to. `companion`,
    `raw` and `sealed` are as in the event `SpooledResult`. `is_taken`: a job that follows works on
    with it, or has.
    """

    id: int
    position: int
    url: str | None = field(repr=False)
    text: str | None = field(repr=False)
    type: str
    spool_file: str | None
    size: int | None
    sha256: str | None
    extension: str | None
    output_name: str | None
    published_at: datetime | None
    decision: Decision | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    companion: str | None = None
    raw: str | None = None
    raw_extension: str | None = None
    sealed: bool = False
    is_taken: bool = False

    @property
    def is_rejected(self) -> bool:
        """Whether a person wants it kept, but not delivered."""
        return self.decision in (Decision.REJECTED, Decision.REDO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One plan over its materials, through to its outputs.

    `source` is where the first of its sources is now. `key` is what the set of its sources is known
    by, `digest` stands for what they show: of one it is the identity; `slot` is which of the jobs
    of these sources it is. `named_after` is the path that its outputs are named by, where the set
    was when the job was accepted. `leader` is the job whose result this one waits for or used: it
    makes the same edit.
    `stale`: it was sent, and today's sidecars and rules would ask for another edit. `place` is
    where it stands in a chain, None for a root; `carried` are then the sources of its root, and
    `said` what the jobs before it said, by their steps.
    """

    id: int
    watch: str
    source: str
    source_mtime_ns: int
    input_root: str
    named_after: str
    key: str
    digest: str
    slot: int
    generation: int
    plan: Plan
    state: State
    due_at: datetime | None
    waits_for: WaitsFor | None
    attempt: int
    output_root: str
    output_folder: str
    output_stem: str
    estimate: Estimate
    failure: Failure | None
    accepted_at: datetime
    ended_at: datetime | None
    stale: bool
    leader: int | None
    materials: tuple[Material, ...]
    submit: Submit | None
    results: tuple[Result, ...]
    place: Place | None = None
    carried: tuple[Material, ...] = ()
    said: Mapping[int, str] = field(default_factory=dict)

    @property
    def step(self) -> int:
        """How many jobs were before it in its chain."""
        return chains.ROOT_STEP if self.place is None else self.place.step

    @property
    def root(self) -> int:
        """The first job of its chain, which is mostly itself."""
        return self.id if self.place is None else self.place.root

    @property
    def hands_on(self) -> tuple[Result, ...]:
        """The results that only go on into further jobs: they are not published."""
        if self.plan.publish:
            return ()
        return tuple(each for each in self.results if each.is_taken and each.sha256 is not None)

    @property
    def has_served(self) -> bool:
        """Whether any of what it made has reached somebody, or a further job."""
        return bool(self.published or any(each.is_taken for each in self.results))

    @property
    def published(self) -> tuple[Result, ...]:
        """The results that stand under their final names."""
        return tuple(each for each in self.results if each.published_at is not None)

    @property
    def missing(self) -> tuple[Result, ...]:
        """The results that were never fetched, or that the spool lost again."""
        return tuple(each for each in self.results if each.sha256 is None)

    @property
    def decided(self) -> Result | None:
        """The result that a person decided last; its decision is the job's."""
        found = (each for each in self.results if each.decided_at is not None)
        return max(found, key=lambda each: (each.decided_at, each.position), default=None)

    @property
    def reused(self) -> bool:
        """Whether the results are those of the leader: nothing was paid for them."""
        return bool(self.results) and self.submit is not None and self.submit.task_id is None

    @property
    def sources(self) -> tuple[Material, ...]:
        """The files of its watch that it sends."""
        return of_origin(self.materials, Origin.SOURCE)

    @property
    def references(self) -> tuple[Material, ...]:
        """The further files that it sends, as rules and sidecars name them."""
        return of_origin(self.materials, Origin.REFERENCE)

    @property
    def was_moved(self) -> bool:
        """Whether its sources are no longer where they were when it was accepted."""
        return not keys.is_named_after(self.key, self.named_after)

    @property
    def original(self) -> Material:
        """The first of its sources, which its results are shown beside and have the metadata of."""
        return self.members[0]

    @property
    def members(self) -> tuple[Material, ...]:
        """The files of its watch that its chain began with, mostly those that it sends."""
        return self.carried or self.sources

    @property
    def uploaded(self) -> tuple[Material, ...]:
        """What of its materials goes to the service as a file."""
        return tuple(each for each in own(self.materials) if not (each.is_text or each.is_read))

    @property
    def upload_keys(self) -> tuple[str, ...]:
        """What all uploads of this job are kept under, in the order of its materials."""
        return tuple(each.upload_key for each in self.uploaded)

    @property
    def called(self) -> str:
        """What people call it: its source, and which of several it is."""
        return f"{self.source}, {self.part}" if self.part else self.source

    @property
    def part(self) -> str:
        """Which of several jobs of its source it is, in words; "" for the only one."""
        return part(self.plan, self.step)

    @property
    def chain_length(self) -> int:
        """How many jobs there are from the root to the last that follows."""
        return self.step + len(self.plan.then) + 1

    def log_context(self) -> dict[str, object]:
        """Return the keys that every log line about this job carries."""
        known: dict[str, object] = {"job": self.id, "watch": self.watch, "source": self.source}
        return known | {"part": self.part} if self.part else known
