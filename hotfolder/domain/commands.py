"""Commands within hints, written as `hotfolder retry JOB`, which each face puts in its own way.

A terminal names this installation and its config, the page its buttons. JOB and WATCH stand for
what a hint is about.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_COMMAND: Final = re.compile(r"`hotfolder ([^`]+)`")


def put(text: str, way: Callable[[str], str]) -> str:
    """Return a text with each command's words, without the program's name, put in a `way`."""
    return _COMMAND.sub(lambda found: way(found[1]), text)


def about(text: str, *, job: str | None = None, watch: str | None = None) -> str:
    """Return a text whose commands name a job, or several, and a watch; "" leaves it out."""
    meant = {"JOB": job, "WATCH": shlex.quote(watch) if watch else watch}

    def named(words: str) -> str:
        filled = (each if (to := meant.get(each)) is None else to for each in words.split(" "))
        return f"`hotfolder {' '.join(filter(None, filled))}`"

    return put(text, named)


def unnamed(text: str, watch: str) -> str:
    """Return a text as it was before `about` named a watch."""
    name = f" {shlex.quote(watch)}"
    return put(text, lambda words: f"`hotfolder {words.replace(name, ' WATCH', 1)}`")


@dataclass(frozen=True, slots=True)
class Commands:
    """How commands are typed here: the program's name, and the config where it must be named.

    Both as a shell takes them; `config` "" = the commands find it by themselves.
    """

    program: str = "hotfolder"
    config: str = ""

    def typed(self, words: str) -> str:
        """Return a command of these words as it is typed."""
        return f"{self.program} {words}" + (f" -c {self.config}" if self.config else "")

    def completed(self, text: str) -> str:
        """Return a text whose commands work as they are written."""
        return put(text, lambda words: f"`{self.typed(words)}`")
