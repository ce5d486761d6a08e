"""What is said of why a file is where it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
    """Why a file is where it is."""

    path: str
    verdict: VerdictWord
    reason: str
    job: JobView | None = None
    others: tuple[JobView, ...] = ()
    sidecars: Sidecars | None = None
