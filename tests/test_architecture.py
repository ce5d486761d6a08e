"""The plan of the house: who may know whom, checked on every import."""

from __future__ import annotations

import ast
import functools
import inspect
import sys
from pathlib import Path
from typing import get_args

import pytest

import hotfolder
from hotfolder.config.fields import PictureKind
from hotfolder.kinds.formats import PictureType
from hotfolder.kinds.kind import FORMATS, Kind
from tests.cases import every

PACKAGE = Path(inspect.getfile(hotfolder)).parent
NAME = "hotfolder"

# What each room may import besides itself and the standard library. Arrows point downwards only:
#
#     faces -> service -> composition -> control, views, pipeline, watching -> planning, account,
#     after -> journal, runninghub, outputs, kinds, tree -> domain
#
# (The composition also opens what is served: the listener for callbacks is a face.)
#
# Owners of I/O (journal, runninghub, outputs, kinds, tree) know the domain alone, and the machine's
# clock and threads where no other is handed in.
FOUNDATION = {"bell", "clock", "domain", "threads"}
OWNERS = {"journal", "runninghub", "outputs", "kinds", "tree"}
STATED = {"config", "domain", "key", "credential"}
ROOMS: dict[str, set[str]] = {
    "": set(),
    "__main__": {"cli"},
    "domain": set(),
    "clock": {"domain"},
    "threads": set(),
    "bell": set(),
    "kinds": {"domain", "threads", "PIL", "av", "c2pa"},
    "journal": {"domain", "clock", "threads", "psycopg", "sqlite3", "structlog"},
    "outputs": {"domain"},
    "tree": {"domain", "threads", "pathspec", "structlog"},
    "runninghub": {"domain", "httpx", "pydantic", "tomli"},
    "config": {
        *("domain", "runninghub.catalog", "runninghub.roles", "runninghub.run_tables"),
        *("runninghub.runs", "platformdirs", "pydantic", "pydantic_core", "tomli"),
        "hotfolder.__version__",
    },
    "key": {"domain", "pydantic"},
    "credential": {"key", "cryptography"},
    "logs": {"domain", "structlog"},
    "secrecy": set(),
    "supervision": set(),
    "signals": set(),
    "invocation": set(),
    "listening": {"starlette", "uvicorn"},
    "installation": {"config", "domain"},
    "notices": {"config", "domain", "journal", "apprise", "pydantic", "structlog"},
    "housekeeping": {"config", "domain", "journal", "structlog"},
    "reload": {"config", "domain", "journal", "supervision", "pydantic", "structlog"},
    "planning": OWNERS | {"config", "domain", "pydantic", "structlog", "tomli"},
    "account": {*STATED, "bell", "clock", "journal", "runninghub", "pydantic", "structlog"},
    "after": {"bell", "domain", "journal", "outputs", "tree", "structlog"},
    "pipeline": OWNERS
    | {"bell", "threads", "domain", "account", "after", "credential", "key"}
    | {"pydantic", "structlog"},
    "watching": {
        *("bell", "config", "domain", "journal", "kinds", "planning", "runninghub"),
        *("threads", "tree", "structlog", "tomli", "watchdog"),
    },
    "preflight": {
        *(*STATED, "notices", "planning", "tree", "pydantic"),
        *("runninghub.catalog", "runninghub.payload", "runninghub.roles", "runninghub.runs"),
        *("outputs.access", "outputs.trial"),
    },
    "checkup": {
        *(*STATED, "housekeeping", "installation", "journal", "outputs", "preflight", "tree"),
        *("kinds.packages", "kinds.workshop", "runninghub.catalog"),
        "hotfolder.__version__",
    },
    "views": {"config", "domain", "account.charges", "journal", "kinds.kind", "planning", "tree"},
    "control": {
        *("bell", "config", "domain", "journal", "kinds.workshop", "planning", "runninghub"),
        *("tree", "pydantic", "structlog"),
    },
    "composition": OWNERS
    | FOUNDATION
    | {
        *(*STATED, "account", "after", "control", "pipeline", "planning", "reload"),
        *("supervision", "watching", "web", "pydantic", "structlog"),
    },
    "overview": {
        *("config", "domain", "account", "housekeeping", "journal", "tree", "views", "watching"),
        "web",
    },
    "service": {
        *(*STATED, "account", "composition", "control", "housekeeping", "journal", "notices"),
        *("overview", "reload", "showing", "supervision", "thumbnails", "views", "web"),
        *("hotfolder.__version__", "pydantic", "structlog"),
    },
    "drops": {
        *("config", "domain", "journal.drafts", "kinds.workshop", "outputs", "page.behind"),
        *("planning", "threads", "tree.files", "tree.threads"),
    },
    "thumbnails": {"domain", "kinds", "outputs", "page.behind", "threads", "tree"},
    "showing": {
        *("config", "control", "domain", "drops", "journal.reader", "page", "planning"),
        *("threads", "thumbnails", "tree.threads", "views", "structlog"),
    },
    "simulator": {"PIL", "starlette", "uvicorn"},
    # Faces are thin: they show views, ask for the operator's actions, and know of the owners only
    # how to open a journal for reading and how to ask the service one free question.
    "cli": {
        *(*STATED, "account.charges", "checkup", "control", "installation", "logs", "preflight"),
        *("handbook", "invocation", "kinds.kind"),
        *("notices.sending", "notices.trial"),
        *("planning.outlook", "planning.preview", "planning.said", "secrecy"),
        *("service", "signals", "simulator", "supervision"),
        *("views", "tree.files", "tree.mounts"),
        *("runninghub.catalog", "runninghub.client", "runninghub.older", "runninghub.runs"),
        "runninghub.roles",
        *("runninghub.wire.Account", "runninghub.wire.Queue", "journal.rows"),
        *("journal.backup", "journal.configs", "journal.connection", "journal.drafts"),
        *("journal.holds", "journal.journal", "journal.lock", "journal.reader", "journal.reading"),
        *(
            "journal.copying",
            "journal.leases",
            "journal.recovery",
            "journal.seen",
            "journal.session",
            "outputs.disk",
        ),
        "outputs.spool",
        *("hotfolder.__version__", "page.keys", "jinja2", "pydantic", "rich", "structlog", "typer"),
    },
    "handbook": set(),
    "page": {
        *(
            "config",
            "domain",
            "handbook",
            "listening",
            "markdown_it",
            "views",
            "hotfolder.__version__",
        ),
        *("jinja2", "markupsafe", "sse_starlette", "starlette", "structlog", "uvicorn"),
    },
    "web": {
        *("domain", "listening", "views", "runninghub.wire", "hotfolder.__version__"),
        *("jinja2", "prometheus_client", "starlette", "structlog", "uvicorn"),
    },
}
# Names that only one file or room may import at all.
SOLE = {
    "httpx": {"runninghub"},
    "watchdog": {"watching/inotify.py"},
    "sqlite3": {"journal"},
    "psycopg": {"journal"},
    "PIL": {"kinds", "simulator"},
    "c2pa": {"kinds"},
    "av": {"kinds/decoding.py"},
    "cryptography": {"credential.py"},
    "pathspec": {"tree/globs.py"},
    "apprise": {"notices"},
    "prometheus_client": {"web/metrics.py"},
}
# The same inside a room that has floors of its own: metadata could be published by itself.
FLOORS = {
    "kinds/metadata": ("kinds.formats", "kinds.metadata"),
    "kinds/picture": ("kinds.formats", "kinds.metadata", "kinds.packages", "kinds.picture"),
}
# Who says an ending besides `kinds.kind` and who proves files: the stand-in for the service, the
# manual's own pictures, and what may be set in a config, which is a type.
SAY_ENDINGS = {"config/fields.py", "config/watch.py", "handbook.py", "kinds", "simulator"}
FILES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def room_of(parts: tuple[str, ...]) -> str:
    """Return the room that a file or a module of ours belongs to."""
    first = parts[0].removesuffix(".py") if parts else ""
    return "" if first == "__init__" else first


