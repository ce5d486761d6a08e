"""A command imports what it needs, when it needs it: that is why it answers at once."""

from __future__ import annotations

import importlib.util
import inspect
import re
from typing import TYPE_CHECKING, Final

import pytest

from hotfolder.cli import commands
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
OF_THE_CONFIG: Final = {"hotfolder.config", "hotfolder.journal", "pydantic", "rich", "sqlite3"}

# What reads pictures, their metadata, or XML.
PARSERS: Final = re.compile(
    r"(PIL|pillow_heif|_pillow_heif|rawpy|xml|pyexpat|hotfolder\.kinds\."
    r"(picture|metadata|audio|ebml|isobmff|proving|solid|text))\b"
)
NANO: Final = "nano-banana2-gemini31flash/image-to-image-channel-low-price"
NAMES_ONLY: Final = {"hotfolder.kinds.metadata", "hotfolder.kinds.metadata.field_names"}

FORBIDDEN: Final = {
    ("--version",): OF_WORK | OF_PICTURES | OF_THE_CONFIG,
    ("--help",): OF_WORK | OF_PICTURES | OF_THE_CONFIG,
    ("status",): OF_WORK | OF_PICTURES | OF_MOVES,
    ("jobs", "--json"): OF_WORK | OF_PICTURES | OF_MOVES,
    ("charges",): OF_WORK | OF_PICTURES | OF_MOVES,
    ("explain", "in/ann.jpg"): OF_WORK | OF_PICTURES | OF_MOVES,
    ("check",): OF_WORK | OF_PICTURES | OF_MOVES | {"hotfolder.views"},
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
    assert {"typer", "hotfolder.cli.app"} <= imported(ended)
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
            own = inspect.cleandoc(commands.load(name).help or "")
            assert entry.says == own.partition("\n\n")[0].replace("\n", " "), name
