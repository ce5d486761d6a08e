"""What is shipped: the example config, the wheel, docstrings, and no trace of a machine."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import subprocess
import sys
import types
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

import pytest
import tomli
from pydantic import BaseModel

import hotfolder
from hotfolder import config, preflight

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "config.example.toml"
PACKAGE = ROOT / "hotfolder"
# Tables whose keys are not the config's: parameters, nodes, and what a catalog says of a model.
TABLES_OF_THEIR_OWN = ("params", "nodes", "model")
# What begins with # and no space is an example to be switched on.
SWITCHED_OFF = re.compile(r"^#(?=[a-z\[])", re.MULTILINE)
# A receiver has exactly one of three keys: the other two stand in a comment.
ALTERNATIVES = {"notify.url", "notify.url_file"}
ALTERNATIVE_KEYS = {each.rpartition(".")[2] for each in ALTERNATIVES}
PIP_OPTIONS = ("--quiet", "--no-deps", "--no-build-isolation")
SHIPPED = (
    "before_and_after.html",
    "catalog.json",
    "config.example.toml",
    "error_codes.toml",
    "py.typed",
    "schema.sql",
    "migrations/0001_initial.sql",
    "manual/apps.md",
    "manual/hotfolder.1",
    "manual/money.md",
    "monitoring/alerts.yaml",
    "monitoring/dashboard.json",
    "queries/jobs.sql",
    "samples/astronaut.jpg",
    "samples/cat.jpg",
    "samples/coffee.jpg",
    "samples/README.md",
)
# Written in parts, so that this file does not hold what it looks for.
PLACES_OF_A_MACHINE = ("/wo" + "rk/", "/fa" + "rm/", "../sha" + "red")
NOT_OURS = {".git", ".venv", "dist", "build"}


def known_keys(model: type[BaseModel], place: str = "") -> Iterator[str]:
    """Yield every key path that a config may hold, tables included."""
    for name, field in model.model_fields.items():
        yield f"{place}{name}"
        for inner in _models(field.annotation):
            yield from known_keys(inner, f"{place}{name}.")


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (list, Union, types.UnionType):
        for each in get_args(annotation):
            yield from _models(each)


def used_keys(table: dict[str, Any], place: str = "") -> Iterator[str]:
    """Yield every key path that a TOML table holds; what is said of a model is its own."""
    for name, value in table.items():
        yield f"{place}{name}"
        inner = value if isinstance(value, list) else [value]
        for each in inner:
            if isinstance(each, dict) and name not in TABLES_OF_THEIR_OWN:
                yield from used_keys(each, f"{place}{name}.")


def test_the_example_config_shows_every_key_and_no_other() -> None:
    """What the config may hold and what the example explains is the same."""
    text = EXAMPLE.read_text()
    used = set(used_keys(tomli.loads(SWITCHED_OFF.sub("", text))))
    assert used | ALTERNATIVES == set(known_keys(config.Config))
    assert not used & ALTERNATIVES
    assert all(each in text for each in ALTERNATIVE_KEYS)


def test_the_example_config_states_the_defaults() -> None:
    """Where a key has a default, the example has just that value, so that it tells no lies."""
    table = tomli.loads(SWITCHED_OFF.sub("", EXAMPLE.read_text()))
    (watch,) = table["watch"]
    (receiver,) = table["notify"]
    chosen = {"key_file", "command", "match", "exclude", "prompt", "prompt_file", "output_name"}
    # Nobody should begin without a budget. A rule reviews and confirms as is said elsewhere, and
    # makes sets as its model wants. Which face speaks, nobody has to say.
    chosen |= {"daily_charge", "review", "app", "workflow", "nodes"}
    chosen |= {"confirm_over", "group", "set_wait", "face"}
    for model, stated in (
        (config.Api, table["api"]),
        (config.Limits, table["limits"]),
        (config.Notify, receiver),
        (config.Watch, watch),
        (config.Rule, watch["rule"][0]),
    ):
        for name, field in model.model_fields.items():
            plain = not field.is_required() and field.default_factory is None
            if plain and name not in {*chosen, *ALTERNATIVE_KEYS, "rule", "name", "then"}:
                default = field.get_default()
                shown = default.model_dump() if isinstance(default, BaseModel) else default
                assert stated[name] == shown, name


def test_the_example_config_is_shipped_and_can_be_started(tmp_path: Path) -> None:
    """The copy in the package is the same, and with its folders and key it passes the check."""
    assert (PACKAGE / EXAMPLE.name).read_bytes() == EXAMPLE.read_bytes()
    written = tmp_path / "hotfolder.toml"
    written.write_bytes(EXAMPLE.read_bytes())
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
    (tmp_path / "key").touch(mode=0o600)
    (tmp_path / "key").write_text("k" * 32)
    ready = preflight.check(config.read(written, {}), {})
    assert ready.config.watch[0].input == tmp_path / "in"
    assert ready.config.notify == [], "nobody asked for it"
    assert ready.key.get_secret_value() == "k" * 32


def test_the_wheel_holds_everything_that_is_needed(tmp_path: Path) -> None:
    """The wheel has each module, data file and sample, the right version, and no tests."""
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("the wheel is built only where hatchling is installed (.ci/run does)")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *PIP_OPTIONS, "--wheel-dir", tmp_path, ROOT],
        check=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
        described = next(name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = opened.read(described).decode()
        entry = next(name for name in names if name.endswith("entry_points.txt"))
        assert "hotfolder = hotfolder.cli.front:main" in opened.read(entry).decode()
    for shipped in SHIPPED:
        assert [name for name in names if name.endswith(f"/{shipped}")], shipped
    modules = {str(path.relative_to(ROOT)) for path in PACKAGE.rglob("*.py")}
    assert modules <= set(names)
    assert not [name for name in names if name.startswith("tests/") or "__pycache__" in name]
    assert f"\nVersion: {hotfolder.__version__}\n" in metadata
    assert "License-Expression: MIT" in metadata


def test_everything_public_says_what_it_is_for() -> None:
    """Each module, public class and public function of the package has a docstring."""
    silent = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for name in _without_docstring(ast.parse(path.read_text()))
    ]
    assert not silent


def _without_docstring(module: ast.Module) -> Iterator[str]:
    if module.body and ast.get_docstring(module) is None:
        yield "the module"
    classes = [each for each in module.body if isinstance(each, ast.ClassDef)]
    for body in [module.body, *(each.body for each in classes if not each.name.startswith("_"))]:
        for each in body:
            if not isinstance(each, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if not each.name.startswith("_") and ast.get_docstring(each) is None:
                yield each.name


def test_no_file_speaks_of_the_machine_it_was_written_on() -> None:
    """No path of the makers' machine stands in any file of the repository."""
    telling = [
        f"{path.relative_to(ROOT)}: {place}"
        for path in _files()
        for place in PLACES_OF_A_MACHINE
        if place.encode() in path.read_bytes()
    ]
    assert not telling


