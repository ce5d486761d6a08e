"""What an operator may wish for, as it comes through the socket."""

from __future__ import annotations

import os
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

# As many as the journal can number.
JobNumber = Annotated[int, Field(ge=1, lt=2**63)]


def _nameable(path: str) -> str:
    """Return a path that a file may have. Raises ValueError for what no disk can spell."""
    os.fsencode(path)
    return path


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Retry(_Request):
    """Failed jobs again, or with `changed` stale ones; `jobs` empty = all of them.

    All of one watch where `watch` names it.
    """

    jobs: list[JobNumber]
    watch: str | None = None
    pay_again: bool = False
    changed: bool = False


class Resolve(_Request):
    """Settle a job in doubt in exactly one of three ways."""

    job: JobNumber
    task_id: str | None = None
    resend: bool = False
    abandon: bool = False


class Cancel(_Request):
    """Give jobs up."""

    jobs: list[JobNumber]


class Review(_Request):
    """Decide on the results of jobs, or take decisions back; `by` is who does."""

    jobs: Annotated[list[JobNumber], Field(min_length=1)]
    by: Annotated[str, Field(min_length=1, max_length=100)] = "operator"


class Pause(_Request):
    """Stop submitting for a watch, or for all; Resume lets it go on."""

    watch: str | None = None


class Resume(Pause):
    """Let go on what was paused, and try at once whatever else is held."""


class Handover(_Request):
    """Let another machine follow a watch."""

    watch: str


class Release(_Request):
    """Let go what stood there before its watch did, or leave it out; or jobs that are too dear."""

    watch: str | None = None
    skip: bool = False
    jobs: list[JobNumber] = []


class Ask(_Request):
    """Why a file is not accepted yet."""

    watch: str
    path: Annotated[str, AfterValidator(_nameable)]
