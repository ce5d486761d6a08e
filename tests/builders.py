"""Small makers of the values that many tests need."""

from __future__ import annotations

import hashlib
import itertools
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from hotfolder.domain import events as ev
from hotfolder.domain.essences import Essence
from hotfolder.domain.failures import PAID_LOST, REJECTED, TASK_FAILED, awaited, in_part
from hotfolder.domain.jobs import Estimate, Job, Plan
from hotfolder.domain.materials import Material, Origin
from hotfolder.domain.paid import Charge
from hotfolder.domain.sightings import Sighting
from hotfolder.domain.states import Decision, State, WaitsFor
from hotfolder.journal import connection, leases
from hotfolder.journal.acceptance import accept, register_watch
from hotfolder.journal.drafts import Draft, Settled, SettledSet
from hotfolder.journal.transitions import apply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from hotfolder.domain.failures import Failure
    from hotfolder.domain.params import Params
    from hotfolder.journal.journal import Journal

SITE = "https://service.test"
OUTPUT = "/studio/out"
LINK = "https://link.test/signed?secret=1"
TOKEN = "token-nobody-may-read"  # noqa: S105  of a test
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)

_tokens: Iterator[int] = itertools.count(1)


class StandingClock:
    """A clock that stands until it is set forward."""

    def __init__(self) -> None:
        self.now = NOON
        self.starts = 1
        self._elapsed = timedelta()

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def elapsed_s(self) -> float:
        """Return the seconds since noon."""
        return self._elapsed.total_seconds()

    def awake_s(self) -> float:
        """Return the seconds since noon."""
        return self.elapsed_s()

    def start(self) -> str:
        """Return what tells this start of the machine from others."""
        return str(self.starts)

    def set_by(self, seconds: float) -> None:
        """Set the wall clock forward, or back, without any time passing."""
        self.now += timedelta(seconds=seconds)

    def restart(self) -> None:
        """Start the machine anew: what passed since the last time is nowhere to be seen."""
        self.starts += 1
        self._elapsed = timedelta()

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self._elapsed += timedelta(seconds=seconds)
        self.now += timedelta(seconds=seconds)


def sha256(content: str) -> str:
    """Return the hash that stands for a content."""
    return hashlib.sha256(content.encode()).hexdigest()


def draft(
    *,
    rule: str = "default",
    stem: str = "ann",
    prompt: str | None = "make it gold",
    params: Params | None = None,
    failure: Failure | None = None,
    waits_for: WaitsFor | None = None,
) -> Draft:
    """Return one job as intake would want it."""
    plan = Plan(rule=rule, model="m", prompt=prompt, params=params or {}, stem=stem)
    estimate = Estimate(amount=Decimal("0.14"), currency="CNY")
    return Draft(
        plan=plan,
        materials=(Material(position=1, parameter="image", origin=Origin.SOURCE, path=""),),
        estimate=estimate,
        failure=failure,
        waits_for=waits_for,
    )


def settled(
    path: str = "ann.jpg",
    *,
    content: str = "a",
    image: str = "",
    watch: int = 1,
    size: int = 5,
    inode: int = 2**63 + 1,
) -> Settled:
    """Return a source that was read; `image` is what its content shows, whatever else it says."""
    sighting = Sighting(size=size, mtime_ns=1, inode=inode, device=1)
    content_hash = sha256(content)
    return Settled(
        watch=watch,
        path=path,
        sighting=sighting,
        content_hash=content_hash,
        essence=Essence(1, sha256(image or content)),
    )


def alone(path: str = "ann.jpg", *, content: str = "a") -> SettledSet:
    """Return the set of one source that was read."""
    return SettledSet.alone(settled(path, content=content))


def stem_of(path: str) -> str:
    """Return the stem that an ordinary plan wants for a path."""
    name = path.rpartition("/")[2]
    return name.rpartition(".")[0] or name


