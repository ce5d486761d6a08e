"""The daemon that has the journal, or had it last: since when, when it was seen, how it ended.

Whether one runs now the lock says, never this.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, cast

from hotfolder.journal.session import Session, from_ms

Command: TypeAlias = Literal["run", "once"]
End: TypeAlias = Literal["stopped", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Born:
    """A daemon that begins: `unit` is the systemd service that it runs as, or None.

    `unconfined` says what its processes that open pictures can do although they must not, or None.
    """

    pid: int
    version: str
    command: Command
    unit: str | None
    unconfined: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Last(Born):
    """The daemon that began last. `ended` None = it runs, or was killed after `seen_at`."""

    since: datetime
    seen_at: datetime
    ended: End | None


def began(session: Session, born: Born) -> None:
    """Keep that a daemon has the journal from now on."""
    session.change(
        "daemon_began",
        pid=born.pid,
        version=born.version,
        command=born.command,
        unit=born.unit,
        unconfined=born.unconfined,
    )


def seen(session: Session) -> None:
    """Keep that the daemon is at work now."""
    session.change("daemon_seen")


def ended(session: Session, how: End) -> None:
    """Keep that the daemon gives the journal back, and whether it was meant to."""
    session.change("daemon_ended", how=how)


def last(session: Session) -> Last | None:
    """Return the daemon that began last; None where none ever did."""
    row = session.row("daemon")
    if row is None:
        return None
    return Last(
        pid=row["pid"],
        version=row["version"],
        command=cast("Command", row["command"]),
        unit=row["unit"],
        unconfined=row["unconfined"],
        since=from_ms(row["since"]),
        seen_at=from_ms(row["seen_at"]),
        ended=cast("End | None", row["ended"]),
    )