def _files() -> Iterator[Path]:
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if name not in NOT_OURS and not name.endswith(("_cache", "__pycache__", ".egg-info"))
        ]
        if ".hypothesis" in folders:
            folders.remove(".hypothesis")
        # In a second working tree .git is a file.
        yield from (Path(folder, name) for name in names if name not in NOT_OURS)


def test_the_service_file_starts_a_command_that_there_is() -> None:
    """The systemd unit runs `hotfolder run --config`, and does not restart what cannot start."""
    unit = (ROOT / "systemd" / "hotfolder@.service").read_text()
    assert "/bin/hotfolder run --config " in unit
    assert "RestartPreventExitStatus=2 3 5" in unit
    assert "rh_api_key" in unit


# The first version of each without the holes that were known in November 2026.
WITHOUT_HOLES = {
    "h11": (0, 16),  # CVE-2025-43859
    "jinja2": (3, 1, 6),  # CVE-2025-27516
    "pillow": (12, 2),  # CVE-2026-25990 (writes beyond a PSD's tiles), CVE-2026-42308
    "pillow-heif": (1, 3),  # CVE-2026-28231
    "python-multipart": (0, 0, 27),  # CVE-2026-40347, CVE-2026-42561
    "starlette": (0, 49, 1),  # CVE-2025-54121, CVE-2025-62727
}


def numbers(version: str) -> tuple[int, ...]:
    """Return a version's numbers, to compare."""
    return tuple(map(int, re.findall(r"\d+", version)))


