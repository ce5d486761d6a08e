"""Everything that can be wrong before the start, found at once: text, folders, key, models."""

from hotfolder.preflight.checking import (
    Ready,
    check,
    check_state_answers,
    missing_commands,
    problems,
)
from hotfolder.preflight.exposure import Exposed, exposures
from hotfolder.preflight.folders import access_problems, answering, silent

__all__ = [
    "Exposed",
    "Ready",
    "access_problems",
    "answering",
    "check",
    "check_state_answers",
    "exposures",
    "missing_commands",
    "problems",
    "silent",
]
