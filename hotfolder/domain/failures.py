"""Why a picture was not edited, in a studio assistant's words.

A failure has a short code for machines, a sentence and a hint for people. What the remote service's
own codes mean stands in `remote_failures`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

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
NO_PROMPT = Failure(
    "no_prompt",
    "There is no prompt for this file.",
    "Put a text file of the same name beside it, a _prompt.txt in its folder, "
    "or a prompt in the rule.",
)
SIDECAR_MISSING = Failure(
    "sidecar_missing",
    "This watch requires a sidecar, and there is none beside the file.",
    "Put a text or TOML file of the same name beside it.",
)
NOT_A_PICTURE = Failure(
    "not_a_picture",
    "The file is not a picture, whatever its name says.",
    "Save it as a JPEG, PNG or WebP picture and drop it again.",
)
EMPTY = Failure(
    "empty",
    "The file is empty.",
    "Copy it here again. One that is still being copied is taken by itself once it is whole.",
)
UNWRITTEN = Failure(
    "unwritten",
    "The file has its size, but nothing is written into it yet.",
    "It is still being copied, or is only a placeholder for a file in a cloud: have that "
    "downloaded to this folder.",
)
TRUNCATED = Failure(
    "truncated",
    "The file's end is missing: it was not copied completely.",
    "Copy it here again. One that is still being copied is taken by itself once it is whole.",
)
NO_TEXT = Failure(
    "no_text",
    "There is no text in the file.",
    "Write the text into it; it is taken by itself then.",
)
NOT_TEXT = Failure(
    "not_text",
    "The file is no text in UTF-8 or UTF-16, whatever its name says.",
    "Save it as plain text in UTF-8 and drop it again.",
)
TEXT_TOO_LONG = Failure(
    "text_too_long",
    "The text is larger than 64 KiB.",
    "Shorten it, or make several files of it, and drop it again.",
)


def no_rows(reason: str) -> Failure:
    """Return why no row of a file can be read."""
    return Failure(
        "no_rows",
        f"No row of the file can be read: {reason}.",
        "Correct the file; it is read again by itself.",
    )


def of_row(number: int, failure: Failure) -> Failure:
    """Return what is wrong with one row of a file, which the others do not wait for."""
    message = f"Row {number}: {failure.message}"
    is_dear = failure.code in HELD_FOR_PRICE
    hint = failure.hint if is_dear else "Correct the row; the others do not wait for it."
    return Failure(failure.code, message, hint)


def row_wrong(number: int, reason: str) -> Failure:
    """Return why one row of a file cannot be understood."""
    return of_row(number, Failure("row_wrong", f"it {reason}.", ""))


CHANGED_UNKNOWN = Failure(
    "changed_unknown",
    "Its file was changed before this version of hotfolder had looked at it: it may be the picture"
    " that was paid for, with another rating or caption, or another picture.",
    "`hotfolder release WATCH` has it edited, `hotfolder release WATCH --skip` leaves it out.",
)
MISSING_PARTS = Failure(
    "missing_parts",
    "The file lists further pictures that are not in it: it may not be copied completely.",
    "Copy it here again if parts are missing. If nothing more comes, it is taken as it is once it"
    " has been left alone for `orphan_after`.",
)
DAMAGED_PICTURE = Failure(
    "damaged_picture",
    "The picture is damaged inside: it may have been overwritten while it was copied.",
    "Copy it here again from its original; it is then edited by itself.",
)
BROKEN_PICTURE = Failure(
    "broken_picture",
    "The picture is damaged and cannot be opened.",
    "Save it again from its original and drop it again.",
)
TOO_MANY_PIXELS = Failure(
    "too_many_pixels",
    "The picture has too many pixels.",
    "Save it smaller and drop it again.",
)
TOO_FEW_PIXELS = Failure(
    "too_few_pixels",
    "The picture is only one pixel wide or high: there is nothing to edit.",
    "Save it again from its original and drop it again.",
)
NO_DECODER = Failure(
    "no_decoder",
    "Pictures of this kind cannot be opened here.",
    "Save it as a JPEG, or install the package that opens it and restart hotfolder.",
)
CANNOT_FIT = Failure(
    "cannot_fit",
    "Nothing that this edit takes can be made of the picture.",
    "Save it as a JPEG picture yourself and drop it again.",
)
FILE_TOO_LARGE = Failure(
    "file_too_large",
    "The file is larger than this folder takes (largest_mb); it was not read.",
    "Save it smaller and drop it again, or have largest_mb of the watch raised.",
)
SOURCE_TOO_LARGE = Failure(
    "too_large",
    "The file is larger than this edit takes.",
    "Save it smaller and drop it again.",
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
PRICE_UNKNOWN = Failure(
    "price_unknown",
    "There is a budget, and nobody says what this edit costs.",
    "Set limits.price_preview = true, name the price in a [[model]] of the config "
    "(of an app or workflow: price or coins in its table), "
    "or take the budget away.",
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
BUDGET_SPENT = "budget_spent"
TOO_DEAR = "too_dear"
DEARER_THAN_ALLOWED = "dearer_than_allowed"
TO_CONFIRM = "to_confirm"
# What a person releases by `release --job`.
HELD_FOR_PRICE = frozenset({DEARER_THAN_ALLOWED, TO_CONFIRM})
LEADER_LOST = "leader_lost"
SIDECAR_OVERDUE = "sidecar_overdue"
# How the codes of what is wrong with a reference begin: it is looked for with every scan.
REFERENCE = "reference_"

# What only another file can mend: the same one would fail again.
OF_THE_FILE = frozenset(
    {
        NOT_A_PICTURE.code,
        BROKEN_PICTURE.code,
        TOO_FEW_PIXELS.code,
        "broken_file",
        "not_of_kind",
        NOT_TEXT.code,
    }
)
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


def no_decoder(kind: str, needed: str) -> Failure:
    """Return why a kind of picture cannot be opened here, and what opens it."""
    return Failure(
        NO_DECODER.code,
        f"The picture is a {kind}, which cannot be opened here.",
        f"Install {needed} and restart hotfolder: it is then edited by itself. Or save it as a "
        "JPEG.",
    )


def not_playable(reason: str) -> Failure:
    """Return why a film or sound cannot be sent: there is nothing to see or to hear in it."""
    return Failure(
        "broken_file",
        f"The file is damaged or empty inside: {reason}.",
        "Export it again from its original and drop it again.",
    )


def not_of_kind(wanted: str, found: str | None) -> Failure:
    """Return why a file is not what its name says; `found` is what it is, if that is known."""
    told = f"it is a {found}" if found else "it is nothing that is known here"
    return Failure(
        "not_of_kind",
        f"The file is no {wanted}, whatever its name says: {told}.",
        f"Save it as a {wanted} and drop it again.",
    )


def kind_not_taken(model: str, kind: str) -> Failure:
    """Return why a source waits: the model that its sidecar asks for takes no file like it."""
    return Failure(
        "kind_not_taken",
        f"The model {model} takes no {kind}.",
        "Name another model in the sidecar or the rule; the file waits for it.",
    )


def cannot_sign(reason: str) -> Failure:
    """Return why nothing is paid for: its result could not be signed."""
    return Failure(
        CANNOT_SIGN,
        f"Outputs cannot be signed: {reason}.",
        "Correct that, or take the files out of [provenance] in the config; it is tried again by "
        "itself.",
    )


def unprepared(what: str, reason: str) -> Failure:
    """Return why a picture could not be converted although nothing is known to be wrong with it."""
    return Failure(
        "not_prepared",
        f"{what} could not be made ready for the upload: {reason}.",
        "Save it as a JPEG and drop it again. `hotfolder retry JOB` tries this one once more.",
    )


def sidecar_silent(name: str) -> Failure:
    """Return why a picture waits although there is a sidecar: it says nothing."""
    return Failure(
        SIDECAR_MISSING.code,
        f"This watch requires a sidecar, and {name} says no prompt.",
        "Fill in its Instructions or description, or put a text file of the same name beside it.",
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


def prompt_field_unknown(problems: str) -> Failure:
    """Return why a picture waits for a prompt that can be understood."""
    return Failure(
        "prompt_field_unknown",
        f"The prompt cannot be filled in: {problems}.",
        "Correct the prompt; the file waits for it.",
    )


def text_unused(name: str) -> Failure:
    """Return why a text waits: what speaks for it leaves no place for what it says."""
    return Failure(
        "text_unused",
        f"The prompt that counts for {name} has no {{text}}: what the file says would not be sent.",
        "Write {text} into the prompt where the text is to stand, or take the prompt away.",
    )


def prompt_field_missing(field: str) -> Failure:
    """Return why a picture waits although it has a prompt."""
    return Failure(
        "prompt_field_missing",
        f"The prompt asks for {{{field}}}, which the file does not say.",
        f"Write it into the picture, or say in the prompt what stands in its place: {{{field}|…}}.",
    )


def reference_missing(name: str, reason: str) -> Failure:
    """Return why a picture waits for a further picture of its edit."""
    told = f" ({reason})" if reason else ""
    return Failure(
        f"{REFERENCE}missing",
        f"The reference {name} cannot be read{told}.",
        "Put it there, or correct the sidecar or the rule; the file waits for it.",
    )


def reference_broken(name: str, why: Failure) -> Failure:
    """Return why a further picture of an edit cannot be sent: what is wrong with it by itself."""
    return Failure(
        f"{REFERENCE}broken",
        f"The reference {name} cannot be sent. {why.message}",
        f"{why.hint} Or name another one; the file waits for it.",
    )


def reference_outside(name: str) -> Failure:
    """Return why a sidecar's reference is not even looked at."""
    return Failure(
        f"{REFERENCE}outside",
        f"The reference {name} lies outside the folders that sidecars may name files of.",
        "Put it into the watched folder, or have the config allow its folder: reference_folders.",
    )


