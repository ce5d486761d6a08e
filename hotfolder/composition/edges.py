"""The outermost edge of the program, as far as it can be exchanged."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import tzinfo

from hotfolder.domain.clock import Clock, utc_now
from hotfolder.domain.failpoints import Failpoint, no_failpoint
from hotfolder.domain.retry import PollSchedule
from hotfolder.intake.events import Events
from hotfolder.intake.listening import Listen
from hotfolder.pipeline.doubts import CALLBACK_PATIENCE_S
from hotfolder.pipeline.steps import Jitter
from hotfolder.runninghub.client import SUBMIT_TIMEOUT_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Where the program touches time, chance and failure; tests pass their own.

    `submit_timeout_s` is how long the answer to a paid call is waited for, `callback_patience_s`
    how long a callback may bring a lost one. `zone` is where the owner's days begin at midnight,
    None = where this machine is set to. `listen` opens a source of hints on a folder.
    """

    clock: Clock = utc_now
    jitter: Jitter = random.random
    failpoint: Failpoint = no_failpoint
    submit_timeout_s: float = SUBMIT_TIMEOUT_S
    callback_patience_s: float = CALLBACK_PATIENCE_S
    schedule: PollSchedule = field(default_factory=PollSchedule)
    zone: tzinfo | None = None
    listen: Listen = Events
