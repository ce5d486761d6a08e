"""Why a picture was not edited, in a studio assistant's words.

A failure has a short code for machines, a sentence and a hint for people. What the remote service's
own codes mean stands in `remote_failures`; what is wrong with a file, a price or a chain of jobs in
modules of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hotfolder.domain.commands import about


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job ended or waits.

    `code` is short and stable; `message` says what is wrong, `hint` what to do about it, with
    commands written as `hotfolder retry JOB`.
    """

    code: str
    message: str
    hint: str

    def about(self, *, job: int | None = None, watch: str | None = None) -> Failure:
        """Return it with commands that name what it is about."""
        named = None if job is None else str(job)
        return replace(self, hint=about(self.hint, job=named, watch=watch))

    def log_context(self) -> dict[str, object]:
        """Return the keys by which a log line tells why."""
        return {"code": self.code, "reason": self.message, "hint": self.hint}


MODERATED = Failure(
    "moderated",
    "The service's content check rejected this edit.",
    "Drop another file in its place. With a prompt worded differently, `hotfolder retry JOB` "
    "tries this one again.",
)
REAL_PEOPLE = Failure(
    "real_people",
    "The service does not allow photorealistic edits of real people here.",
    "Drop another file in its place. With another model in the rule, `hotfolder retry JOB` "
    "tries this one again.",
)
TOO_LARGE_REMOTE = Failure(
    "too_large_for_service",
    "The service says that the file is too large.",
    "Save it smaller and drop it again.",
)
WRONG_PARAMETERS = Failure(
    "wrong_parameters",
    "The service rejected the parameters of this edit.",
    "Check the rule's params and the sidecar, then `hotfolder retry JOB`.",
)
WRONG_ENDPOINT = Failure(
    "wrong_endpoint",
    "The service does not know this rule's model.",
    "Check the rule's model and api.base_url.",
)
RUN_FORBIDDEN = Failure(
    "run_forbidden",
    "The service does not let this account run the app or workflow.",
    "If its author gave it a password, say where it is: access_password_file in its table.",
)
NO_PASSWORD = Failure(
    "no_password",
    "The file with the app's password cannot be read.",
    "See access_password_file in the app's table.",
)
WRONG_ADDRESS = Failure(
    "wrong_address",
    "There is no such service at the address in api.base_url.",
    "Check api.base_url: it is the service's site with /openapi/v2 at its end.",
)
KEY_REFUSED = Failure(
    "key_refused",
    "The service does not accept the API key.",
    "Check the key and that it belongs to the site in api.base_url.",
)
KEY_KIND = Failure(
    "key_kind",
    "This kind of API key may not use standard models.",
    "An Enterprise-Shared key is needed: make one in the service's account pages.",
)
NO_MONEY = Failure(
    "no_money",
    "The account's balance is too low.",
    "Top up the account. The files wait and are submitted after that.",
)
TASK_FAILED = Failure(
    "task_failed",
    "The service could not make this edit.",
    "`hotfolder retry JOB` submits it again.",
)
REJECTED = Failure(
    "rejected",
    "The service rejected this edit.",
    "Check the rule's model, prompt and params, then `hotfolder retry JOB`.",
)
NO_RESULTS = Failure(
    "no_results",
    "The service says that the edit is done but hands out no result.",
    "`hotfolder retry JOB` asks the service for the result again and pays nothing.",
)
PAID_LOST = Failure(
    "paid_lost",
    "The edit was paid, but its result is no longer at the service.",
    "`hotfolder retry JOB` asks once more; `hotfolder retry JOB --pay-again` has it made and paid "
    "anew.",
)
REUSED_LOST = Failure(
    "reused_lost",
    "The result of the same edit was used for this file, and is lost now.",
    "`hotfolder retry JOB` looks for it once more; `hotfolder retry JOB --pay-again` has it made "
    "and paid anew.",
)
PAID_ALREADY = Failure(
    "paid_already",
    "An earlier submit of this edit was charged or ended well, or may have been.",
    "`hotfolder retry JOB` asks for its result, which is free; `hotfolder retry JOB --pay-again` "
    "has it made and paid anew.",
)
LINK_FORBIDDEN = Failure(
    "link_forbidden",
    "The edit was made, but the service names a place for it that hotfolder does not fetch from.",
    "Check this machine's name server and api.base_url, then `hotfolder retry JOB`: it "
    "pays nothing.",
)
IN_DOUBT = Failure(
    "in_doubt",
    "The edit was sent but no answer came: it may have been accepted and charged.",
    "Look for it in the service's account pages. If it is there, its number settles it: "
    "`hotfolder resolve JOB --task-id ID`. If not, `hotfolder resolve JOB --resend` sends it again "
    "and `hotfolder resolve JOB --abandon` gives it up. Only limits.resend_up_to has it sent "
    "again by itself.",
)
IN_DOUBT_CALLED = Failure(
    IN_DOUBT.code,
    IN_DOUBT.message,
    "If it was accepted, a callback ends the doubt by itself at the end of its task. If none comes "
    f"in the time that such edits take, it most likely never arrived: {IN_DOUBT.hint[0].lower()}"
    f"{IN_DOUBT.hint[1:]}",
)
MANY_DOUBTS = Failure(
    "many_doubts",
    "Five edits in a row were sent and got no answer.",
    "The service is in trouble. One edit is tried from time to time; once one is answered, all go "
    "on. What got no answer is in doubt: see it with `hotfolder jobs --state in_doubt`.",
)
TASK_DENIED = Failure(
    "task_denied",
    "The service no longer knows a task that it had accepted.",
    "It is asked for again from time to time, and followed once it is known. Or look for it in the "
    "service's account pages, then `hotfolder resolve JOB --task-id ID`.",
)
WATCH_REMOVED = Failure(
    "watch_removed",
    "The config no longer has this watch.",
    "Put the watch back into the config, or give its jobs up: `hotfolder cancel --watch WATCH`.",
)
BACKLOG = Failure(
    "backlog",
    "More files than limits.backlog stood here already when the watch began to take them, or texts "
    "that may have served as sidecars.",
    "`hotfolder release WATCH` has them edited, `hotfolder release WATCH --skip` leaves them out.",
)
RESTORED = Failure(
    "journal_restored",
    "The journal was put back from an older copy: what was paid after that is not known to it.",
    "Compare the output folder with the service's list of tasks, cancel the jobs whose edit is "
    "there, then `hotfolder release WATCH`.",
)
PAUSED = Failure(
    "paused",
    "Submitting was stopped by hand.",
    "`hotfolder resume WATCH` lets it go on.",
)
UNREACHABLE = Failure(
    "unreachable",
    "The service does not answer.",
    "Nothing is lost: it is tried again by itself until it answers. If this lasts, check the "
    "network here and the service's own pages.",
)
OTHER_JOURNAL = Failure(
    "other_journal",
    "Another journal kept the record of this folder: what was paid for here is not known to this "
    "one.",
    "If the files in it are to be edited all the same: `hotfolder release WATCH`.",
)
INTERNAL = Failure(
    "internal",
    "Something unexpected happened inside hotfolder.",
    "See the log, then `hotfolder retry JOB`.",
)
# Codes whose words depend on the case.
SPOOL_BLOCKED = "spool_blocked"
CANNOT_SIGN = "cannot_sign"
OUTPUT_BLOCKED = "output_blocked"
LEADER_LOST = "leader_lost"
ACCOUNT_REFUSALS = frozenset({KEY_REFUSED.code, KEY_KIND.code, NO_MONEY.code})
# The service's codes of a task's failure that pass by themselves.
PASSING_CODES = frozenset({"1000", "1005", "1006", *map(str, range(1010, 1014)), "1015", "1504"})


