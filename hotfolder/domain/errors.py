"""The tree of errors that leave a room. What happens next is decided by type, never by words.

HotfolderError
├── RemoteError            a call to the service did not give what was asked for
│   ├── NotSent            no request byte left this machine         submit again: yes
│   ├── Busy               refused for now, certainly not accepted   submit again: after `after_s`
│   ├── Unanswered         it cannot be known what the service did   submit again: never by itself
│   │   └── TooSlow        it took all its time and was not whole
│   ├── Refused            certainly not accepted, will never be     submit again: no
│   ├── Held               certainly not accepted, nor the next one  submit again: once lifted
│   │   ├── AccountHold    the key or the money
│   │   └── RuleHold       the rule's endpoint
│   └── LinkGone           a result link has expired
│       └── LinkForbidden  it leads where no result of the service lies
├── OutputError            a result cannot be stored here            publish again: yes
├── OperatorError          an operator's wish that cannot be granted
└── JournalError
    ├── JournalLocked      another daemon holds the journal
    │   └── JournalElsewhere   on another machine
    │       └── JournalTakenOver  since it was ours: what is under way ends
    ├── JournalDamaged     SQLite says the file is broken
    ├── JournalNewer       written by a newer program
    ├── JournalUnavailable the disk would not take a commit now
    │   └── JournalOlder   written by an older program: the next start brings it up to date
    └── JournalMisplaced   on a network share
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hotfolder.domain.failures import Failure


class HotfolderError(Exception):
    """Root of all errors of this program."""


class RemoteError(HotfolderError):
    """A call to the service did not give what was asked for."""


class NotSent(RemoteError):
    """No request byte left this machine, so nothing can have been accepted."""


class Busy(RemoteError):
    """The service has no room now and did not accept.

    `after_s` is how many seconds to wait; `limit` says whether it is the number of tasks at
    once that was reached (the window shrinks) rather than the rate of requests.
    """

    def __init__(self, message: str, *, after_s: float, limit: bool) -> None:
        super().__init__(message)
        self.after_s = after_s
        self.limit = limit


class Unanswered(RemoteError):
    """A request was sent and it cannot be known what became of it."""


class TooSlow(Unanswered):
    """A request was sent, and the answer was not whole when its time was over."""


class Refused(RemoteError):
    """The service did not accept and never will; `failure` says why in a person's words."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Held(RemoteError):
    """The service did not accept, nor will it accept the next one, until something is mended."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class AccountHold(Held):
    """Key or money: nobody submits until it is lifted."""


class RuleHold(Held):
    """The endpoint of a rule is not there: this rule submits no more until it is lifted."""


class LinkGone(RemoteError):
    """A result link is refused or not found: it has expired."""


class LinkForbidden(LinkGone):
    """A result link leads where no result lies: into a private network, or not to the web."""


class OutputError(HotfolderError):
    """A result cannot be stored here now; `hint` says what a person can do."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class OperatorError(HotfolderError):
    """An operator asked for something that cannot be done; the text says why."""


class NotConfined(HotfolderError):
    """Processes that open pictures could do what none must, and the owner will not have that."""

    def __init__(self, can: str) -> None:
        super().__init__(
            f"the processes that open pictures are not confined (they can: {can}), and "
            'limits.confine = "required" wants them to be: use a kernel with seccomp and Landlock '
            "(Linux 5.13 or newer, x86_64 or aarch64) and let the service have both calls, or set "
            'it to "auto"'
        )


class JournalError(HotfolderError):
    """The journal cannot be used."""


class JournalLocked(JournalError):
    """Another daemon holds the journal."""


class JournalElsewhere(JournalLocked):
    """A daemon on another machine has the journal: this one may stand by."""


class JournalTakenOver(JournalElsewhere):
    """The journal was ours and is no more: nothing is written any more, so nothing may be paid."""


class JournalDamaged(JournalError):
    """The journal's file is broken."""


class JournalReplaced(JournalDamaged):
    """The journal's file was taken away, or another put in its place, while it was in use."""


class JournalNewer(JournalDamaged):
    """The journal was written by a newer program."""


class JournalUnavailable(JournalError):
    """The disk would not take a commit: nothing of it happened, it may be tried again."""


class JournalOlder(JournalUnavailable):
    """The journal was written by an older program: the next start brings it up to date."""


class JournalMisplaced(JournalError):
    """The journal lies where SQLite cannot keep its promises."""
