"""The desk: what every step works with."""

from __future__ import annotations

from dataclasses import dataclass

from hotfolder.domain.retry import Later, PollSchedule
from hotfolder.journal.journal import Journal
from hotfolder.kinds.workshop.small_pictures import SmallPictures
from hotfolder.outputs.spool import Spool
from hotfolder.pipeline.delays import Delays
from hotfolder.runninghub.catalog import CurrentCatalog
from hotfolder.runninghub.client import Client
from hotfolder.tree.threads import ShareThreads


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The owners, when to try again, when to ask for a task, and the catalog in force.

    `small` keeps what people look at meanwhile.
    """

    journal: Journal
    client: Client
    spool: Spool
    threads: ShareThreads
    delays: Delays
    schedule: PollSchedule
    catalog: CurrentCatalog
    small: SmallPictures

    @property
    def later(self) -> Later:
        """When it is, and when something may be tried again."""
        return self.delays.later