def backlog_for(why: Failure) -> Failure:
    """Return why files are held back that are no more than `limits.backlog`: a backlog, too."""
    return replace(why, code=BACKLOG.code)


def opened_at_last() -> Failure:
    """Return why pictures are held that could not be opened before: they are a backlog, too."""
    return replace(
        BACKLOG,
        message="More pictures than limits.backlog could not be opened here before what opens "
        "them was installed.",
    )


def cannot_sign(reason: str) -> Failure:
    """Return why nothing is paid for: its result could not be signed."""
    return Failure(
        CANNOT_SIGN,
        f"Outputs cannot be signed: {reason}.",
        "Correct that, or take the files out of [provenance] in the config; it is tried again by "
        "itself.",
    )


def delayed(tried: int, reason: str) -> Failure:
    """Return why a job is late: it has failed a number of times and is tried again."""
    return Failure(
        "delayed",
        f"It was tried {tried} times so far ({reason}).",
        "It is tried again by itself. If this lasts, check the network, the share and the service.",
    )


def too_slow(reason: str) -> Failure:
    """Return why a job is late: an answer was begun, or waited for, and its time was over."""
    return Failure(
        "too_slow",
        f"What it needs from the service comes too slowly ({reason}).",
        "It is tried again by itself, and the others go on. If this lasts, check the network and "
        "the service.",
    )