def wrong_parameters(problems: Iterable[tuple[str, str]]) -> Failure:
    """Return the failure for what a model would refuse, each problem as (parameter, message)."""
    return Failure(
        "wrong_parameters",
        "; ".join(message for _, message in problems),
        "Correct the sidecar or the rule; the file waits for it.",
    )


def looping(path: str, count: int) -> Failure:
    """Return why a path is held: it had too many contents within an hour."""
    return Failure(
        "looping",
        f"{path!a} was saved anew {count} times within an hour, as programs do in a loop.",
        "Make sure that nothing writes results into the input folder, then "
        "`hotfolder resume WATCH`. What was saved last is edited then.",
    )


def budget_spent(key: str, limit: Decimal, already: Decimal, estimate: Decimal) -> Failure:
    """Return why nothing more is submitted today; `key` is the config's name of the limit."""
    return Failure(
        BUDGET_SPENT,
        f"The budget of {limit:f} for today is used up: {already:f} are spent or under way, "
        f"and the next edit is expected to cost {estimate:f}.",
        f"It goes on by itself at midnight, or as soon as {key} is raised in the config.",
    )


def too_dear(key: str, limit: Decimal, estimate: Decimal) -> Failure:
    """Return why no day's budget has room for an edit; `key` is the config's name of the limit."""
    return Failure(
        TOO_DEAR,
        f"One such edit is expected to cost {estimate:f}, more than the whole day's budget "
        f"of {limit:f}.",
        f"Raise {key} in the config, or choose another model for this rule.",
    )