def least(stated: list[str]) -> dict[str, tuple[int, ...]]:
    """Return the least version of each dependency by its name."""
    parted = [re.split(r"(?:\[\w+\])?>=", each) for each in stated]
    return {name: numbers(version) for name, version in parted}


def test_no_dependency_may_be_a_version_with_a_known_hole() -> None:
    """Each is stated with the least version that it may have, and that is none of them."""
    stated = least(tomli.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"])
    assert [name for name, wanted in WITHOUT_HOLES.items() if stated[name] < wanted] == []


def test_what_the_container_installs_is_locked() -> None:
    """Every dependency stands in the lock, not below what it may be, with the hashes of files."""
    project = tomli.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    stated = least(project["dependencies"] + extras["notify"] + extras["postgresql"])
    lock = (ROOT / "hotfolder/container/requirements.lock").read_text()
    locked = re.findall(
        r"^([\w-]+)==([\w.]+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", lock, re.MULTILINE
    )
    assert len(locked) == lock.count("==")
    found = {name: numbers(version) for name, version, _ in locked}
    assert [name for name, wanted in stated.items() if found[name] < wanted] == []
    container = (ROOT / "hotfolder/container/Containerfile").read_text()
    assert "--require-hashes -r /src/hotfolder/container/requirements.lock" in container


def test_the_container_is_made_of_what_is_here() -> None:
    """What the container file copies, installs and runs exists; its health check has its page."""
    text = (ROOT / "hotfolder/container/Containerfile").read_text()
    copied = [line.split()[1:-1] for line in text.splitlines() if line.startswith("COPY")]
    assert copied
    assert all((ROOT / each).exists() for line in copied for each in line)
    project = tomli.loads((ROOT / "pyproject.toml").read_text())["project"]
    (extras,) = re.findall(r"/src\[([\w,]+)\]", text)
    assert set(extras.split(",")) <= set(project["optional-dependencies"])
    assert "hotfolder" in project["scripts"]
    assert "127.0.0.1:9464/healthz" in text
    assert re.search(r"mkdir -m 1777 /state\nVOLUME /state\n", text), (
        "any user may make a folder there"
    )
    sent = (ROOT / ".dockerignore").read_text().splitlines()
    assert {f"!{each}" for line in copied for each in line} <= set(sent)


def test_the_config_that_compose_shows_is_complete(tmp_path: Path) -> None:
    """The compose file's comment shows a config, with the health check's page and no state_dir."""
    compose = (ROOT / "hotfolder/container/compose.yaml").read_text()
    assert "dockerfile: hotfolder/container/Containerfile" in compose
    written = tmp_path / "config.toml"
    written.write_text("\n".join(re.findall(r"^#   (\[.*|\w+ = .*)$", compose, re.MULTILINE)))
    read = config.read(written, {"STATE_DIRECTORY": "/state/hotfolder"})
    assert read.config is not None, read.problems
    assert read.config.state_dir == Path("/state/hotfolder")
    assert read.config.monitor.listen == "127.0.0.1:9464"
    assert f"- ./key:{read.config.api.key_file}:ro" in compose
    assert f"- ./page-password:{read.config.web.password_file}:ro" in compose
    assert read.config.web.listen == "0.0.0.0:8484"
    assert 'ports: ["8484:8484"]' in compose


def test_what_compose_shows_of_several_machines_is_there(tmp_path: Path) -> None:
    """Its daemons are built with what a database takes, and its url leads to its database."""
    compose = (ROOT / "hotfolder/container/compose-several.yaml").read_text()
    assert "postgresql" in (ROOT / "hotfolder/container/Containerfile").read_text()
    written = tmp_path / "config.toml"
    lines = re.findall(r"^#   (\[journal\]|url = .*)$", compose, re.MULTILINE)
    watch = '[[watch]]\nname = "w"\ninput = "in"\noutput = "out"\n'
    written.write_text("\n".join(["state_dir = 'state'", *lines, watch]))
    read = config.read(written, {})
    assert read.config is not None, read.problems
    user, host, name = re.findall(r"postgresql://(\w+)@(\w+)/(\w+)", read.config.journal.url)[0]
    assert f"\n  {host}:\n" in compose
    assert f"POSTGRES_USER: {user}\n" in compose
    assert f"POSTGRES_DB: {name}\n" in compose
