"""Chains: what a rule wants made of results, and where a job stands among those that follow it.

The first job of a chain is its root; each job after it takes a result of the one before, its
parent. Which results it takes is told by what those are called.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hotfolder.domain.params import Params

ROOT_STEP: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """A further job that takes the results of a job, as a rule wants it.

    A result goes into the `parameter` of its `model` if it has one of the `endings`, whichever it
    has where there are none; of one that goes into none ("") prompt and params take what they ask
    for, of several faces the one of number `face`, None = nobody has said which. With
    `publish` its results are published, too, where a further job takes them. `drawn` is as in a
    plan; `price` in `currency` is what it is expected to cost, None = nobody knows. So many such
    jobs are expected after `each` one before; those beyond are held where a person is to confirm
    what costs more than `confirm_over`, 0 = nobody is.
    """

    model: str
    prompt: str | None
    params: Params
    parameter: str
    publish: bool = False
    face: int | None = field(default=None, compare=False)
    drawn: dict[str, tuple[int, int]] = field(default_factory=dict)
    endings: tuple[str, ...] = field(default=(), compare=False)
    price: str | None = field(default=None, compare=False)
    currency: str | None = field(default=None, compare=False)
    each: int = field(default=1, compare=False)
    confirm_over: str = field(default="0", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a job stands in a chain: its root and parent, its step, and the place of its result.

    `position` is that of the result of its parent that it takes.
    """

    root: int
    parent: int
    step: int
    position: int


def digest(root: int, parent_digest: str, parent: int, position: int) -> str:
    """Return what a follow-up is known by: the same for whatever generation of its parent."""
    path = f"{root}" if parent == root else parent_digest
    return hashlib.sha256(f"{path}/{position}".encode()).hexdigest()