def make_old_journal(path: Path, version: int) -> None:
    """Write the empty journal of an older program."""
    with closing(sqlite3.connect(path)) as made:
        made.executescript("\n".join(["BEGIN;", *connection.migrations()[:version], "COMMIT;"]))
        made.execute(f"PRAGMA application_id = {connection.APPLICATION_ID}")
        made.execute(f"PRAGMA user_version = {version}")


@dataclass
class Desk:
    """A journal with two watches (1 and 2) and the moves that tests make."""

    journal: Journal
    clock: StandingClock

    def __post_init__(self) -> None:
        for name in ("one", "two"):
            self.journal.run_blocking(register_watch, name, f"/studio/{name}", OUTPUT)
        if self.journal.is_shared:
            self.take("one", "two")

    def take(self, *watches: str, config: str = "same") -> leases.Taken:
        """Follow of some watches what nobody else does."""
        return self.journal.run_blocking(leases.take, dict.fromkeys(watches, config))

    def accept_all(
        self,
        path: str = "ann.jpg",
        *,
        content: str = "a",
        watch: int = 1,
        drafts: Sequence[Draft] | None = None,
        output: str = OUTPUT,
        per_rule: bool = True,
    ) -> tuple[Job, ...]:
        """Accept a source and return the jobs that are new."""
        wanted = [draft(stem=stem_of(path))] if drafts is None else drafts
        source = settled(path, content=content, watch=watch)
        return self.journal.run_blocking(
            accept, SettledSet.alone(source), wanted, output, per_rule=per_rule
        )

    def accept(self, path: str = "ann.jpg", *, content: str = "a", watch: int = 1) -> Job:
        """Accept a source with one job and return it."""
        (job,) = self.accept_all(path, content=content, watch=watch)
        return job

    def apply(self, job: Job, *happened: ev.Event) -> Job:
        """Move a job by events, one after the other."""
        for event in happened:
            job = self.journal.run_blocking(apply, job.id, event)
        return job

    def bring_to(self, state: State, path: str = "ann.jpg", *, content: str = "a") -> Job:
        """Accept a source and bring its job to a state."""
        return self.apply(self.accept(path, content=content), *WAY_TO[state]())

    def rows(self, name: str, **values: str | int | None) -> list[dict[str, object]]:
        """Return the rows of a named query."""
        found = self.journal.run_blocking(lambda session: session.rows(name, **values))
        return [dict(row) for row in found]

    def history(self, job: Job) -> list[tuple[object, object, object]]:
        """Return a job's history as (name, from, to)."""
        rows = self.rows("history", job=job.id)
        return [(row["name"], row["from_state"], row["to_state"]) for row in rows]


def uploaded() -> ev.Uploaded:
    """Return an upload of the content "a"."""
    link = ev.UploadLink(
        content_hash=sha256("a"), site=SITE, url=LINK, file_name="f", expires_at=LATER
    )
    return ev.Uploaded(link=link)


def intended() -> ev.SubmitIntended:
    """Return an intent with a token of its own."""
    token = f"{TOKEN}-{next(_tokens)}"
    return ev.SubmitIntended(token=token, site=SITE, payload=f'{{"image": "{LINK}"}}')


def submitted() -> ev.Submitted:
    """Return an acceptance by the service with a task id of its own."""
    return ev.Submitted(task_id=str(10**18 + next(_tokens)), query_at=NOON)


def succeeded(count: int = 1) -> ev.RemoteSucceeded:
    """Return a good end with so many results."""
    results = tuple(
        ev.RemoteResult(position=position, url=f"{LINK}&n={position}", type="jpg")
        for position in range(1, count + 1)
    )
    return ev.RemoteSucceeded(results=results, charge=Charge(money=Decimal("0.14"), currency="CNY"))


