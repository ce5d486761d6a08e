"""Everything that can be wrong before the start, found at once: text, folders, key, models."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import SecretStr

from hotfolder import config, key
from hotfolder.config import Config, ConfigError, Problem, Reading
from hotfolder.intake import mounts, plan, rules, wording
from hotfolder.notices import sending
from hotfolder.outputs.access import group_number
from hotfolder.runninghub import catalog, payload

Identity = tuple[int, int]
ANSWERS_S = 5.0
_KEY_PLACE = ("api", "key_file")
_WEBHOOK_PLACES = (("api", "webhook_url"), ("api", "webhook_listen"))


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
    found = problems(reading, seen_online=seen_online)
    secret, problem = _key(reading, environment)
    found += [problem] if problem else []
    if found or reading.config is None or secret is None:
        raise ConfigError(reading.path, sorted(found, key=lambda each: each.line or 0))
    return Ready(reading.config, secret)


def problems(reading: Reading, *, seen_online: Collection[str] = ()) -> list[Problem]:
    """Return everything that is wrong but for the key; `seen_online` is as in `check`."""
    found = list(reading.problems)
    found += _folder_problems(reading, seen_online)
    found += _model_problems(reading)
    found += _webhook_problems(reading)
    found += _group_problems(reading)
    found += _notify_problems(reading)
    return list(dict.fromkeys(found))


def access_problems(wanted: Config) -> list[str]:
    """Return which folders are there but cannot be used by this user, and missing references."""
    read, write = os.R_OK | os.X_OK, os.W_OK | os.X_OK
    found = [
        f"{what} of watch {watch.name} cannot be {verb}: {folder}"
        for watch in wanted.watch
        for what, verb, folder, right in (
            ("the input", "read", watch.input, read),
            ("the output", "written", watch.output, write),
        )
        if folder.is_dir() and not os.access(folder, right)
    ]
    found += [
        f"the reference {path} of rule {rule.name} of watch {watch.name} is not there"
        for watch in wanted.watch
        for rule in watch.rule
        for path in rule.references
        if not os.path.isfile(path)  # noqa: PTH113  never raises
    ]
    return list(dict.fromkeys(found))


def _key(
    reading: Reading, environment: Mapping[str, str]
) -> tuple[SecretStr | None, Problem | None]:
    file = _resolved(reading, _dig(reading.table, _KEY_PLACE))
    try:
        return key.find(environment, file), None
    except key.KeyProblem as error:
        if file is None or not str(error).startswith(str(file)):
            return None, Problem("", str(error))
        return None, _problem(reading, _KEY_PLACE, str(error))


def _notify_problems(reading: Reading) -> Iterator[Problem]:
    for number, receiver in enumerate(reading.config.notify if reading.config else []):
        key_name = "url_file" if receiver.url_file else "url"
        if receiver.command:
            continue
        try:
            if receiver.url_file is not None:
                key.refuse_if_open(receiver.url_file, "file with the address")
            message = sending.address_problem(receiver.address())
        except key.KeyProblem as error:
            message = str(error)
        except (OSError, UnicodeDecodeError) as error:
            message = f"cannot be read: {error}"
        if message:
            yield _problem(reading, ("notify", number, key_name), message)


def _webhook_problems(reading: Reading) -> Iterator[Problem]:
    """Yield what is missing: a callback must be sent somewhere and be listened for."""
    stated = [place for place in _WEBHOOK_PLACES if _dig(reading.table, place)]
    if len(stated) == 1:
        (missing,) = set(_WEBHOOK_PLACES) - set(stated)
        message = f"needs {config.key_path(missing)}, too: the one is of no use without the other"
        yield _problem(reading, stated[0], message)


def _model_problems(reading: Reading) -> Iterator[Problem]:
    models = _models(reading)
    yield from _sidecar_model_problems(reading, models)
    for place, table in _rule_tables(reading):
        name = table.get("model", catalog.DEFAULT_MODEL)
        for key_name in ("match", "exclude"):
            globs = table.get(key_name, [])
            if isinstance(globs, list) and all(isinstance(each, str) for each in globs):
                for message in rules.pattern_problems(globs):
                    yield _problem(reading, (*place, key_name), message)
        if not isinstance(name, str):
            continue
        model = models.find(name)
        if model is None:
            yield _problem(reading, (*place, "model"), models.why_not(name) or "")
            continue
        for where, message in (*_prompt_problems(reading, place), *_edit_problems(model, table)):
            yield _problem(reading, (*place, *where), message)


def _prompt_problems(
    reading: Reading, place: tuple[int | str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the fields that a rule's prompt asks for and that there are not."""
    if reading.config is None:
        return
    _, watch, _, rule = place
    stated = reading.config.watch[int(watch)].rule[int(rule)]
    for message in wording.problems(stated.wording):
        yield ("prompt_file" if stated.prompt_file else "prompt",), message


