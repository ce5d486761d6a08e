"""What was found of one thing, and how it is said."""

from __future__ import annotations

import enum
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

COMMAND_LIMIT_S: Final = 20.0
CLOCK_TOLERANCE: Final = timedelta(minutes=2)
MEGABYTE: Final = 1_000_000


class Verdict(enum.StrEnum):
    """How it is with a thing."""

    OK = "ok"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what to do about it unless it is well."""

    verdict: Verdict
    subject: str
    words: str
    advice: str = ""


Findings = Iterator[Finding]


def judge(
    good: bool,  # noqa: FBT001  the condition comes first
    subject: str,
    words: str,
    advice: str,
    *,
    otherwise: Verdict = Verdict.BAD,
) -> Finding:
    """Return that a thing is well, or how it is otherwise and what to do."""
    return (
        Finding(Verdict.OK, subject, words) if good else Finding(otherwise, subject, words, advice)
    )


def said(*command: str) -> str:
    """Return what a command of the system prints; nothing where it is missing or fails."""
    try:
        done = subprocess.run(  # noqa: S603  our own words
            command, check=False, capture_output=True, text=True, timeout=COMMAND_LIMIT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
