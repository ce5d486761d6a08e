"""The words for where a job stands: its state, what it waits for, and what a person decided.

Which event leads from which state to which stands in `machine`. What only looks at jobs needs no
more than these words.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """How far a job has come."""

    ACCEPTED = "accepted"
    UPLOADED = "uploaded"
    SUBMITTING = "submitting"
    RUNNING = "running"
    FINISHED = "finished"
    FETCHED = "fetched"
    DONE = "done"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    CANCELLED = "cancelled"


BEFORE_INTENT = frozenset({State.ACCEPTED, State.UPLOADED})
ENDED = frozenset({State.DONE, State.FAILED, State.CANCELLED})
OPEN = frozenset(State) - ENDED


class WaitsFor(StrEnum):
    """What a job without a due time waits for."""

    SIDECAR = "sidecar"
    LEADER = "leader"
    HOLD = "hold"
    PERSON = "person"
    SHARE = "share"
    SOURCE = "source"
    REVIEW = "review"


class Decision(StrEnum):
    """What a person decided of results; REDO rejects them and has the edit made and paid anew."""

    APPROVED = "approved"
    REJECTED = "rejected"
    REDO = "redo"
