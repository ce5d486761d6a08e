"""What the composition hands out: the owners that all is built of, and the parts at work."""

from __future__ import annotations

from dataclasses import dataclass

from hotfolder.account import Account
from hotfolder.composition.edges import Edges
from hotfolder.control.control import Control
from hotfolder.imaging.workshop import Workshop
from hotfolder.intake.learning import Learning
from hotfolder.intake.overdue import Overdue
from hotfolder.journal.journal import Journal
from hotfolder.outputs.spool import Spool
from hotfolder.pipeline.doubts import Doubts
from hotfolder.pipeline.marking import Marking
from hotfolder.pipeline.noting import Noting
from hotfolder.pipeline.originals import Originals
from hotfolder.pipeline.pacing import Pace
from hotfolder.pipeline.probing import Probing
from hotfolder.pipeline.recalling import Recalling
from hotfolder.pipeline.runner import Runner
from hotfolder.pipeline.sharing import Sharing
from hotfolder.pipeline.steps import Later
from hotfolder.pipeline.threads import ShareThreads
from hotfolder.reload import Reloading
from hotfolder.runninghub.client import Client
from hotfolder.watches import Watches


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """The owners of what lies outside the process, and what else every part is built of."""

    journal: Journal
    client: Client
    spool: Spool
    workshop: Workshop
    threads: ShareThreads
    later: Later
    edges: Edges


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What is open while the service runs."""

    journal: Journal
    client: Client
    account: Account
    runner: Runner
    marking: Marking
    probing: Probing
    sharing: Sharing
    noting: Noting
    pace: Pace
    doubts: Doubts
    recalling: Recalling
    originals: Originals
    overdue: Overdue
    learning: Learning
    watches: Watches
    reloading: Reloading
    control: Control
    threads: ShareThreads
