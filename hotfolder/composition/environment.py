"""The outermost edge of the program, as far as it can be exchanged."""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass, field
from datetime import tzinfo

from hotfolder.account.doubts import CALLBACK_PATIENCE_S
from hotfolder.clock import MACHINE_CLOCK
from hotfolder.domain.clock import Clock
from hotfolder.domain.commands import Commands
from hotfolder.domain.failpoints import Failpoint, no_failpoint
from hotfolder.domain.retry import Jitter, PollSchedule
from hotfolder.domain.tokens import Random
from hotfolder.kinds.workshop.worker_process import OpenWorker, WorkerProcess
from hotfolder.pipeline.marking import MARK_TIMEOUT_S
from hotfolder.runninghub.client import Transport
from hotfolder.runninghub.patience import Patience
from hotfolder.threads import DaemonThreads, Pool
from hotfolder.watching.inotify import Events
from hotfolder.watching.learning import LOOK_S as LEARN_EVERY_S
from hotfolder.watching.listening import Listen
from hotfolder.web.serving import Serve, serving


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Where the program touches time, chance and failure; tests pass their own.

    `patience` is how long and how much the service is listened to, `callback_patience_s` how
    long a callback may bring a lost answer, `mark_timeout_s` how long an output folder may take
    to bear a mark, `learn_every_s` after how long is looked for pictures to learn. `zone` is
    where the owner's days begin at midnight, None = where this machine is set to. `listen`
    opens a source of hints on a folder, `pool` threads for blocking calls, `open_worker` a
    worker for pictures, `serve` a port. `transport` carries calls to the service, None = the
    network. `commands` is how the commands of this program are typed.
    """

    clock: Clock = MACHINE_CLOCK
    jitter: Jitter = random.random
    random: Random = secrets.token_bytes
    failpoint: Failpoint = no_failpoint
    patience: Patience = field(default_factory=Patience)
    callback_patience_s: float = CALLBACK_PATIENCE_S
    mark_timeout_s: float = MARK_TIMEOUT_S
    learn_every_s: float = LEARN_EVERY_S
    schedule: PollSchedule = field(default_factory=PollSchedule)
    zone: tzinfo | None = None
    listen: Listen = Events
    pool: Pool = DaemonThreads
    open_worker: OpenWorker = WorkerProcess
    transport: Transport | None = None
    serve: Serve = serving
    commands: Commands = field(default_factory=Commands)
