"""What the composition hands out: the owners that all is built of, and the parts at work."""

from __future__ import annotations

from dataclasses import dataclass

from hotfolder.account.account import Account
from hotfolder.account.doubts import Doubts
from hotfolder.account.pace import Pace
from hotfolder.account.probing import Probing
from hotfolder.account.recalling import Recalling
from hotfolder.account.sharing import Sharing
from hotfolder.after.notes import Notes
from hotfolder.after.originals import Originals
from hotfolder.bell import Bell
from hotfolder.composition.environment import Environment
from hotfolder.control.control import Control
from hotfolder.domain.retry import Later
from hotfolder.journal.journal import Journal
from hotfolder.kinds.workshop.small_pictures import SmallPictures
from hotfolder.kinds.workshop.workshop import Workshop
from hotfolder.outputs.spool import Spool
from hotfolder.pipeline.marking import Marking
from hotfolder.pipeline.runner import Runner
from hotfolder.planning.looking import Looking
from hotfolder.reload import Reloading
from hotfolder.runninghub.client import Client
from hotfolder.tree.threads import ShareThreads
from hotfolder.watching.learning import Learning
from hotfolder.watching.leasing import Leasing
from hotfolder.watching.overdue import Overdue
from hotfolder.watching.watches import Watches


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """The owners of what lies outside the process, and what else every part is built of."""

    journal: Journal
    client: Client
    spool: Spool
    workshop: Workshop
    small: SmallPictures
    threads: ShareThreads
    later: Later
    environment: Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What is open while the service runs."""

    bell: Bell
    journal: Journal
    client: Client
    account: Account
    runner: Runner
    marking: Marking
    probing: Probing
    sharing: Sharing
    notes: Notes
    pace: Pace
    doubts: Doubts
    recalling: Recalling
    originals: Originals
    overdue: Overdue
    learning: Learning
    watches: Watches
    reloading: Reloading
    leasing: Leasing
    control: Control
    looking: Looking
    workshop: Workshop
    small: SmallPictures
    spool: Spool
    threads: ShareThreads
