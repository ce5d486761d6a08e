"""The config file as it is written: which one is meant, its tables, and what tells two apart.

Nothing is judged here, so that who needs no more is not kept waiting for what judges.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import tomli

from hotfolder import __version__
from hotfolder.config.problems import ConfigError, Problem

CONFIG_NAME: Final = "hotfolder.toml"
# The keys that name a file whose text belongs to the config.
_FILED: Final = ("models_file", "prompt_file", "workflow_file")


@dataclass(frozen=True, slots=True)
class Stated:
    """What a config file says, with what the environment adds.

    `fingerprint` is the same wherever all of it means the same, the files that belong to it
    included.
    """

    text: str
    table: Mapping[str, Any]
    fingerprint: str

    @property
    def names_database(self) -> bool:
        """Whether the journal may be a database's and no file."""
        return self.table.get("journal") not in (None, {}, {"url": ""})

    def path(self, folder: Path, key: str) -> Path | None:
        """Return the path that a key of the topmost table names, or None."""
        value = self.table.get(key)
        if not isinstance(value, str) or not value or "\0" in value:
            return None
        with contextlib.suppress(ValueError):
            return resolved(folder, value)
        return None


def find(given: Path | None, environment: Mapping[str, str], folder: Path) -> Path:
    """Return the config file that is meant, whether or not it is there.

    The order: the one given, $HOTFOLDER_CONFIG, ./hotfolder.toml, the user's, the system's.
    """
    if given is not None:
        return given
    if environment.get("HOTFOLDER_CONFIG"):
        return Path(environment["HOTFOLDER_CONFIG"])
    user = Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    places = [folder / CONFIG_NAME, user / "hotfolder" / "config.toml"]
    return next((each for each in places if each.exists()), Path("/etc/hotfolder/config.toml"))


def stated(path: Path, environment: Mapping[str, str]) -> Stated:
    """Read what a config file says.

    Raises ConfigError where it cannot be read at all: missing, not UTF-8, not TOML.
    """
    table, text = read_table(path)
    table = _with_environment(table, environment)
    return Stated(text, table, _fingerprint(table, path.absolute().parent))


def resolved(folder: Path, value: str) -> Path:
    """Return a path of the config as an absolute one, links left in. Raises ValueError."""
    try:
        wanted = Path(value).expanduser()
    except RuntimeError as error:
        raise ValueError("names a home folder that there is not") from error
    return Path(os.path.abspath(folder / wanted))  # noqa: PTH100  links stay


def read_table(path: Path) -> tuple[dict[str, Any], str]:
    """Read the tables of a TOML file, and its text. Raises ConfigError."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return tomli.loads(text), text
    except FileNotFoundError:
        hint = "there is no such file; `hotfolder init` writes one"
        raise ConfigError(path, [Problem("", hint)]) from None
    except OSError as error:
        raise ConfigError(path, [Problem("", f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise ConfigError(path, [Problem("", "is not UTF-8 text")]) from error
    except ValueError as error:  # TOMLDecodeError, or a number of too many digits
        raise ConfigError(path, [Problem("", f"is not TOML: {error}")]) from error
    except RecursionError as error:
        raise ConfigError(path, [Problem("", "is nested too deeply")]) from error


def _with_environment(table: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    base_url = environment.get("RH_API_BASE_URL")
    api = table.get("api", {})
    if base_url and isinstance(api, dict):
        table = {**table, "api": {**api, "base_url": base_url}}
    if "state_dir" not in table:
        systemd = environment.get("STATE_DIRECTORY", "").split(":")[0]
        table = {**table, "state_dir": systemd or _usual_state_dir()}
    return table


def _usual_state_dir() -> str:
    import platformdirs  # noqa: PLC0415  most configs name the folder

    return str(platformdirs.user_state_path("hotfolder"))


def state_dir(path: Path, environment: Mapping[str, str]) -> Path | None:
    """Return where a config that may be broken keeps its state, as far as it can be made out."""
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace")
    except OSError:
        return None
    table: dict[str, Any] = {}
    for line in itertools.takewhile(_is_no_header, text.split("\n")):
        with contextlib.suppress(ValueError, RecursionError):
            table |= tomli.loads(line)
    known = Stated(text, _with_environment(table, environment), "")
    return known.path(path.absolute().parent, "state_dir")


def _is_no_header(line: str) -> bool:
    return not line.lstrip().startswith("[")


def _fingerprint(table: Mapping[str, Any], folder: Path) -> str:
    """Return a text that is another wherever a config may mean something else."""
    said = repr((__version__, str(folder), table))
    home = os.path.expanduser("~") if "~" in said else ""  # noqa: PTH111  as text
    made = hashlib.sha256(f"{said}{home}".encode("utf-8", "surrogatepass"))
    for file in sorted(set(_filed(table, folder))):
        made.update(f"{file}\0".encode("utf-8", "surrogateescape"))
        with contextlib.suppress(OSError):
            made.update(hashlib.sha256(file.read_bytes()).digest())
    return made.hexdigest()


def _filed(value: object, folder: Path) -> Iterator[Path]:
    """Yield the files whose text belongs to a table, those of the owner's models included."""
    if isinstance(value, list):
        for each in value:
            yield from _filed(each, folder)
    if not isinstance(value, Mapping):
        return
    for key, each in value.items():
        yield from _filed(each, folder)
        if key in _FILED and isinstance(each, str) and each and "\0" not in each:
            with contextlib.suppress(ValueError):
                file = resolved(folder, each)
                yield file
                if key == "models_file":
                    yield from _filed_by_models(file)


def _filed_by_models(file: Path) -> Iterator[Path]:
    with contextlib.suppress(ConfigError):
        yield from _filed(read_table(file)[0], file.parent)
