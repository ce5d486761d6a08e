"""What is wrong with a file, or with what speaks for it: each in plain words, with what to do."""

from __future__ import annotations

from collections.abc import Iterable

from hotfolder.domain.failures import Failure
from hotfolder.domain.price_failures import HELD_FOR_PRICE

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
