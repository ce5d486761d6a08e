"""What can happen to a job, as values. `machine.py` says what each does in each state.

A field with `repr=False` carries links or whole payloads: it is stored where it belongs and
stays out of the history and the log.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from typing import Final

from hotfolder.domain.failures import Failure
from hotfolder.domain.paid import NOT_SAID, Charge
from hotfolder.domain.states import Decision, WaitsFor

BY_QUERY: Final = "query"  # that a task was found so


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLink:
    """Where an uploaded content can be read by the service, and until when.

    `content_hash` is the original's, or stands for the original and how it was prepared.
    """

    content_hash: str
    site: str
    url: str = field(repr=False)
    file_name: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteResult:
    """One result of a task as the service names it: a link, or a text."""

    position: int
    url: str | None = field(repr=False)
    type: str
    text: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledResult:
    """One result safe in the local spool; `extension` follows from its real type.

    `finished` says what was done to it after it came. `companion` is the hash of an XMP file that
    goes beside it, `raw` that of the result as the service made it, with its extension, where it is
    kept. `sealed`: it is signed or labelled for its own source, and may be no other's result.
    `signed`: it is signed. `text` is what it says, where it is one that came as a file.
    """

    position: int
    file: str
    size: int
    sha256: str
    extension: str
    finished: str = ""
    companion: str | None = None
    raw: str | None = None
    raw_extension: str | None = None
    sealed: bool = False
    signed: bool = False
    text: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to one job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded(Event):
    """The material is at the service; `prepared` says what was done to it for that.

    `link` is where the last of it is, None where nothing but texts is sent.
    """

    link: UploadLink | None = field(repr=False)
    prepared: str = ""


class UploadExpired(Event):
    """The upload's link is too old to be submitted."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitIntended(Event):
    """The paid call is about to leave. Committed before its first byte.

    `price_key` is what later edits of the same price are known by; `estimate` None = unknown;
    `asks_for_callback`: the service is asked to tell the end of the task.
    """

    token: str = field(repr=False)
    site: str
    payload: str = field(repr=False)
    asks_for_callback: bool = field(default=False, repr=False)
    price_key: str | None = field(default=None, repr=False)
    estimate: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted(Event):
    """The service accepted and named its task."""

    task_id: str
    query_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitDeferred(Event):
    """Certainly not accepted; to be submitted again at `until`.

    `failure` is set where a person should read why it takes so long.
    """

    until: datetime
    reason: str
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitRefused(Event):
    """Certainly not accepted, and it never will be."""

    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitUnanswered(Event):
    """Sent, and it cannot be known whether the service accepted."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSucceeded(Event):
    """The task ended well."""

    results: tuple[RemoteResult, ...] = field(repr=False)
    charge: Charge = NOT_SAID


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFailed(Event):
    """The task ended badly, or well without anything to fetch (`ended_by_service` False)."""

    failure: Failure
    charge: Charge = NOT_SAID
    ended_by_service: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFailedInPassing(Event):
    """The task ended badly for a cause that passes, and nothing was charged as far as is known.

    It is submitted again by itself from `until` on, once the service has said the same again;
    `failure` says why it takes so long.
    """

    failure: Failure
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteCancelled(Event):
    """The task was cancelled at the service."""

    charge: Charge = NOT_SAID


class RemoteLost(Event):
    """The service denied the task several times over at least ten minutes."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched(Event):
    """What could be had is safe in the local spool; `finished` says what was done to it."""

    results: tuple[SpooledResult, ...] = field(repr=False)
    finished: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reused(Event):
    """The results of a job that made the same edit are safe in the spool for this one, too.

    `finished` says what was done to them.
    """

    leader: int
    results: tuple[SpooledResult, ...] = field(repr=False)
    finished: str = ""


class LinksExpired(Event):
    """The store refuses the result links: they have expired."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinksUnusable(Event):
    """Nothing can be fetched by the result links, though no store says that they have expired.

    `failure` is what it would end as, if it went on so: None where no person is needed.
    """

    reason: str
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided(Event):
    """A person decided what becomes of the results; it takes effect at `until`."""

    decision: Decision
    by: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided(Event):
    """A decision was taken back before it took effect."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected(Event):
    """Every result lies among the rejected ones. `redo`: the edit is made and paid anew."""

    redo: bool = False


class HandedBack(Event):
    """A job that was to work on with its results was given up: they are published after all."""

    __slots__ = ()


class Published(Event):
    """Every result stands under its final name."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedInPart(Event):
    """What could be had stands under its final name; the rest is asked for again at `until`."""

    until: datetime
    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedInPart(Event):
    """The rest of what is published in part cannot be had; `failure` says what and why."""

    failure: Failure
    charge: Charge = NOT_SAID


class SpoolLost(Event):
    """A fetched result is no longer in the spool."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFound(Event):
    """The task of a doubtful submit became known."""

    task_id: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendApproved(Event):
    """Someone who may spend decided to submit again.

    `looked_up` says whether a person saw that there is no task; else there may be one.
    """

    by: str
    looked_up: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled(Event):
    """An operator gave the job up."""

    by: str


class Superseded(Event):
    """New content stands at the source's path."""

    __slots__ = ()


class SourceGone(Event):
    """The source is no longer there."""

    __slots__ = ()


class SourceChanged(Event):
    """The source no longer has the content of this job."""

    __slots__ = ()


class SourceSkipped(Event):
    """The source's sidecar says that it is not wanted."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GaveUp(Event):
    """This program cannot go on with the job."""

    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried(Event):
    """A failed job is submitted again. `anew`: whatever there is of the same edit already."""

    by: str
    anew: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Requeried(Event):
    """An operator wants what is missing of a known task asked for again; it is free."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Postponed(Event):
    """Nothing changed; look again at `until`, or when what it `waits_for` has come.

    `failure` is set where a person should read why. `counts` says whether this was a failed
    attempt (the backoff grows) rather than ordinary waiting (kept out of the history).
    """

    until: datetime | None
    reason: str
    waits_for: WaitsFor | None = None
    failure: Failure | None = None
    counts: bool = True


def is_ordinary(event: Event) -> bool:
    """Return whether an event is mere waiting, which neither history nor log need to keep."""
    return isinstance(event, Postponed) and not event.counts


def history_detail(event: Event) -> dict[str, object]:
    """Return the fields of an event that may stand in the history and the log."""
    return {part.name: getattr(event, part.name) for part in fields(event) if part.repr}
