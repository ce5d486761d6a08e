"""The command that helps the shell to complete: completion."""

from __future__ import annotations

import enum
import os
from typing import Annotated

import typer
from typer.completion import (  # type: ignore[attr-defined]  # re-exported without saying so
    completion_init,
    get_completion_script,
)

from hotfolder.cli.front import COMPLETES

PROGRAM = "hotfolder"


class Shell(enum.StrEnum):
    """A shell that can be taught to complete."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> None:
    """Print what makes a shell complete commands, options and their values.

    Example: hotfolder completion bash | sudo tee /etc/bash_completion.d/hotfolder
    """
    typer.echo(get_completion_script(prog_name=PROGRAM, complete_var=COMPLETES, shell=shell.value))


def answer_shell() -> None:
    """Be ready to answer a shell that asks for completions, which it does by a variable."""
    if COMPLETES in os.environ:
        completion_init()
