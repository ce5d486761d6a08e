"""What the service's codes mean for a person: each has its words, unknown ones the general ones.

The classes of the codes, which decide what happens next, are facts of the wire and not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from hotfolder.domain.failures import (
    KEY_KIND,
    KEY_REFUSED,
    MODERATED,
    NO_MONEY,
    PAID_LOST,
    REAL_PEOPLE,
    TASK_DENIED,
    TASK_FAILED,
    TOO_LARGE_REMOTE,
    WRONG_ENDPOINT,
    WRONG_PARAMETERS,
    Failure,
)
from hotfolder.domain.paid import Charge

LONGEST_QUOTE: Final = 200

TIMED_OUT = Failure(
    "task_timed_out",
    "The service began with this edit and did not finish it in time.",
    "`hotfolder retry JOB` submits it again. A smaller file or a shorter prompt may help.",
)
SERVICE_TROUBLE = Failure(
    "service_trouble",
    "The service had trouble of its own and gave this edit up.",
    "Use `hotfolder retry JOB` in a while. If it fails again, look at the service's own pages.",
)
SERVICE_FULL = Failure(
    "service_full",
    "The service had no room for this edit.",
    "Use `hotfolder retry JOB` in a while.",
)
UNREADABLE_THERE = Failure(
    "unreadable_for_service",
    "The service could not read the file.",
    "Open it, save it again, a picture as JPEG, and drop it again.",
)
WRONG_TYPE = Failure(
    "wrong_type",
    "The service does not take this type of file.",
    "Save it as another, a picture as JPEG or PNG, and drop it again.",
)
WORKFLOW_MISSING = Failure(
    "workflow_missing",
    "The service does not know this workflow or app, or it never ran in its web page.",
    "Open it in the service's web page and run it there once; then `hotfolder resume`.",
)
WORKFLOW_WRONG = Failure(
    "workflow_wrong",
    "The nodes of the app or workflow are not those that its table has.",
    "Its author may have changed it: `hotfolder app ID`, or `workflow ID`, prints today's table.",
)
VALUES_REFUSED = Failure(
    "values_refused",
    "The app or workflow cannot run with what was put into its nodes.",
    "Correct the value of the node that is named, in the rule's nodes; then `hotfolder retry JOB`.",
)
MACHINE_MISSING = Failure(
    "machine_missing",
    "This edit needs a machine of its own, which the account does not have.",
    "Use another model in the rule, or book the machine in the service's account pages.",
)

BY_CODE: Final[Mapping[str, Failure]] = {
    "1501": MODERATED,
    "1505": REAL_PEOPLE,
    **dict.fromkeys(("809", "1008", "HTTP 413"), TOO_LARGE_REMOTE),
    "HTTP 415": WRONG_TYPE,
    **dict.fromkeys(("808", "1013"), UNREADABLE_THERE),
    **dict.fromkeys(("301", "1007", "HTTP 400", "HTTP 422"), WRONG_PARAMETERS),
    **dict.fromkeys(("404", "412", "1001", "1009", "HTTP 405"), WRONG_ENDPOINT),
    **dict.fromkeys(("380", "810", "901"), WORKFLOW_MISSING),
    "433": VALUES_REFUSED,
    **dict.fromkeys(("803", "1101"), WORKFLOW_WRONG),
    **dict.fromkeys(("435", "436"), MACHINE_MISSING),
    **dict.fromkeys(("801", "1014"), KEY_KIND),
    **dict.fromkeys(("414", "416", "812"), NO_MONEY),
    **dict.fromkeys(("-1", "401", "403", "802", "806", "811", "1002"), KEY_REFUSED),
    **dict.fromkeys(("415", "421", "429", "814", "1003", "1520"), SERVICE_FULL),
    **dict.fromkeys(("1", "500", "1000", "1005", "1010", "1011", "1012"), SERVICE_TROUBLE),
    **dict.fromkeys(("1006", "1504"), TIMED_OUT),
    **dict.fromkeys(("805", "1015"), TASK_FAILED),
    **dict.fromkeys(("423", "807", "1004"), TASK_DENIED),
}


def of_remote_code(code: str, *, otherwise: Failure, said: str = "") -> Failure:
    """Return the failure for a code of the service, with the service's own words at the end.

    `otherwise` is the failure for a code without an entry; `said` the service's message.
    """
    return quoting(BY_CODE.get(code, otherwise), code, said)


def quoting(failure: Failure, code: str, said: str) -> Failure:
    """Return a failure with the service's code and words at the end of its message."""
    words = " ".join(said.split())[:LONGEST_QUOTE]
    if not words and not code:
        return failure
    quoted = f" (service: {words or 'no text'}, code {code or 'none'})"
    return replace(failure, message=failure.message + quoted)


def of_task_end(code: str, said: str, charge: Charge) -> Failure:
    """Return why a task ended without a result, and whether that was charged."""
    failure = of_remote_code(code, otherwise=TASK_FAILED, said=said)
    if not charge:
        return replace(failure, hint=f"{failure.hint} Nothing was charged.")
    hint = f"It was charged {charge.in_words()} all the same."
    return replace(failure, hint=f"{hint} `hotfolder retry JOB --pay-again` has it made anew.")


def of_lost(code: str, said: str) -> Failure:
    """Return why a task that had ended well has no result any more: the service says it failed."""
    failed = of_remote_code(code, otherwise=TASK_FAILED, said=said)
    return replace(PAID_LOST, message=f"{PAID_LOST.message} It now says: {failed.message}")
