"""Which commands there are, and their modules, each of which is imported when it is called.

`--help` and a shell that completes a command's name need no more than what is said here, and
nothing is imported for it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final, NamedTuple

ABOUT: Final = (
    "Hot folders for paid picture edits: drop pictures into a folder, find them edited in another. "
    "No picture missed, no edit paid twice, nothing half-done visible, nothing lost."
)
WIDEST: Final = 80
OPTIONS: Final = {"--version": "Say the version.", "-h, --help": "Show this message and exit."}


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
            "Show what each file would get, without sending anything or entering it anywhere.",
        ),
        "app": Entry(
            "runs",
            "Ask the service what an AI app lets be set, and print its table with a rule to copy.",
        ),
        "workflow": Entry(
            "runs",
            "Ask the service for a ComfyUI workflow, and print its table with a rule to copy.",
        ),
        "lora": Entry(
            "serving", "Upload a LoRA and print the name by which nodes and models know it."
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
        "account": Entry(
            "serving",
            "Show what is left in the account, the kind of its key, its limit, "
            "and what today has cost.",
        ),
        "webhook": Entry(
            "serving", "Say what became of the callback of a job's task, or have it sent again."
        ),
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
            "Have the files edited that are held: stood there before, or dearer than the rules.",
        ),
        "pause": Entry("acting", "Stop uploading and submitting by hand, until resume."),
        "resume": Entry(
            "acting",
            "Let go on what was paused, and have whatever holds the account tried at once.",
        ),
        "handover": Entry("acting", "Let another machine that shares the journal follow a watch."),
    },
    "Keep": {
        "notify": Entry("notifying", "Send a trial notice to the receivers of the config."),
        "backup": Entry("backups", "Copy the journal into one file, also while the daemon runs."),
        "journal": Entry(
            "copying",
            "Copy the journal of a state directory into a database that several machines share.",
        ),
        "restore": Entry(
            "backups",
            "Put a copy of the journal back; the daemon must be stopped. Nothing is paid by it.",
        ),
        "install": Entry(
            "installing", "Install the daemon as the systemd service hotfolder@NAME. Needs root."
        ),
        "uninstall": Entry(
            "installing",
            "Take the service hotfolder@NAME away. Journal, config and files stay. Needs root.",
        ),
        "doctor": Entry(
            "diagnosing", "Look the whole installation over: each line is ok, or says what to do."
        ),
        "completion": Entry(
            "completing", "Print what makes a shell complete commands, options and their values."
        ),
    },
}


def help_text(columns: int) -> str:
    """Return what there is, for a terminal of so many columns."""
    width = max(30, min(columns, WIDEST)) - 2
    parts = ["Usage: hotfolder [OPTIONS] COMMAND [ARGS]...", "", *_wrapped(ABOUT, "  ", width)]
    sections = {"Options": OPTIONS} | {
        title: {name: each.says for name, each in entries.items()}
        for title, entries in ENTRIES.items()
    }
    for title, lines in sections.items():
        wide = max(map(len, OPTIONS if lines is OPTIONS else _names()))
        parts += ["", f"{title}:"]
        for name, says in lines.items():
            first, *more = _wrapped(says, " " * (wide + 4), width)
            parts += [f"  {name:{wide}}{first[wide + 2 :]}", *more]
    return "\n".join(parts)


def _names() -> Iterator[str]:
    return (name for entries in ENTRIES.values() for name in entries)


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent)
