"""The plan of the house: who may know whom, checked on every import."""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path

import hotfolder
from tests.cases import every

PACKAGE = Path(inspect.getfile(hotfolder)).parent
NAME = "hotfolder"

# What each room may import besides itself and the standard library. Arrows point downwards
# only; owners of I/O (journal, runninghub, outputs, imaging, sources) know the domain alone.
OWNERS = {"domain", "imaging", "journal", "outputs", "runninghub", "sources"}
# What each of them may know.
FOUNDATION = {"clock", "domain", "threads"}
BELOW_FACES = OWNERS | {
    "clock",
    "threads",
    "account",
    "charges",
    "checkup",
    "config",
    "control",
    "housekeeping",
    "notices",
    "installation",
    "key",
    "logs",
    "preflight",
    "reload",
    "service",
    "signals",
    "supervision",
    "views",
    "watches",
}
ROOMS: dict[str, set[str]] = {
    "": set(),
    "__main__": {"cli"},
    "domain": set(),
    "imaging": {"domain", "threads", "PIL"},
    "journal": {"clock", "domain", "threads", "sqlite3", "structlog"},
    "outputs": {"domain"},
    "sources": {"domain"},
    "clock": {"domain"},
    "threads": set(),
    "runninghub": {"domain", "httpx", "pydantic", "tomli"},
    "config": {
        "domain",
        "runninghub.catalog",
        "platformdirs",
        "pydantic",
        "pydantic_core",
        "tomli",
    },
    "key": {"domain", "pydantic"},
    "logs": {"structlog"},
    "supervision": set(),
    "installation": {"config", "domain"},
    "notices": {"config", "domain", "journal", "apprise", "pydantic", "structlog"},
    "housekeeping": {"config", "domain", "journal", "structlog"},
    "checkup": {
        *("config", "domain", "housekeeping", "installation", "intake", "journal", "key"),
        *("outputs", "preflight"),
        "hotfolder.__version__",
    },
    "intake": OWNERS
    | {"threads", "config", "defusedxml", "pathspec", "pydantic", "structlog", "tomli", "watchdog"},
    "pipeline": OWNERS | {"clock", "threads", "structlog"},
    "preflight": {
        "config",
        "domain",
        "notices",
        "intake",
        "key",
        "pydantic",
        "runninghub.catalog",
        "runninghub.payload",
        "outputs.access",
        "outputs.trial",
    },
    "charges": {"domain", "journal"},
    "views": {"charges", "config", "domain", "intake", "journal", "sources"},
    "control": OWNERS | {"config", "intake", "pipeline", "pydantic", "structlog", "views"},
    "watches": {"config", "domain", "intake", "journal"},
    "reload": {"config", "domain", "journal", "pydantic", "structlog", "supervision"},
    "signals": set(),
    "account": {"config", "domain", "journal", "key", "pydantic", "runninghub", "structlog"},
    "composition": BELOW_FACES - {"service"}
    | {"web", "intake", "pipeline", "pydantic", "structlog"},
    "service": BELOW_FACES | {"composition", "web", "overview", "pydantic", "structlog"},
    "simulator": {"PIL", "starlette", "uvicorn"},
    "cli": BELOW_FACES
    | {"intake", "jinja2", "rich", "simulator", "structlog", "typer", "pydantic"},
    "overview": BELOW_FACES - {"service"} | {"web", "pipeline"},
    "web": BELOW_FACES - {"service"}
    | {"hotfolder.__version__", "prometheus_client", "jinja2", "starlette", "structlog", "uvicorn"},
}
# Names that only one file or room may import at all.
SOLE = {
    "httpx": {"runninghub"},
    "watchdog": {"intake/events.py"},
    "sqlite3": {"journal"},
    "PIL": {"imaging", "simulator"},
    "defusedxml": {"intake/xmp.py"},
    "apprise": {"notices"},
    "prometheus_client": {"web/metrics.py"},
}
FILES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def room_of(parts: tuple[str, ...]) -> str:
    """Return the room that a file or a module of ours belongs to."""
    first = parts[0].removesuffix(".py") if parts else ""
    return "" if first == "__init__" else first


def imports(file: Path) -> set[str]:
    """Return the full names of all modules and names that a file imports, wherever."""
    tree = ast.parse((PACKAGE / file).read_text("utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}: imports name the package"
            found |= {f"{node.module}.{each.name}" for each in node.names}
    return found


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


def test_owners_do_not_know_each_other() -> None:
    """Journal, network, outputs and pictures meet in pipeline and intake, nowhere below."""
    for owner in OWNERS - {"domain"}:
        assert {each for each in ROOMS[owner] if each in ROOMS} <= FOUNDATION


def test_the_domain_knows_neither_clock_nor_network() -> None:
    """The laws are pure: no files, no network, no asyncio, no threads."""
    forbidden = {"asyncio", "socket", "threading", "subprocess", "pathlib", "random", "time"}
    for file in FILES:
        if file.parts[0] == "domain":
            assert not {each.partition(".")[0] for each in imports(file)} & forbidden, file
