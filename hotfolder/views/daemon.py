"""Whether a daemon works on the journal, and how the last one ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from hotfolder.journal.daemons import Last
from hotfolder.views.wording import moment


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonView:
    """The daemon that runs, or ran last; everything None where none ever did.

    `since` is when it began, or when it was last seen; `ended` None = it runs. `unit` is the
    systemd service that it is. `unconfined` says what the processes that open pictures can do
    although they must not, None = nothing.
    """

    running: bool
    pid: int | None = None
    since: datetime | None = None
    version: str | None = None
    ended: Literal["stopped", "failed", "killed"] | None = None
    command: Literal["run", "once"] | None = None
    unit: str | None = None
    unconfined: str | None = None


NEVER_RAN: Final = DaemonView(running=False)

_ENDS: Final = {
    "stopped": "it was stopped",
    "failed": "it ended with an error, which its log tells",
    "killed": "it was killed",
}


def daemon_view(last: Last | None, *, locked: bool) -> DaemonView:
    """Return what is to be said of the daemon that ran last; `locked` = it has the journal now."""
    if last is None:
        return DaemonView(running=locked)
    running = locked and last.ended is None
    return DaemonView(
        running=running,
        pid=last.pid,
        since=last.since if running else last.seen_at,
        version=last.version,
        ended=None if running else last.ended or "killed",
        command=last.command,
        unit=last.unit,
        unconfined=last.unconfined if running else None,
    )


def daemon_words(seen: DaemonView, under_way: int, now: datetime) -> str:
    """Return whether it works, in a line: since when, on how many files, and how it ended."""
    if seen.since is None:
        return "running" if seen.running else "NOT RUNNING, and it never did"
    since = moment(seen.since, now)
    if seen.running:
        files = f"{under_way or 'no'} file{'' if under_way == 1 else 's'} under way"
        return f"running{' (once)' if seen.command == 'once' else ''} since {since}, {files}"
    how = _ENDS[seen.ended or "killed"]
    if (seen.command, seen.ended) == ("once", "stopped"):
        how = "once came to its end"
    return f"NOT RUNNING since {since} ({how})"
