"""What ends or holds up a chain of jobs: each in plain words, with what to do about it."""

from __future__ import annotations

from typing import Final

from hotfolder.domain.failures import Failure
from hotfolder.domain.price_failures import TO_CONFIRM

MOST_SHOWN: Final = 500  # characters of a text that was seen
SEVERAL_FACES: Final = "several_faces"
INTERMEDIATE_GONE = Failure(
    "intermediate_gone",
    "The result of the step before is no longer kept, and cannot be had again.",
    "`hotfolder retry JOB --pay-again` has that step made and paid anew, and goes on from there.",
)


def no_fitting_result(made: str) -> Failure:
    """Return why a chain ends early: nothing that came is what its next job takes."""
    return Failure(
        "no_fitting_result",
        f"The next step takes nothing of what the step before has made ({made}). That is "
        "published instead.",
        "Change the rule's then, and have it made anew: `hotfolder retry JOB --changed`.",
    )


def previous_lacks(field: str, text: str) -> Failure:
    """Return why a chain ends early: what its next job asks for is not in the text before it."""
    shown = text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]} ..."
    return Failure(
        "previous_lacks",
        f"The text of the step before has no {field}. It says: {shown}",
        "Correct the rule's then, and make it anew: `hotfolder retry JOB --changed`.",
    )


def several_faces(count: int) -> Failure:
    """Return why a step waits: nobody has said which of several faces is meant."""
    return Failure(
        SEVERAL_FACES,
        f"The film shows {count} faces, and the rule does not say which of them is to speak.",
        f'Set face = "first" in the rule, or a number from 1 to {count}; the rest follows.',
    )


def more_than_expected(model: str, expected: int, price: str | None) -> Failure:
    """Return why a step waits: the one before made more than the whole was estimated for.

    `price` is what it would cost with its currency, None = nobody knows.
    """
    results = "1 result" if expected == 1 else f"{expected} results"
    costs = f"about {price}" if price is not None else "nobody knows what"
    return Failure(
        TO_CONFIRM,
        f"The step before made more than the {results} that this was estimated for. This further "
        f"one would cost {costs} ({model}); confirm_over wants a person to see that first.",
        "`hotfolder release --job JOB` lets it go on at that price, `hotfolder cancel JOB` gives "
        "it up and publishes the result.",
    )


def member_missing(name: str, what: str) -> Failure:
    """Return why a step waits: a file that it is to send besides the result is not there."""
    return Failure(
        "member_missing",
        f"{name}, which this step needs, {what}.",
        f"Put {name} back as it was; the chain goes on by itself.",
    )


def value_missing(key: str, name: str, why: str) -> Failure:
    """Return why an edit waits: the file that a param stands in has no value."""
    return Failure(
        "value_missing",
        f"The file {name}, which params.{key} takes its value from, {why}.",
        "Put the value there, as the only text in it; the edit goes on by itself.",
    )


def lora_missing(name: str, why: str) -> Failure:
    """Return why an edit waits: the LoRA that it names cannot be had."""
    return Failure(
        "lora_missing",
        f"The LoRA {name} cannot be sent: {why}.",
        "Put it where the rule says, whole, as a .safetensors file; the edit goes on by itself.",
    )


def follow_up_unfit(model: str, kind: str) -> Failure:
    """Return why a chain cannot be: the next model takes nothing of the kind that is made."""
    return Failure(
        "follow_up_unfit",
        f"The next step, {model}, cannot go on from a {kind}.",
        "Choose another model for it in the rule's then.",
    )