def _edit_problems(
    model: catalog.Model, table: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what the model would refuse of a rule; a prompt may yet come from a sidecar."""
    prompt, params = table.get("prompt"), table.get("params", {})
    listed = table.get("references", [])
    told = isinstance(params, dict) and isinstance(listed, list)
    if not told or not isinstance(prompt, str | None):
        return
    places = payload.reference_places(model, len(listed))
    files = payload.files(model, plan.PICTURE, zip(places, map(str, listed), strict=True))
    for key_name, message in payload.compose(model, prompt, params, files).problems:
        if key_name in files:
            yield ("references",), message
        elif key_name != catalog.PROMPT:
            yield ("params", key_name), message
        elif prompt is not None or key_name in params:
            yield ("prompt",), message


def _models(reading: Reading) -> catalog.Catalog:
    """Return the models of the config, as far as it could be read."""
    return reading.config.catalog if reading.config else catalog.Catalog()


def _sidecar_model_problems(reading: Reading, models: catalog.Catalog) -> Iterator[Problem]:
    for number, watch in enumerate(_watch_tables(reading)):
        listed = watch.get("sidecar_models", [])
        for name in listed if isinstance(listed, list) else []:
            reason = models.why_not(name) if isinstance(name, str) else None
            if reason:
                yield _problem(reading, ("watch", number, "sidecar_models"), reason)


def _group_problems(reading: Reading) -> Iterator[Problem]:
    for number, watch in enumerate(_watch_tables(reading)):
        name = watch.get("group")
        if isinstance(name, str) and name:
            try:
                group_number(name)
            except ValueError as error:
                yield _problem(reading, ("watch", number, "group"), str(error))


def _folder_problems(reading: Reading, seen_online: Collection[str]) -> Iterator[Problem]:
    silent = [
        each
        for each in (*_folders(reading, "input"), *_folders(reading, "output"))
        if not _answers(each.path)
    ]
    for folder in silent:
        if folder.watch not in seen_online:
            yield _problem(reading, folder.place, f"its share does not answer: {folder.path}")
    inputs = [each for each in _folders(reading, "input") if each not in silent]
    outputs = [each for each in _folders(reading, "output") if each not in silent]
    for folder in (*inputs, *outputs):
        if folder.identity is None and folder.watch not in seen_online:
            there = os.path.exists(folder.path)  # noqa: PTH110  never raises
            kind = "is not a folder" if there else "there is no such folder"
            yield _problem(reading, folder.place, f"{kind}: {folder.path}")
    yield from _nested(reading, inputs, outputs)
    state = _state_folder(reading)
    if state is None:
        return
    for folder in (*inputs, *outputs):
        if _is_inside(state.path, folder):
            yield _problem(reading, state.place, f"must not be inside {folder.path}")
    yield from _state_problems(reading, state)


def _answers(path: Path) -> bool:
    """Return whether a folder can be looked at within ANSWERS_S seconds: a dead share hangs."""
    look = threading.Thread(target=os.path.exists, args=(path,), daemon=True)
    look.start()
    look.join(ANSWERS_S)
    return not look.is_alive()


def _state_problems(reading: Reading, state: _Folder) -> Iterator[Problem]:
    there = state.path
    while not os.path.lexists(there) and there.parent != there:
        there = there.parent
    if not os.path.isdir(there):  # noqa: PTH112  never raises
        yield _problem(reading, state.place, f"is not a folder: {there}")
        return
    if not os.access(there, os.W_OK | os.X_OK):
        yield _problem(reading, state.place, f"this user may not write in {there}")
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
            elif _share_files(one.path, other.path):
                message = f"inputs must not share folders by mounts: {one.path}, {other.path}"
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
            elif _share_files(output.path, one.path):
                message = (
                    f"the output and the input {one.path} share folders by way of a mount: "
                    f"edits would be edited"
                )
                yield _problem(reading, output.place, message)


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


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a file system, wherever it is mounted: the device and the path within it."""

    device: str
    path: PurePosixPath

    def overlaps(self, other: _Part) -> bool:
        if self.device != other.device:
            return False
        return self.path.is_relative_to(other.path) or other.path.is_relative_to(self.path)


def _share_files(one: Path, other: Path) -> bool:
    """Whether some file can be reached below both: a bind mount has no way up to its source."""
    others = _parts(other)
    return any(part.overlaps(each) for part in _parts(one) for each in others)


def _parts(folder: Path) -> list[_Part]:
    """Return what can be reached below a folder: its own file system's part, and mounts below."""
    real = PurePosixPath(os.path.realpath(folder))
    own, around, below = _Part("", real), PurePosixPath("/"), []
    for mount in mounts.mounted():
        root, place = PurePosixPath(mount.root), PurePosixPath(mount.place)
        if real.is_relative_to(place) and place.is_relative_to(around):
            own, around = _Part(mount.device, root / real.relative_to(place)), place
        elif place.is_relative_to(real):
            below.append(_Part(mount.device, root))
    return [own, *below]


def _state_folder(reading: Reading) -> _Folder | None:
    path = _resolved(reading, reading.table.get("state_dir"))
    return _Folder(("state_dir",), path, "") if path else None


def _folders(reading: Reading, name: str) -> Iterator[_Folder]:
    for number, watch in enumerate(_watch_tables(reading)):
        path = _resolved(reading, watch.get(name))
        if path is not None:
            yield _Folder(("watch", number, name), path, str(watch.get("name")))


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


def _resolved(reading: Reading, stated: object) -> Path | None:
    """Return a path of the config, or None for what cannot be one, which is told elsewhere."""
    if not isinstance(stated, str) or not stated or "\0" in stated:
        return None
    try:
        return config.resolved(reading.path.absolute().parent, stated)
    except ValueError:
        return None


def _problem(reading: Reading, place: tuple[int | str, ...], message: str) -> Problem:
    return Problem(config.key_path(place), message, config.line_of(reading.text, place))