def dearer(model: str, amount: Decimal | None, allowed: Decimal | None) -> Failure:
    """Return why an edit waits that costs more than all that the rules of its watch allow.

    `amount` is what it costs, `allowed` what the dearest edit does that they allow; None = not
    known.
    """
    costs = f"costs about {amount:f}" if amount is not None else "has no known price"
    most = f"about {allowed:f}" if allowed is not None else "not known"
    return Failure(
        DEARER_THAN_ALLOWED,
        f"What the files beside it ask for ({model}) {costs}; the dearest edit that the rules of "
        f"this watch allow is {most}.",
        "Ask for less there, or let the owner of this installation allow it: `hotfolder release "
        "--job JOB`.",
    )


def to_confirm(model: str, costs: str | None, times: int, limit: Decimal) -> Failure:
    """Return why an edit waits until a person has seen its price.

    `costs` is the sum with its currency, None = not known; `times` how many jobs it is of; `limit`
    what the config lets go on without being asked.
    """
    jobs = "It" if times == 1 else f"Its {times} variants"
    price = f"about {costs}{'' if times == 1 else ' together'}" if costs else "nobody knows what"
    them = "it" if times == 1 else "all of them"
    return Failure(
        TO_CONFIRM,
        f"{jobs} would cost {price} ({model}); confirm_over = {limit:f} wants a person to see that "
        f"first.",
        f"`hotfolder release --job JOB` lets {them} go on at that price.",
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
