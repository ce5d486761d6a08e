"""What is said of why a file is where it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from hotfolder.domain.states import State
from hotfolder.views.listing import JobView

VerdictWord = Literal[
    "ignored", "settling", "waiting", "held", "offline", "skipped", "job", "unknown"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecars:
    """The sidecar and folder files that speak for a source, and those that another overrules."""

    read: tuple[str, ...]
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a file is where it is.

    `job` is its newest, `others` are some that are older, and `states` counts all of them.
    """

    path: str
    verdict: VerdictWord
    reason: str
    job: JobView | None = None
    others: tuple[JobView, ...] = ()
    states: Mapping[State, int] = field(default_factory=dict)
    sidecars: Sidecars | None = None
