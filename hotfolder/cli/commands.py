"""Which commands there are, and their modules, each of which is imported when it is called.

`--help` and a shell that completes a command's name need no more than what is said here.
"""

from __future__ import annotations

import difflib
import gc
import importlib
from typing import Any, Final, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup


class Entry(NamedTuple):
    """A command's module, and the first line of its help, which a test compares."""

    module: str
    says: str


ENTRIES: Final[dict[str, dict[str, Entry]]] = {
    "Begin": {
        "init": Entry("beginning", "Write a config and the folders it names; asks on a terminal."),
        "demo": Entry(
            "starting",
            "Show the whole way on sample pictures, against the simulator. Needs no key.",
        ),
        "manual": Entry("manual", "Show a page of the manual, or list the pages."),
        "simulator": Entry(
            "starting", "Run the stand-in for the service by itself, on this machine only."
        ),
    },
    "Choose": {
        "models": Entry(
            "choosing",
            "List the models with what they take, make and cost; "
            "or one in full, with a rule to copy.",
        ),
        "plan": Entry(
            "planning",
            "Show what each picture would get, without sending anything or entering it anywhere.",
        ),
        "schema": Entry(
            "choosing",
            "Print the JSON schema with the models' names, for editors to complete and check with.",
        ),
    },
    "Work": {
        "check": Entry("checking", "Look at the config, the folders and the key. Changes nothing."),
        "run": Entry("working", "Run the daemon in the foreground until SIGTERM or Ctrl-C."),
        "once": Entry(
            "working", "Take what is there, work until nothing can go on by itself, and exit."
        ),
    },
    "Look": {
        "status": Entry(
            "looking",
            "Show the watches, how many files are what, holds, and what has been charged.",
        ),
        "jobs": Entry("looking", "List the jobs with their outputs, charges and reasons."),
        "explain": Entry(
            "explaining",
            "Say why a file is where it is: ignored, settling, waiting for what, done where.",
        ),
        "provenance": Entry(
            "originating",
            "Say what a file tells of where it comes from, and whether that is whole.",
        ),
        "page": Entry(
            "paging", "Print a link that signs a browser in to the page of the running daemon."
        ),
        "charges": Entry("looking", "Show what has been charged, by day, watch, rule or model."),
    },
    "Act": {
        "retry": Entry("acting", "Work on failed jobs again."),
        "resolve": Entry("acting", "Settle a job in doubt: its edit was sent, and no answer came."),
        "cancel": Entry("acting", "Give jobs up that are not yet edited."),
        "review": Entry(
            "reviewing",
            "List the edits that wait to be approved or rejected, and decide on them.",
        ),
        "release": Entry(
            "acting",
            "Have the pictures edited that are held: stood there before, or dearer than the rules.",
        ),
        "pause": Entry("acting", "Stop uploading and submitting by hand, until resume."),
        "resume": Entry(
            "acting",
            "Let go on what was paused, and have whatever holds the account tried at once.",
        ),
    },
    "Keep": {
        "notify": Entry("notifying", "Send a trial notice to the receivers of the config."),
        "backup": Entry("backups", "Copy the journal into one file, also while the daemon runs."),
        "restore": Entry(
            "backups",
            "Put a copy of the journal back; the daemon must be stopped. Nothing is paid by it.",
        ),
        "install": Entry(
            "installing", "Install the daemon as the systemd service hotfolder@NAME. Needs root."
        ),
        "uninstall": Entry(
            "installing",
            "Take the service hotfolder@NAME away. Journal, config and pictures stay. Needs root.",
        ),
        "doctor": Entry(
            "diagnosing", "Look the whole installation over: each line is ok, or says what to do."
        ),
        "completion": Entry(
            "completing", "Print what makes a shell complete commands, options and their values."
        ),
    },
}


class Commands(TyperGroup):
    """The commands as the table has them; the one that is called is the real one."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401  typer's
        super().__init__(**settings)
        for entries in ENTRIES.values():
            for name, entry in entries.items():
                self.add_command(TyperCommand(name, help=entry.says))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401  typer's
        """Return the name of the command that is called, the command, and what follows it."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], self.commands, n=1)
            if near:
                raise typer.BadParameter(f"there is no command {args[0]}; did you mean {near[0]}?")
        name, known, rest = super().resolve_command(ctx, args)
        command = load(name) if name and known else None
        gc.freeze()
        gc.enable()
        return name, command, rest

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401  typer's
        """Write the commands with what they do, group by group."""
        del ctx
        width = max(len(name) for entries in ENTRIES.values() for name in entries)
        for title, entries in ENTRIES.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(f"{name:{width}}", each.says) for name, each in entries.items()]
                )


def load(name: str) -> Any:  # noqa: ANN401  a command of typer's or, formerly, click's
    """Import a command's module and return the command."""
    entry = next(entries[name] for entries in ENTRIES.values() if name in entries)
    module = importlib.import_module(f"hotfolder.cli.{entry.module}")
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(name)(getattr(module, name))
    return typer.main.get_command(alone)
