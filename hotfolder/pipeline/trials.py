"""Which job tries a hold just now.

Where a trial is due, one job is let through, and the others wait for what comes of it. The holds
themselves are the journal's.
"""

from __future__ import annotations

from collections.abc import Collection

from hotfolder.domain.jobs import Job
from hotfolder.journal.claims import Claim


class Trials:
    """Which job tries a hold just now: one at a time for each scope."""

    def __init__(self) -> None:
        self._tried_by: dict[str, int] = {}

    def may_try(self, claimed: Claim, busy: Collection[int]) -> bool:
        """Return whether a job may begin: no other at work tries what it would try."""
        return all(self._tried_by.get(scope) not in busy for scope in claimed.trials)

    def began(self, claimed: Claim) -> None:
        """Take in that a job is at work, as the trial of what it tries and of nothing else."""
        self.ended(claimed.job)
        self._tried_by.update(dict.fromkeys(claimed.trials, claimed.job.id))

    def of(self, job: Job) -> frozenset[str]:
        """Return the scopes whose trial a job is."""
        return frozenset(scope for scope, tried in self._tried_by.items() if tried == job.id)

    def ended(self, job: Job) -> None:
        """Take in that nobody works on a job any longer."""
        for scope in self.of(job):
            del self._tried_by[scope]
