"""The table of faults: which request is hit, and by what.

A rule names a call and a kind of fault, and narrows down the requests it is for.
Rules belong to three layers. One request can be hit by one rule of each layer:

    delay   slow                                   before anything else
    fate    fail_task, no_results, text_too,       what becomes of the task
            expired, fast
    wire    all others                             what becomes of the answer, or of
                                                   the callback

so that a task can fail whose acceptance was never heard of. Within a layer the
first rule that fires wins, yet every rule that matches counts the request as seen.
This module knows nothing of HTTP; `effects` carries the faults out.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

Call: TypeAlias = Literal[
    "upload",
    "submit",
    "query",
    "download",
    "queue_status",
    "account",
    "price_preview",
    "webhook",
    "cancel",
    "app_nodes",
    "workflow_json",
    "lora",
    "lora_put",
    "webhook_detail",
    "webhook_resend",
]
Layer: TypeAlias = Literal["delay", "fate", "wire"]
CALLS: frozenset[str] = frozenset(get_args(Call))
_WEBHOOK: frozenset[str] = frozenset({"webhook"})
_ANSWERED: frozenset[str] = CALLS - _WEBHOOK
_API: frozenset[str] = _ANSWERED - {"download", "lora_put"}


@dataclass(frozen=True)
class Trait:
    """What is fixed for a kind: its layer, the calls it suits, whether it acts.

    acts: True and False are part of the kind's meaning; None leaves it to the rule.
    """

    layer: Layer
    calls: frozenset[str]
    acts: bool | None = None


KINDS: Mapping[str, Trait] = {
    "slow": Trait("delay", CALLS),
    "fail_task": Trait("fate", frozenset({"submit"})),
    "no_results": Trait("fate", frozenset({"submit", "query"})),
    "text_too": Trait("fate", frozenset({"query"})),
    "expired": Trait("fate", frozenset({"submit", "download"})),
    "fast": Trait("fate", frozenset({"submit"})),
    "drop_before": Trait("wire", _ANSWERED, acts=False),
    "drop_after": Trait("wire", _ANSWERED, acts=True),
    "reset_before": Trait("wire", _ANSWERED, acts=False),
    "reset_after": Trait("wire", _ANSWERED, acts=True),
    "error_before": Trait("wire", _ANSWERED, acts=False),
    "error_after": Trait("wire", _ANSWERED, acts=True),
    "timeout_before": Trait("wire", _ANSWERED, acts=False),
    "timeout_after": Trait("wire", _ANSWERED, acts=True),
    "html": Trait("wire", _ANSWERED),
    "garbage": Trait("wire", _API | _WEBHOOK),
    "code": Trait("wire", _API),
    "stray_code": Trait("wire", frozenset({"submit", "query"}), acts=True),
    "says": Trait("wire", frozenset({"submit", "query", "queue_status"}), acts=True),
    "alias": Trait("wire", frozenset({"upload", "submit", "query"}), acts=True),
    "odd_link": Trait("wire", frozenset({"query"}), acts=True),
    "drip": Trait("wire", _ANSWERED, acts=True),
    "endless": Trait("wire", _ANSWERED, acts=True),
    "inflate": Trait("wire", _API, acts=True),
    "truncate": Trait("wire", frozenset({"download"}), acts=True),
    "wrong_type": Trait("wire", frozenset({"download"}), acts=False),
    "other_file": Trait("wire", frozenset({"download"}), acts=False),
    "missing": Trait("wire", _WEBHOOK),
    "twice": Trait("wire", _WEBHOOK),
    "wrong_task": Trait("wire", _WEBHOOK),
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One rule of the table.

    call: which request it is for; kind: one of `KINDS`.

    Which of those requests, all conditions together:
    contains: only if this text is in the prompt (query: of its task; download: of its
        task, then "result 1", "result 2", ...; upload: in the file's name).
    skip: let the first n matching ones pass; every: then hit each n-th, starting at
        once; times: hit so many, then no more (None: no end); probability: hit by
        chance, drawn from the simulator's seeded numbers.

    What exactly, for the kinds that need it:
    status: HTTP status (error_*: 502; html: 200; expired on a download: the setting's).
    code: the service's error code (code, stray_code, fail_task); form: the flat
        answer, or enveloped with "msg" or "message".
    charged: fail_task: the task is charged all the same.
    acting: html, garbage, code: act upon the request before answering so.
    seconds: slow, timeout_*; drip: after each byte of the answer.
    link: odd_link: what every result's link is instead.
    body: garbage: "text" (no JSON), "truncated" (half the true answer), "null"
        (`{"code":0,...,"data":null}`), "string" (a bare JSON string) or "empty".
    fields: says: what stands in the answer in place of the truth, whatever is true.
    length: truncate: "full" (Content-Length of the whole), "none" (none; the end is
        the connection's end) or "short" (that of the truncated file).
    share: truncate: the part that is sent, 0 to 1.
    file: other_file: what is sent in the result's place, a character for each byte.

    Of a callback (webhook): missing is never sent, twice is sent a second time, garbage
    cannot be read, wrong_task is preceded by one that names a task nobody has. With slow
    it comes late, hence out of order, too.
    """

    call: Call
    kind: str
    contains: str = ""
    skip: int = 0
    every: int = 1
    times: int | None = None
    probability: float = 1.0
    status: int | None = None
    code: str = "1000"
    form: Literal["flat", "msg", "message"] = "flat"
    charged: bool = False
    acting: bool = False
    seconds: float = 30.0
    body: Literal["text", "truncated", "null", "string", "empty"] = "text"
    fields: Mapping[str, object] | None = None
    length: Literal["full", "none", "short"] = "full"
    share: float = 0.5
    file: str = ""
    link: str = "http://nowhere.invalid/result.png"

    def __post_init__(self) -> None:
        trait = KINDS.get(self.kind)
        if trait is None:
            raise ValueError(f"no such fault: {self.kind}")
        if self.call not in trait.calls:
            raise ValueError(f"{self.kind} does not suit {self.call}")
        if self.every < 1 or self.skip < 0:
            raise ValueError("every counts from 1, skip from 0")
        if not self.code.lstrip("-").isdecimal():
            raise ValueError(f"not an error code: {self.code}")

    @property
    def layer(self) -> Layer:
        """Say which layer the fault belongs to."""
        return KINDS[self.kind].layer

    @property
    def acts(self) -> bool:
        """Say whether the request is acted upon before the fault shows."""
        fixed = KINDS[self.kind].acts
        return self.acting if fixed is None else fixed