def fetched(count: int = 1) -> ev.Fetched:
    """Return so many results as they lie in the spool."""
    return ev.Fetched(
        results=tuple(
            ev.SpooledResult(
                position=position,
                file=f"1-{position}",
                size=3,
                sha256=sha256(str(position)),
                extension="jpg",
            )
            for position in range(1, count + 1)
        )
    )


def remote_failed() -> ev.RemoteFailed:
    """Return a bad end without a charge."""
    return ev.RemoteFailed(failure=TASK_FAILED)


WAY_TO: dict[State, Callable[[], list[ev.Event]]] = {
    State.ACCEPTED: list,
    State.UPLOADED: lambda: [uploaded()],
    State.SUBMITTING: lambda: [uploaded(), intended()],
    State.RUNNING: lambda: [uploaded(), intended(), submitted()],
    State.FINISHED: lambda: [uploaded(), intended(), submitted(), succeeded()],
    State.FETCHED: lambda: [uploaded(), intended(), submitted(), succeeded(), fetched()],
    State.DONE: lambda: [
        *(uploaded(), intended(), submitted(), succeeded(), fetched()),
        ev.Published(),
    ],
    State.FAILED: lambda: [uploaded(), intended(), submitted(), remote_failed()],
    State.IN_DOUBT: lambda: [uploaded(), intended(), ev.SubmitUnanswered(reason="reset")],
    State.CANCELLED: lambda: [ev.Cancelled(by="test")],
}

EVENTS: dict[type[ev.Event], Callable[[], ev.Event]] = {
    ev.Uploaded: uploaded,
    ev.UploadExpired: ev.UploadExpired,
    ev.SubmitIntended: intended,
    ev.Submitted: submitted,
    ev.SubmitDeferred: lambda: ev.SubmitDeferred(until=LATER, reason="busy"),
    ev.SubmitRefused: lambda: ev.SubmitRefused(failure=REJECTED),
    ev.SubmitUnanswered: lambda: ev.SubmitUnanswered(reason="reset"),
    ev.RemoteSucceeded: succeeded,
    ev.RemoteFailed: remote_failed,
    ev.RemoteFailedInPassing: lambda: ev.RemoteFailedInPassing(failure=TASK_FAILED, until=LATER),
    ev.RemoteCancelled: ev.RemoteCancelled,
    ev.RemoteLost: ev.RemoteLost,
    ev.Fetched: fetched,
    ev.Reused: lambda: ev.Reused(leader=1, results=fetched().results),
    ev.LinksExpired: ev.LinksExpired,
    ev.LinksUnusable: lambda: ev.LinksUnusable(reason="no such host"),
    ev.Decided: lambda: ev.Decided(decision=Decision.REJECTED, by="ann", until=LATER),
    ev.Undecided: lambda: ev.Undecided(by="ann"),
    ev.Rejected: ev.Rejected,
    ev.HandedBack: ev.HandedBack,
    ev.Published: ev.Published,
    ev.PublishedInPart: lambda: ev.PublishedInPart(until=LATER, failure=awaited([2])),
    ev.EndedInPart: lambda: ev.EndedInPart(failure=in_part([2], PAID_LOST)),
    ev.SpoolLost: ev.SpoolLost,
    ev.TaskFound: lambda: ev.TaskFound(task_id=str(10**18 + next(_tokens)), by="operator"),
    ev.ResendApproved: lambda: ev.ResendApproved(by="operator"),
    ev.Cancelled: lambda: ev.Cancelled(by="operator"),
    ev.Superseded: ev.Superseded,
    ev.SourceGone: ev.SourceGone,
    ev.SourceChanged: ev.SourceChanged,
    ev.SourceSkipped: ev.SourceSkipped,
    ev.GaveUp: lambda: ev.GaveUp(failure=REJECTED),
    ev.Retried: lambda: ev.Retried(by="operator"),
    ev.Requeried: lambda: ev.Requeried(by="operator"),
    ev.Postponed: lambda: ev.Postponed(until=LATER, reason="later"),
}