def result_out_of_reach(leader: int, reason: str, hint: str) -> Failure:
    """Return why a job waits for the result of another that makes the same edit."""
    return Failure(
        "result_out_of_reach",
        f"The same edit was made for job {leader}, and its result cannot be read ({reason}).",
        f'{hint} Or set duplicates = "edit" for this watch, to have it paid anew.',
    )


def leader_lost(leader: int) -> Failure:
    """Return why a job waits for a person: the same edit was paid, and nothing is left of it."""
    return Failure(
        LEADER_LOST,
        f"The same edit was made and paid for job {leader}, and its result is lost.",
        "`hotfolder retry JOB` looks for it once more; `hotfolder retry JOB --pay-again` has it "
        "made and paid anew.",
    )


def result_unusable(reason: str, kept: str) -> Failure:
    """Return why a paid result is not published: what came is kept as a file."""
    return Failure(
        "result_unusable",
        f"The edit was made and paid, but what the service hands out cannot be used: {reason}. "
        f"It is kept as {kept}.",
        "`hotfolder retry JOB` fetches the result again and pays nothing.",
    )


def awaited(positions: Sequence[int]) -> Failure:
    """Return why a job goes on whose other results are delivered; positions count from 1."""
    return Failure(
        "result_awaited",
        f"{_results(positions)} could not be fetched yet; all else of the edit is delivered.",
        "It is asked for again by itself, which is free.",
    )


def in_part(positions: Sequence[int], why: Failure) -> Failure:
    """Return why a job is done without some of its results; positions count from 1."""
    return Failure(
        "result_missing",
        f"{_results(positions)} could not be fetched; all else of the edit is delivered. "
        f"{why.message}",
        "`hotfolder retry JOB` asks for it once more, which is free; `hotfolder retry JOB "
        "--pay-again` has the whole edit made and paid anew.",
    )


def _results(positions: Sequence[int]) -> str:
    """Return which results are meant, in words."""
    *others, last = map(str, positions)
    return f"Results {', '.join(others)} and {last}" if others else f"Result {last}"


def late(hours: float) -> Failure:
    """Return why a task is shown that has run for so many hours."""
    return Failure(
        "late",
        f"The service has been working on it for {hours:.0f} hours.",
        "It is asked once an hour and fetched when it is done. `hotfolder cancel JOB` gives it up.",
    )


def passing(failure: Failure) -> Failure:
    """Return a failure of the service that is followed by another submit by itself."""
    return Failure(
        "failed_in_passing",
        failure.message,
        "Nothing was charged so far. If that stays so, it is submitted again by itself.",
    )
