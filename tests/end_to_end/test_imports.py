"""A command imports what it needs, when it needs it: that is why it answers at once."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from hotfolder.cli import commands, group, plain
from tests.pictures import exif, saved, scene
from tests.studio import RULE, Studio

if TYPE_CHECKING:
    from tests.end_to_end.conftest import CommandLine, Ended

# What takes long to import and only working commands need.
OF_WORK: Final = {
    *("PIL.Image", "apprise", "asyncio", "httpx", "jinja2", "prometheus_client", "ssl"),
    *("starlette", "structlog", "uvicorn", "watchdog", "hotfolder.pipeline", "hotfolder.service"),
    *("hotfolder.simulator", "hotfolder.runninghub.client", "hotfolder.web"),
}
OF_PICTURES: Final = {"PIL", "hotfolder.kinds.picture", "hotfolder.watching", "pathspec"}
# The events, and what enters or moves a job: who only looks needs the rows.
OF_MOVES: Final = {
    *("hotfolder.domain.events", "hotfolder.domain.machine", "hotfolder.journal.acceptance"),
    *("hotfolder.journal.transitions", "hotfolder.journal.reviews", "hotfolder.journal.doubts"),
}
# The rows of jobs, and what makes jobs of files: who judges a config needs none of it.
OF_JOBS: Final = {
    *("hotfolder.checkup", "hotfolder.domain.chains", "hotfolder.domain.jobs", "hotfolder.views"),
    *("hotfolder.domain.materials", "hotfolder.domain.notes", "hotfolder.domain.paid"),
    *("hotfolder.journal.reading", "hotfolder.planning.follow_ups", "hotfolder.planning.grouping"),
    *("hotfolder.planning.sets", "hotfolder.planning.texts", "hotfolder.preflight.chain_links"),
}
OF_THE_CONFIG: Final = {"hotfolder.config", "hotfolder.journal", "pydantic", "rich", "sqlite3"}
# What judges a config and knows the models: needless while a file says what the daemon's says.
OF_JUDGING: Final = {
    *("hotfolder.config.config", "hotfolder.config.fields", "hotfolder.planning.plan", "pydantic"),
    *("hotfolder.planning.rules", "hotfolder.runninghub", "platformdirs"),
}

# The words of all commands, and what reads them: who typed a plain one needs only its own.
OF_ALL_COMMANDS: Final = {"hotfolder.cli.commands", "typer"}

# What reads pictures, their metadata, or XML.
PARSERS: Final = re.compile(
    r"(PIL|av|pillow_heif|_pillow_heif|rawpy|xml|pyexpat|hotfolder\.kinds\."
    r"(picture|metadata|audio|avi|decoding|ebml|isobmff|played|proving|solid|text))\b"
)
NANO: Final = "nano-banana2-gemini31flash/image-to-image-channel-low-price"
NAMES_ONLY: Final = {
    *("hotfolder.kinds.metadata", "hotfolder.kinds.metadata.field_names"),
    "hotfolder.kinds.metadata.source_types",
}

FORBIDDEN: Final = {
    ("--version",): OF_WORK | OF_PICTURES | OF_THE_CONFIG | OF_ALL_COMMANDS,
    ("--help",): OF_WORK | OF_PICTURES | OF_THE_CONFIG | {"typer"},
    ("status",): OF_WORK | OF_PICTURES | OF_MOVES | OF_JUDGING | OF_ALL_COMMANDS,
    ("jobs", "--json"): OF_WORK | OF_PICTURES | OF_MOVES | OF_JUDGING | OF_ALL_COMMANDS,
    ("charges",): OF_WORK | OF_PICTURES | OF_MOVES,
    ("explain", "in/ann.jpg"): OF_WORK | OF_PICTURES | OF_MOVES | OF_JUDGING | OF_ALL_COMMANDS,
    ("check",): OF_WORK | OF_PICTURES | OF_MOVES | OF_JOBS | OF_ALL_COMMANDS | {"rich"},
    ("backup", "copy.db"): OF_WORK | OF_PICTURES,
    ("models",): OF_WORK | {"PIL"},
    ("schema",): OF_WORK | {"PIL"},
}


def imported(ended: Ended) -> set[str]:
    """Return the modules that a command imported, as Python itself tells of them."""
    return set(re.findall(r"^import time:.*\| +([\w.]+)$", ended.err, re.MULTILINE))


@pytest.fixture
async def told(studio: Studio, hotfolder: CommandLine) -> CommandLine:
    """Give the command line of a studio that has a job, whose Python tells what it imports."""
    studio.drop("ann.jpg")
    await studio.once()
    hotfolder.environment["PYTHONPROFILEIMPORTTIME"] = "1"
    return hotfolder


def test_what_is_forbidden_exists() -> None:
    """No name of the table has gone: it would forbid nothing."""
    named = set().union(*FORBIDDEN.values())
    assert [each for each in sorted(named) if importlib.util.find_spec(each) is None] == []


@pytest.mark.parametrize("words", FORBIDDEN, ids=" ".join)
async def test_a_command_imports_only_what_it_needs(
    told: CommandLine, words: tuple[str, ...]
) -> None:
    """No command loads what its kind has no use for."""
    ended = told(*words)
    assert ended.code == 0, ended.said
    assert "hotfolder.cli.front" in imported(ended)
    assert imported(ended) & FORBIDDEN[words] == set()


async def test_the_daemon_never_imports_what_parses_strangers_files(
    studio: Studio, hotfolder: CommandLine
) -> None:
    """Pictures, their metadata, XMP beside them, references: only workers can open any of it."""
    hotfolder.environment["PYTHONPROFILEIMPORTTIME"] = "1"
    rated = f'{RULE}\nname = "rated"\nwhen = {{ min_rating = 3 }}'
    worded = 'match = ["ann.*"]\nname = "worded"\nprompt = "As by {exif.Make}"'
    with_logo = f'{RULE}\nname = "logo"\nmodel = "{NANO}"\nreferences = ["logo.png"]'
    studio.configure(rules=[rated, worded, with_logo], watch="settle = 0.1\nsidecar_wait = 0.1")
    (studio.folder / "logo.png").write_bytes(saved(scene(), "PNG"))
    studio.drop("ann.jpg", saved(scene(), "JPEG", exif=exif()))
    studio.drop("ben.tif", saved(scene(), "TIFF"))
    studio.drop("cem.jpg")
    studio.drop("cem.xmp", '<x:xmpmeta xmlns:x="adobe:ns:meta/"/>')
    with hotfolder.daemon() as daemon:
        daemon.until(lambda: len(list(studio.output.iterdir())) >= 3, "three edits")
        known = set(re.findall(r"^import time:.*\| +([\w.]+)$", daemon.err, re.MULTILINE))
    assert "hotfolder.service" in known
    parsers = {each for each in known if PARSERS.match(each)} - NAMES_ONLY
    assert parsers == set()


async def test_a_wish_is_sent_without_what_the_daemon_needs(told: CommandLine) -> None:
    """While a daemon runs, pause needs no more than to ask it."""
    with told.daemon():
        ended = told("pause")
    assert ended.code == 0, ended.said
    assert imported(ended) & (OF_WORK | OF_PICTURES) == set()


def test_the_table_of_commands_says_what_their_help_says() -> None:
    """What `--help` lists without importing a command is the first paragraph of its own help."""
    for entries in commands.ENTRIES.values():
        for name, entry in entries.items():
            own = inspect.cleandoc(group.load(name).help or "")
            assert entry.says == own.partition("\n\n")[0].replace("\n", " "), name


def test_the_plain_ways_of_a_command_are_typers_too() -> None:
    """What is read without typer means what typer would read, and nothing else is read."""
    for name, each in plain.PLAIN.items():
        known = {option: it.name for it in group.load(name).params for option in it.opts}
        assert {known[flag] for flag in each.flags} == set(each.flags.values())
        assert {known[option] for option in ("-c", "--config")} == {"config_file"}
        assert each.argument is None or each.argument in known
        run = getattr(importlib.import_module(f"hotfolder.cli.{each.module}"), name)
        told = {*each.flags.values(), "config_file", *filter(None, [each.argument])}
        assert told <= set(inspect.signature(run).parameters)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("status", {}),
        ("status --json -c a.toml", {"json": True, "config_file": Path("a.toml")}),
        ("explain in/a.jpg --json", {"path": Path("in/a.jpg"), "json": True}),
        ("check --online --config a.toml", {"online": True, "config_file": Path("a.toml")}),
        *((words, None) for words in ("", "run", "status -h", "status --watch", "jobs extra")),
        *((words, None) for words in ("explain", "explain a b", "status -c", "status -c --json")),
        ("jobs --state done", None),
    ],
)
def test_only_plain_words_are_read_without_typer(words: str, said: dict[str, object]) -> None:
    """A wrong word, a rarer option and a question for help are typer's."""
    assert plain.parameters(words.split()) == said


@pytest.mark.parametrize("columns", [50, 60, 80, 200])
def test_help_fits_its_terminal(columns: int) -> None:
    """Every command is there with what it does, in lines that such a terminal shows."""
    text = commands.help_text(columns)
    assert max(map(len, text.splitlines())) <= max(30, min(columns, 80))
    for name in ("init", "run", "status", "retry", "doctor"):
        assert re.search(rf"^  {name} +\S", text, re.MULTILINE), name
