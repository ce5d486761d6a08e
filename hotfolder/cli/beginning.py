"""The command to begin with: init."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer
from rich.text import Text

from hotfolder import installation, invocation
from hotfolder.cli import render
from hotfolder.config import CONFIG_NAME
from hotfolder.domain.errors import OperatorError

T = TypeVar("T", str, float)

KEY_NAME: Final = "key"
KEY_LINE: Final = f'key_file = "{KEY_NAME}"   # chmod 600; or the environment\'s RH_API_KEY'
BUDGET: Final = 20.0
NO_PROMPT: Final = """\
# A picture's own prompt is a text beside it (ann.txt), a folder's is _prompt.txt. For all others:
#prompt = "Make it a summer day"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the config is to say; folders are relative to it. `prompt` "" = only by sidecars."""

    input: str
    output: str
    prompt: str
    budget: float
    key: str = ""


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where; the current folder by default.")
    ] = Path(),
    input_: Annotated[
        str | None, typer.Option("--input", metavar="DIR", help="The folder to watch.")
    ] = None,
    output: Annotated[
        str | None, typer.Option(metavar="DIR", help="The folder for the edited pictures.")
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="What is to be done with every picture; may be empty."),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(min=0, metavar="AMOUNT", help="Charge at most this much a day; 0 = no limit."),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Write a config with every key, each explained.")
    ] = False,
) -> None:
    """Write a config and the folders it names; asks on a terminal.

    It asks for what no option says: folders, prompt, API key, and how much a day may cost. The key
    goes into a file of its own. Nothing is edited by a prompt that nobody wrote.

    Example: hotfolder init studio --prompt "Make it a summer day" --budget 10
    """
    target = folder / CONFIG_NAME
    if os.path.lexists(target):
        raise OperatorError(f"{target} is there already; it was left as it is")
    if full:
        wishes = Wishes(input="in", output="out", prompt="", budget=BUDGET)
        text = resources.files("hotfolder").joinpath("config.example.toml").read_text("utf-8")
    else:
        asks = sys.stdin.isatty() and sys.stdout.isatty()
        wishes = _wishes(folder, input_, output, prompt, budget, asks=asks)
        text = starter(wishes)
    try:
        for each in (wishes.input, wishes.output):
            (folder / each).mkdir(parents=True, exist_ok=True)
        if wishes.key:
            _write_new(folder / KEY_NAME, wishes.key + "\n", mode=0o600)
        _write_new(target, text)
    except FileExistsError as error:
        raise OperatorError(f"{error.filename} is there already; it was left as it is") from error
    except OSError as error:
        place = error.filename or folder
        raise OperatorError(f"{place} cannot be written: {error.strerror}") from error
    _say_what_next(target, wishes)


def starter(wishes: Wishes, *, state_dir: str = "state", key_line: str = KEY_LINE) -> str:
    """Return a short config that does what is wished; `key_line` says where the key is."""
    prompt = f"prompt = {_quoted(wishes.prompt)}\n" if wishes.prompt else NO_PROMPT
    return f"""\
# Every key there is: hotfolder manual config. A config with all of them: hotfolder init --full

state_dir = {_quoted(state_dir)}

[api]
{key_line}

[limits]
daily_charge = {Decimal(str(wishes.budget))}   # charge at most this much a day; 0 = no limit

[[watch]]
name = "pictures"
input = {_quoted(wishes.input)}
output = {_quoted(wishes.output)}

[[watch.rule]]
{prompt}"""


def _quoted(text: str) -> str:
    """Return a text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _wishes(
    folder: Path,
    input_: str | None,
    output: str | None,
    prompt: str | None,
    budget: float | None,
    *,
    asks: bool,
) -> Wishes:
    """Return what is wished; what no option says is asked where there is somebody to answer."""

    def answer(given: T | None, question: str, usual: T) -> T:
        if given is not None or not asks:
            return usual if given is None else given
        answered: T = typer.prompt(question, default=usual, show_default=usual != "")
        return answered

    asks_key = asks and not os.path.lexists(folder / KEY_NAME)
    return Wishes(
        input=answer(input_, f"Folder to watch (in {folder})", "in"),
        output=answer(output, "Folder for the edited pictures", "out"),
        prompt=answer(prompt, "What is to be done with every picture (empty: say it later)", ""),
        budget=answer(budget, "Charge at most so much a day (0: no limit)", BUDGET),
        key=_asked_key() if asks_key else "",
    )


def _asked_key() -> str:
    question = "API key (not shown; empty: later)"
    return str(typer.prompt(question, default="", hide_input=True, show_default=False)).strip()


def _say_what_next(target: Path, wishes: Wishes) -> None:
    out = render.console()
    out.print(Text.assemble("wrote ", render.name(str(target))), soft_wrap=True)
    folders = f"and the folders {wishes.input} and {wishes.output}"
    out.print(render.name(folders), soft_wrap=True)
    out.print()
    if not wishes.key:
        key = render.name(f"Write your API key into {target.parent / KEY_NAME}")
        out.print(key.append(" (chmod 600), or put it into RH_API_KEY."), soft_wrap=True)
    if not wishes.prompt:
        out.print("Say in the config what is to be done, or put a text beside each file.")
    out.print("Then:")
    for command in ("check", "run"):
        words = f"  {invocation.program()} {command} -c {target}"
        out.print(render.name(words), soft_wrap=True)


def _write_new(path: Path, text: str, mode: int = 0o666) -> None:
    """Write a file that is not there yet, so that no power cut takes it or its folder away."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
    with open(os.open(path, flags, mode), "w", encoding="utf-8") as file:  # noqa: PTH123  its mode
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    folder = path.absolute().parent
    for each in (folder, *folder.parents):
        with suppress(OSError):  # not every file system can, nor may every folder be opened
            installation.sync(each)
