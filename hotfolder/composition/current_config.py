"""The config in force, and what the parts ask of it.

They ask anew at each step, so that a reload needs no new parts.
"""

from __future__ import annotations

from datetime import tzinfo
from functools import partial

from hotfolder import credential
from hotfolder.after.notes import WantedNotes
from hotfolder.after.originals import Moving
from hotfolder.clock import MACHINE_CLOCK
from hotfolder.config import Config, Watch
from hotfolder.credential import Credential
from hotfolder.domain.clock import Clock
from hotfolder.domain.jobs import Job
from hotfolder.journal.budgets import Budget
from hotfolder.outputs.access import UNCHANGED, Access, group_number
from hotfolder.pipeline.reuse import work_key
from hotfolder.planning.companions import going_along
from hotfolder.runninghub.catalog import MEGABYTE, Catalog


class CurrentConfig:
    """Answers by the `config` in force, whichever that is; days begin at midnight in `zone`.

    With `hold_none` no watch holds back what stood there before.
    """

    def __init__(self, config: Config, zone: tzinfo | None, clock: Clock = MACHINE_CLOCK) -> None:
        self._clock = clock
        self.config = config
        self.hold_none = False
        self._zone = zone

    def watch(self, name: str) -> Watch | None:
        """Return the watch of a name, or None."""
        return self.config.watch_named(name)

    def backlog(self) -> int:
        """Return how many sources may be let go at once, 0 = any number."""
        return 0 if self.hold_none else self.config.limits.backlog

    def catalog(self) -> Catalog:
        """Return the models that are known."""
        return self.config.catalog

    def min_free_bytes(self) -> int:
        """Return how much space the spool must leave free."""
        return self.config.limits.min_free_mb * MEGABYTE

    def wanted_notes(self) -> WantedNotes:
        """Return which notes each watch wants."""
        return {each.name: each.notes for each in self.config.watch}

    def budgets(self) -> list[Budget]:
        """Return the limits on a day's charges."""
        per_watch = (
            (each.name, each.charge_per_day, "charge_per_day") for each in self.config.watch
        )
        limits = [(None, self.config.limits.daily_charge, "limits.daily_charge"), *per_watch]
        money = [
            Budget(watch=watch, limit=limit, key=key, zone=self._zone)
            for watch, limit, key in limits
            if limit
        ]
        coins, key = self.config.limits.daily_coins, "limits.daily_coins"
        own = Budget(watch=None, limit=coins, key=key, zone=self._zone, coins=True)
        return [*money, own] if coins else money

    def work_key(self, job: Job) -> str | None:
        """Return what an edit is known by again, None where its watch pays for each."""
        watch = self.watch(job.watch)
        reuses = watch is not None and watch.duplicates == "reuse"
        return work_key(self.catalog(), job) if reuses else None

    def moving(self) -> list[Moving]:
        """Return the watches whose originals are moved once their edits are done."""
        return [
            Moving(each.name, each.input, each.output, partial(going_along, each))
            for each in self.config.watch
            if each.originals == "move"
        ]

    def signs(self) -> bool:
        """Return whether outputs are signed."""
        return self.config.provenance.key_file is not None

    def holds_unsigned(self) -> bool:
        """Return whether a result that cannot be signed waits for that."""
        return self.config.provenance.on_failure == "hold"

    def credential(self) -> Credential | None:
        """Return what signs outputs, read anew each time; None where nothing does. Blocks.

        Raises CredentialProblem.
        """
        wanted = self.config.provenance
        if wanted.certificate_file is None or wanted.key_file is None:
            return None
        return credential.load(wanted.certificate_file, wanted.key_file, self._clock())

    def access(self, job: Job) -> Access:
        """Return how a job's outputs are left; of a watch that is gone as they come."""
        watch = self.watch(job.watch)
        if watch is None:
            return UNCHANGED
        return Access(
            umask=int(watch.umask, 8) if watch.umask else None,
            group=group_number(watch.group) if watch.group else None,
            mtime_ns=job.source_mtime_ns if watch.times == "source" else None,
        )
