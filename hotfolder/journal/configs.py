"""The config that the daemon runs by, for whoever asks while the file says something else."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from hotfolder.journal.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """A config as JSON; why a newer one was not taken over; which keys wait for a restart.

    `fingerprint` tells the text that it was read from apart, "" where an older program kept none.
    """

    config: str
    problem: str | None = None
    needs_restart: tuple[str, ...] = ()
    fingerprint: str = ""


def keep(session: Session, in_force: InForce) -> None:
    """Keep what the daemon runs by."""
    session.change("keep_config", value=json.dumps(asdict(in_force)))


def find(session: Session) -> InForce | None:
    """Return what the daemon runs by, or last ran by; None = none ever said."""
    row = session.row("kept_config")
    if row is None:
        return None
    stored = json.loads(row["value"])
    return InForce(
        config=stored["config"],
        problem=stored["problem"],
        needs_restart=tuple(stored["needs_restart"]),
        fingerprint=stored.get("fingerprint", ""),
    )
