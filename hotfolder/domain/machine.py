"""The machine: which event moves a job from which state to which. Nothing else decides a state.

A job is one edit of one source. It goes through five steps, and the state says what is done:

    ACCEPTED --upload--> UPLOADED --(intent)--> SUBMITTING --submit--> RUNNING
    RUNNING --query--> FINISHED --fetch--> FETCHED --publish--> DONE

The only step that costs money is the submit, and the service has no idempotency key. So the
intent (SUBMITTING) is committed before the first byte leaves, and there are exactly three ways
on: certainly accepted (RUNNING), certainly not accepted (back to UPLOADED, or FAILED), or nobody
knows (IN_DOUBT). From IN_DOUBT only a found task or a person's decision leads on; there is no
edge by which a doubtful submit is sent again by itself. A job found SUBMITTING at start-up was
interrupted between intent and answer and is in doubt for the same reason. A task may also turn
up for a job that is about to be submitted again: it is followed instead, and nothing is paid.
A task that the service itself ended for a cause that passes leads back to ACCEPTED if no charge and
no success was ever heard of it. That is not yet enough to pay again: every intent is tested against
the law of `paid`, over all submits of the job, in the transaction that states it.

After FETCHED the results are safe in the local spool: no edge leads back to paying. A job that
makes the same edit as another takes that one's results (Reused) instead of paying.

Each result of a task goes its own way. What could be had is published, and the task is asked for
the rest again (PublishedInPart). A job of which something is published never fails any more: where
the rest cannot be had it is done with what there is, and says what is missing (EndedInPart). A
person may have the rest of such a job asked for once more, which is free.

Where results are reviewed, a job waits in FETCHED until a person has decided (Decided), who may
take that back for a while (Undecided). Rejected results are kept as published ones are, but
elsewhere, and the job is done (Rejected): it was paid, so those that make the same edit still
follow it. To have it made anew is another job.

Every move into FETCHED enters the jobs that follow in a chain, in its own transaction. Results that
go on into one are not published, unless that is wished; where a person gives the job up that was to
take them, they come back to be published after all (HandedBack), also to a job that is done. So a
job that failed in a chain may still be given up (Cancelled).

Waiting is not a state: it is the job's due time. Holds are not states either.
An event that is not in the table for a state is a bug in the caller: `advance` raises and the
job stays as it was.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from hotfolder.domain import events as ev
from hotfolder.domain.errors import HotfolderError
from hotfolder.domain.states import State

if TYPE_CHECKING:
    from collections.abc import Mapping


_WITHDRAWN: Mapping[type[ev.Event], State] = {
    ev.Cancelled: State.CANCELLED,
    ev.Superseded: State.CANCELLED,
    ev.SourceGone: State.CANCELLED,
    ev.SourceChanged: State.CANCELLED,
    ev.SourceSkipped: State.CANCELLED,
    ev.GaveUp: State.FAILED,
}

TRANSITIONS: Mapping[State, Mapping[type[ev.Event], State]] = MappingProxyType(
    {
        State.ACCEPTED: {
            ev.Postponed: State.ACCEPTED,
            ev.Uploaded: State.UPLOADED,
            ev.TaskFound: State.RUNNING,
            ev.Reused: State.FETCHED,
            **_WITHDRAWN,
        },
        State.UPLOADED: {
            ev.Postponed: State.UPLOADED,
            ev.SubmitIntended: State.SUBMITTING,
            ev.UploadExpired: State.ACCEPTED,
            ev.TaskFound: State.RUNNING,
            ev.Reused: State.FETCHED,
            **_WITHDRAWN,
        },
        State.SUBMITTING: {
            ev.Submitted: State.RUNNING,
            ev.SubmitDeferred: State.UPLOADED,
            ev.SubmitRefused: State.FAILED,
            ev.SubmitUnanswered: State.IN_DOUBT,
            ev.TaskFound: State.RUNNING,
        },
        State.RUNNING: {
            ev.Postponed: State.RUNNING,
            ev.RemoteSucceeded: State.FINISHED,
            ev.Reused: State.FETCHED,
            ev.RemoteFailed: State.FAILED,
            ev.RemoteFailedInPassing: State.ACCEPTED,
            ev.RemoteCancelled: State.CANCELLED,
            ev.RemoteLost: State.IN_DOUBT,
            ev.EndedInPart: State.DONE,
        },
        State.FINISHED: {
            ev.Postponed: State.FINISHED,
            ev.Fetched: State.FETCHED,
            ev.LinksExpired: State.RUNNING,
            ev.LinksUnusable: State.RUNNING,
            ev.GaveUp: State.FAILED,
            ev.EndedInPart: State.DONE,
        },
        State.FETCHED: {
            ev.Postponed: State.FETCHED,
            ev.Decided: State.FETCHED,
            ev.Undecided: State.FETCHED,
            ev.HandedBack: State.FETCHED,
            ev.Published: State.DONE,
            ev.Rejected: State.DONE,
            ev.PublishedInPart: State.RUNNING,
            ev.SpoolLost: State.RUNNING,
        },
        State.IN_DOUBT: {
            ev.TaskFound: State.RUNNING,
            ev.ResendApproved: State.UPLOADED,
            ev.Cancelled: State.CANCELLED,
        },
        State.FAILED: {
            ev.Retried: State.ACCEPTED,
            ev.Requeried: State.RUNNING,
            ev.Cancelled: State.CANCELLED,
        },
        State.DONE: {ev.Requeried: State.RUNNING, ev.HandedBack: State.FETCHED},
        State.CANCELLED: {},
    }
)


class IllegalTransition(HotfolderError):
    """An event that the table does not know in this state. The job stays as it was."""

    def __init__(self, state: State, event: ev.Event) -> None:
        super().__init__(f"{type(event).__name__} cannot happen to a job that is {state.value}")
        self.state = state
        self.event = event


def advance(state: State, event: ev.Event) -> State:
    """Return the state that `event` leads to, or raise IllegalTransition."""
    try:
        return TRANSITIONS[state][type(event)]
    except KeyError:
        raise IllegalTransition(state, event) from None
