"""Everything that can be wrong before the start, found at once: text, folders, key, models."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from hotfolder import config, key
from hotfolder.config import Config, ConfigError, Problem, Reading
from hotfolder.intake import mounts, rules
from hotfolder.runninghub import catalog

Identity = tuple[int, int]
_KEY_PLACE = ("api", "key_file")


@dataclass(frozen=True, slots=True)
class Ready:
    """A config that may be started, and the key to start it with."""

    config: Config
    key: SecretStr


@dataclass(frozen=True, slots=True)
class _Folder:
    place: tuple[int | str, ...]
    path: Path
    watch: str

    @property
    def identity(self) -> Identity | None:
        """Device and inode, or None where it is missing or no folder."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return (status.st_dev, status.st_ino) if self.path.is_dir() else None


def check(
    reading: Reading, environment: Mapping[str, str], *, seen_online: Collection[str] = ()
) -> Ready:
    """Return what may be started, or raise ConfigError with every problem.

    `seen_online` names the watches whose folders were there before: such a folder may be away
    for now, it is waited for.
    """
    found = list(reading.problems)
    found += _folder_problems(reading, seen_online)
    found += _model_problems(reading)
    secret, problem = _key(reading, environment)
    found += [problem] if problem else []
    if found or reading.config is None or secret is None:
        raise ConfigError(reading.path, sorted(found, key=lambda each: each.line or 0))
    return Ready(reading.config, secret)


def _key(
    reading: Reading, environment: Mapping[str, str]
) -> tuple[SecretStr | None, Problem | None]:
    stated = _dig(reading.table, _KEY_PLACE)
    file = _resolved(reading, stated) if isinstance(stated, str) and stated else None
    try:
        return key.find(environment, file), None
    except key.KeyProblem as error:
        line = config.line_of(reading.text, _KEY_PLACE)
        return None, Problem("api.key_file", str(error), line)


def _model_problems(reading: Reading) -> Iterator[Problem]:
    for place, table in _rule_tables(reading):
        name = table.get("model", catalog.DEFAULT_MODEL)
        for key_name in ("match", "exclude"):
            globs = table.get(key_name, [])
            if isinstance(globs, list) and all(isinstance(each, str) for each in globs):
                for message in rules.pattern_problems(globs):
                    yield _problem(reading, (*place, key_name), message)
        if not isinstance(name, str):
            continue
        model = catalog.find(name)
        if model is None:
            near = catalog.nearest(name)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            yield _problem(reading, (*place, "model"), f"there is no model {name}{hint}")
            continue
        prompt, params = table.get("prompt"), table.get("params", {})
        if isinstance(params, dict) and (prompt is None or isinstance(prompt, str)):
            for key_name, message in catalog.problems(model, prompt, params):
                where = ("prompt",) if key_name == catalog.PROMPT else ("params", key_name)
                yield _problem(reading, (*place, *where), message)


def _folder_problems(reading: Reading, seen_online: Collection[str]) -> Iterator[Problem]:
    inputs = list(_folders(reading, "input"))
    outputs = list(_folders(reading, "output"))
    for folder in (*inputs, *outputs):
        if folder.identity is None and folder.watch not in seen_online:
            kind = "is not a folder" if folder.path.exists() else "there is no such folder"
            yield _problem(reading, folder.place, f"{kind}: {folder.path}")
    yield from _nested(reading, inputs, outputs)
    state = _state_folder(reading)
    if state is None:
        return
    for folder in (*inputs, *outputs):
        if _is_inside(state.path, folder):
            yield _problem(reading, state.place, f"must not be inside {folder.path}")
    mount = mounts.of(state.path)
    if mount.remote:
        yield _problem(
            reading,
            state.place,
            f"{state.path} is on a network share ({mount.kind}), where the journal cannot keep "
            f"its promises: choose a folder on a local disk",
        )


def _nested(reading: Reading, inputs: list[_Folder], outputs: list[_Folder]) -> Iterator[Problem]:
    for position, one in enumerate(inputs):
        for other in inputs[:position]:
            if one.identity is not None and one.identity == other.identity:
                message = f"is the input of {config.key_path(other.place[:2])}, too: {one.path}"
                yield _problem(reading, one.place, message)
            elif _is_inside(one.path, other) or _is_inside(other.path, one):
                message = f"inputs must not lie inside one another: {one.path}, {other.path}"
                yield _problem(reading, one.place, message)
        for output in outputs:
            if _is_inside(output.path, one):
                message = f"the output lies inside the input {one.path}: edits would be edited"
                yield _problem(reading, output.place, message)
            elif _is_inside(one.path, output):
                message = (
                    f"the input lies inside the output {output.path}: edits could be written "
                    f"into it and be edited again"
                )
                yield _problem(reading, one.place, message)


def _is_inside(path: Path, folder: _Folder) -> bool:
    """Compare device and inode up the tree: links, bind mounts and spellings do not matter."""
    wanted = folder.identity
    if wanted is None:
        return folder.path == path or folder.path in path.parents
    real = Path(os.path.realpath(path))
    return any(_identity(each) == wanted for each in (real, *real.parents))


def _identity(path: Path) -> Identity | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _state_folder(reading: Reading) -> _Folder | None:
    stated = reading.table.get("state_dir")
    if not isinstance(stated, str) or not stated:
        return None
    return _Folder(("state_dir",), _resolved(reading, stated), "")


def _folders(reading: Reading, name: str) -> Iterator[_Folder]:
    for number, watch in enumerate(_watch_tables(reading)):
        stated = watch.get(name)
        if isinstance(stated, str) and stated and "\0" not in stated:
            place = ("watch", number, name)
            yield _Folder(place, _resolved(reading, stated), str(watch.get("name")))


def _watch_tables(reading: Reading) -> list[Mapping[str, Any]]:
    watches = reading.table.get("watch")
    return [each for each in watches if isinstance(each, dict)] if isinstance(watches, list) else []


def _rule_tables(reading: Reading) -> Iterator[tuple[tuple[int | str, ...], Mapping[str, Any]]]:
    for number, watch in enumerate(_watch_tables(reading)):
        listed = watch.get("rule")
        for position, rule in enumerate(listed if isinstance(listed, list) else []):
            if isinstance(rule, dict):
                yield ("watch", number, "rule", position), rule


def _dig(table: Mapping[str, Any], place: tuple[str, ...]) -> object:
    found: object = table
    for part in place:
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _resolved(reading: Reading, stated: str) -> Path:
    folder = reading.path.absolute().parent
    return Path(os.path.abspath(folder / Path(stated).expanduser()))  # noqa: PTH100  links stay


def _problem(reading: Reading, place: tuple[int | str, ...], message: str) -> Problem:
    return Problem(config.key_path(place), message, config.line_of(reading.text, place))
