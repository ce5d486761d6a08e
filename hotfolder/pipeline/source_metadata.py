"""What is kept of sources until their results come: one small file for each job, in the spool."""

from __future__ import annotations

from hotfolder.domain import names
from hotfolder.domain.jobs import Job
from hotfolder.outputs.spool import Spool


class KeptMetadata:
    """Keeps what a job's results are to get back. Blocks."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    def missing(self, job: Job) -> bool:
        """Whether a job wants something kept that is not. Raises OutputBlocked.

        What follows in a chain has what was kept for its root.
        """
        return (
            job.place is None
            and not job.plan.finish.is_nothing
            and not self._spool.exists(names.keepsake_file(job.id))
        )

    def keep(self, job: Job, kept: bytes) -> None:
        """Keep what was taken of a job's source. Raises OutputBlocked."""
        if job.plan.finish.is_nothing:
            return
        with self._spool.open_part(names.keepsake_file(job.id)) as part:
            part.write(kept)
            part.commit()
