"""The file of a material: where it is read, and what trouble with it means for its job.

A source that changed or went is no longer what was wanted. For a reference the job waits: its plan
is made anew by the next scan.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from hotfolder.domain import chain_failures, file_failures
from hotfolder.domain import events as ev
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Job
from hotfolder.domain.materials import Material, Origin
from hotfolder.domain.states import WaitsFor
from hotfolder.kinds.formats import NoDecoder, UnfitFile
from hotfolder.pipeline.delays import Delays
from hotfolder.tree import files

CHANGED: Final = "it was changed just now"


@dataclass(frozen=True, slots=True)
class MaterialFile:
    """A file that is to be sent: for which job, what it must be, how it is called, where it is."""

    job: Job
    material: Material
    what: str
    root: Path
    relative: str

    @classmethod
    def of(cls, job: Job, material: Material, spool: Path) -> MaterialFile:
        """Return where a material of a job is read; results are in the folder `spool`."""
        if material.origin is Origin.SOURCE:
            return cls(job, material, "The file", Path(job.input_root), material.path)
        if material.origin is Origin.RESULT:
            return cls(job, material, "The result before it", spool, material.path)
        path = Path(material.path)
        return cls(job, material, f"The reference {path.name}", path.parent, path.name)

    @property
    def is_source(self) -> bool:
        """Whether it is of the watch."""
        return self.material.origin is Origin.SOURCE

    @property
    def is_member(self) -> bool:
        """Whether it is of the watch, and goes along with a result in a chain."""
        return self.is_source and self.job.place is not None

    @property
    def is_result(self) -> bool:
        """Whether it was made by the job before in a chain."""
        return self.material.origin is Origin.RESULT

    def unreadable(self, error: OSError | files.SourceError, delays: Delays) -> ev.Event:
        """Return what it means that it cannot be read."""
        if self.is_member and isinstance(error, files.SourceGone | FileNotFoundError):
            return self._missing("is not there")
        if self.is_source:
            return delays.source_failed(self.job, error)
        if self.is_result:
            return delays.postponed(self.job, f"{self.what} cannot be read: {error}")
        return lacking(file_failures.reference_missing(self.relative, str(error)))

    def changed(self) -> ev.Event:
        """Return what it means that it is another file by now."""
        if self.is_member:
            return self._missing("is another file now")
        if self.is_source:
            return ev.SourceChanged()
        if self.is_result:
            return ev.GaveUp(failure=chain_failures.INTERMEDIATE_GONE)
        return lacking(file_failures.reference_missing(self.relative, CHANGED))

    def _missing(self, what: str) -> ev.Event:
        return lacking(chain_failures.member_missing(self.material.name, what))

    def unfit(self, error: UnfitFile) -> ev.Event:
        """Return what it means that it cannot be decoded."""
        if self.is_result:
            return ev.GaveUp(failure=told(error))
        if not self.is_source:
            return lacking(file_failures.reference_broken(self.relative, told(error)))
        if not error.growing:
            return ev.GaveUp(failure=told(error))
        code, waits_for = error.failure.code, WaitsFor.SOURCE
        return ev.Postponed(until=None, reason=code, waits_for=waits_for, failure=error.failure)


def told(error: UnfitFile) -> Failure:
    """Return what is wrong with a file, and what a decoder said of it."""
    if not isinstance(error, NoDecoder):
        return error.failure
    return replace(error.failure, message=f"{error.failure.message.rstrip('.')}: {error}.")


def lacking(failure: Failure) -> ev.Event:
    """Return the waiting for a plan that is made anew."""
    return ev.Postponed(
        until=None, reason=failure.code, waits_for=WaitsFor.SIDECAR, failure=failure
    )