@dataclass(frozen=True, kw_only=True)
class Hits:
    """The faults drawn for one request, at most one of each layer."""

    delay: Fault | None = None
    fate: Fault | None = None
    wire: Fault | None = None


@dataclass(kw_only=True)
class _Row:
    fault: Fault
    seen: int = 0
    fired: int = 0

    def fires(self, random: Random) -> bool:
        fault = self.fault
        if fault.times is not None and self.fired >= fault.times:
            return False
        place = self.seen - 1 - fault.skip
        if place < 0 or place % fault.every:
            return False
        return fault.probability >= 1 or random.random() < fault.probability


@dataclass(kw_only=True)
class FaultTable:
    """The rules in force, in the order they were added, with their counts."""

    random: Random
    _rows: list[_Row] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """Put a rule at the table's end."""
        self._rows.append(_Row(fault=fault))

    def clear(self) -> None:
        """Take all rules away."""
        self._rows.clear()

    def draw(self, call: str, text: str) -> Hits:
        """Return the faults that hit a request; `text` is what `contains` looks in."""
        hits: dict[Layer, Fault] = {}
        for row in self._rows:
            if row.fault.call != call or row.fault.contains not in text:
                continue
            row.seen += 1
            if row.fault.layer not in hits and row.fires(self.random):
                row.fired += 1
                hits[row.fault.layer] = row.fault
        return Hits(**hits)

    def report(self) -> list[dict[str, object]]:
        """Return every rule with how many requests it has seen and hit."""
        return [
            dataclasses.asdict(row.fault) | {"seen": row.seen, "fired": row.fired}
            for row in self._rows
        ]