@functools.cache
def imports(file: Path) -> frozenset[str]:
    """Return the full names of all modules and names that a file imports, wherever."""
    tree = ast.parse((PACKAGE / file).read_text("utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}: imports name the package"
            found |= {f"{node.module}.{each.name}" for each in node.names}
    return frozenset(found)


def is_allowed(imported: str, room: str) -> bool:
    """Return whether a room may know a module."""
    own = imported.removeprefix(f"{NAME}.")
    first = own.partition(".")[0]
    if own == imported:
        return first in sys.stdlib_module_names - {"sqlite3"} or first in ROOMS[room]
    if first not in ROOMS:  # the version and the like, of the package itself
        return True
    return first == room or any(f"{own}.".startswith(f"{each}.") for each in ROOMS[room])


@every("file", FILES)
def test_arrows_point_downwards(file: Path) -> None:
    """A room imports only what the table allows it."""
    room = room_of(file.parts)
    assert room in ROOMS, f"{room} has no line in the plan"
    assert [each for each in sorted(imports(file)) if not is_allowed(each, room)] == []


@every("file", FILES)
def test_each_owner_is_alone(file: Path) -> None:
    """Only the owner of a thing imports its library."""
    known = {each.partition(".")[0] for each in imports(file)} & set(SOLE)
    strangers = [each for each in known if not {str(file), file.parts[0]} & SOLE[each]]
    assert strangers == []


def test_only_the_demonstration_knows_the_simulator() -> None:
    """No part of the program that works with real money knows of the stand-in."""
    assert {room for room, known in ROOMS.items() if "simulator" in known} == {"cli"}


@pytest.mark.parametrize("floor", FLOORS)
def test_metadata_does_not_know_pictures(floor: str) -> None:
    """Inside `kinds`, too, arrows point downwards only."""
    for file in FILES:
        if file.parts[:2] == tuple(floor.split("/")):
            own = {each.removeprefix(f"{NAME}.") for each in imports(file)}
            up = [
                each
                for each in own
                if each.startswith("kinds.") and not each.startswith(FLOORS[floor])
            ]
            assert up == [], file


def test_owners_do_not_know_each_other() -> None:
    """Journal, network, outputs, files and kinds meet in the rooms above, nowhere below."""
    for owner in OWNERS:
        assert {each for each in ROOMS[owner] if each in ROOMS} <= {
            "domain",
            "bell",
            "clock",
            "threads",
        }


def test_the_domain_knows_neither_clock_nor_network() -> None:
    """The laws are pure: no files, no network, no asyncio, no threads."""
    forbidden = {"asyncio", "socket", "threading", "subprocess", "pathlib", "random", "time"}
    for file in FILES:
        if file.parts[0] == "domain":
            assert not {each.partition(".")[0] for each in imports(file)} & forbidden, file


def test_one_table_holds_the_endings() -> None:
    """What goes by a file's ending is told by `kinds.kind`; texts are this program's own, too."""
    endings = {each.ending for each in FORMATS if each.kind is not Kind.TEXT} - {"raw"}
    said: dict[str, set[str]] = {}
    for file in FILES:
        if not {str(file), file.parts[0]} & SAY_ENDINGS:
            tree = ast.parse((PACKAGE / file).read_text("utf-8"))
            texts = {each.value for each in ast.walk(tree) if isinstance(each, ast.Constant)}
            words = {each.removeprefix(".") for each in texts if isinstance(each, str)}
            if found := words & endings:
                said[str(file)] = found
    assert said == {}


def test_the_table_of_endings_knows_all_pictures() -> None:
    """The types of pictures, and those that a config may name, are the table's."""
    pictures = [each.ending for each in FORMATS if each.kind is Kind.PICTURE]
    assert list(PictureType) == list(get_args(PictureKind)) == pictures
