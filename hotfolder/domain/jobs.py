"""The records that travel between rooms: frozen values, no behaviour beyond naming themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from hotfolder.domain.failures import Failure
from hotfolder.domain.materials import Material, Origin, of_origin
from hotfolder.domain.preparation import AS_BEFORE, Finish
from hotfolder.domain.states import Decision, State, WaitsFor

JsonScalar = str | int | float | bool | None
Params = dict[str, JsonScalar | list[JsonScalar]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A rule and sidecar resolved for a job: what is to be made of its materials.

    `model` is a name of the catalog; `params` are the model's further parameters; `stem` is the
    wanted output name without its extension; `finish` is how its results are finished. `review`: a
    person decides whether its results are published.
    """

    rule: str
    model: str
    prompt: str | None
    params: Params
    stem: str
    finish: Finish = AS_BEFORE
    review: bool = False


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One result of a submit, from its link to its place in the output folder.

    `decision` is what a person decided of it, None where nobody has, or had to. `companion`,
    `raw` and `sealed` are as in the event `SpooledResult`.
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

    @property
    def is_rejected(self) -> bool:
        """Whether a person wants it kept, but not delivered."""
        return self.decision in (Decision.REJECTED, Decision.REDO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One plan over its materials, through to its outputs.

    `source` is where the first of its sources is now; `named_after` where that was when the job was
    accepted, which its outputs are named by. `digest` stands for what its sources show: of one it
    is the identity. `leader` is the job whose result this one waits for or used: it makes the same
    edit.
    `stale`: it was sent, and today's sidecars and rules would ask for another edit.
    """

    id: int
    watch: str
    source: str
    source_mtime_ns: int
    input_root: str
    named_after: str
    digest: str
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
    def original(self) -> Material:
        """The first of its sources, which its results are shown beside and have the metadata of."""
        return self.sources[0]

    @property
    def upload_keys(self) -> tuple[str, ...]:
        """What all uploads of this job are kept under, in the order of its materials."""
        return tuple(each.upload_key for each in self.materials)

    def log_context(self) -> dict[str, object]:
        """Return the keys that every log line about this job carries."""
        return {"job": self.id, "watch": self.watch, "source": self.source}
