"""TOML text -> a frozen Config, or every problem at once with its place.

Only the text is judged here: folders, the key and the models are looked at by `preflight`.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

import platformdirs
import tomli
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    PrivateAttr,
    SecretStr,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import ErrorDetails

from hotfolder import __version__
from hotfolder.domain.errors import HotfolderError
from hotfolder.domain.jobs import JsonScalar
from hotfolder.domain.preparation import Finish
from hotfolder.domain.templates import template_problem
from hotfolder.runninghub import catalog
from hotfolder.runninghub.catalog import DEFAULT_MODEL, Catalog

DEFAULT_BASE_URL = "https://www.runninghub.ai/openapi/v2"
CONFIG_NAME = "hotfolder.toml"
LARGEST_PORT = 65_535
NEEDS_RESTART = ("state_dir", "api")
UMASK_PATTERN = r"^(0?[0-7]{3})?$"
NAME_PATTERN = r"^[^\x00-\x1f/:]{1,64}$"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the config: where (key path, line from 1 if known) and what."""

    key: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.key}: {self.message}" if self.key else f"{place}{self.message}"


class ConfigError(HotfolderError):
    """Everything that is wrong with a config, at once."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        lines = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"{path}:\n{lines}")
        self.path = path
        self.problems = problems


def _path(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str):
        raise ValueError("must be a path in quotes")  # noqa: TRY004  pydantic's way
    if not value:
        raise ValueError("must not be empty")
    if "\0" in value:
        raise ValueError("must not contain a NUL character")
    return resolved((info.context or {}).get("folder", Path()), value)


def _optional_path(value: object, info: ValidationInfo) -> object:
    return None if value == "" else _path(value, info)


def resolved(folder: Path, value: str) -> Path:
    """Return a path of the config as an absolute one, links left in. Raises ValueError."""
    try:
        wanted = Path(value).expanduser()
    except RuntimeError as error:
        raise ValueError("names a home folder that there is not") from error
    return Path(os.path.abspath(folder / wanted))  # noqa: PTH100  links stay


def _template(value: str) -> str:
    problem = template_problem(value)
    if problem:
        raise ValueError(problem)
    return value


def _parameter(value: object) -> object:
    listed = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str | int | float) for each in listed):
        raise ValueError("must be a text, a number, true or false, or a list of these")
    if not all(math.isfinite(each) for each in listed if isinstance(each, float)):
        raise ValueError("must be a finite number")
    return value


OutputTemplate = Annotated[str, AfterValidator(_template)]
ConfigPath = Annotated[Path, BeforeValidator(_path)]
Pixels = Annotated[int, Field(ge=0)]
PictureKind = Literal["jpg", "png", "webp", "gif", "bmp", "tif", "heic", "avif", "psd", "raw"]
OptionalPath = Annotated[Path | None, BeforeValidator(_optional_path)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
OwnModel = Annotated[catalog.Model, BeforeValidator(catalog.completed)]
Parameter = Annotated[JsonScalar | list[JsonScalar], PlainValidator(_parameter)]


def _prompt_text(path: Path) -> str:
    """Return the prompt in a file. Raises ValueError."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ValueError(f"prompt_file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"prompt_file {path} is not UTF-8 text") from error
    if not text.strip() or "\0" in text:
        raise ValueError(f"prompt_file {path} is empty or no text")
    return text


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        named = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        named = False
    if not named or any(each.isspace() for each in value):
        raise ValueError(f"must be a web address that begins with http:// or https://: {value!r}")
    return value


def _callback_address(value: str) -> str:
    if value and ("?" in _web_address(value) or "#" in value):
        raise ValueError(f"must be an address without ? and #: {value!r}")
    return value


def listen_place(value: str) -> tuple[str, int]:
    """Return host and port of "host:port" or "[address]:port". Raises ValueError."""
    host, colon, port = value.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    named = bool(colon and bare) and (":" in bare) == host.startswith("[") == host.endswith("]")
    if not named or not (port.isascii() and port.isdecimal() and 0 < int(port) <= LARGEST_PORT):
        raise ValueError(f"must be host:port, such as 127.0.0.1:8790: {value!r}")
    return bare, int(port)


def _listen_address(value: str) -> str:
    if value:
        listen_place(value)
    return value


def _money(value: object) -> object:
    """Take TOML's numbers for what is written: 0.14 is not its nearest binary fraction."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return Decimal(str(value))
    raise ValueError("must be a number")


Money = Annotated[
    Decimal, BeforeValidator(_money), Field(ge=0), PlainSerializer(float, when_used="json")
]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Api(_Section):
    """Where the service is, where the key lies, and where callbacks come in.

    `webhook_url` is the public address that reaches `webhook_listen`; "" = poll only.
    """

    base_url: Annotated[str, AfterValidator(_web_address)] = DEFAULT_BASE_URL
    key_file: ConfigPath | None = None
    webhook_url: Annotated[str, AfterValidator(_callback_address)] = ""
    webhook_listen: Annotated[str, AfterValidator(_listen_address)] = ""


class Limits(_Section):
    """What is never gone beyond.

    `concurrency` 0 = ask the service and learn; `backlog` 0 = never hold; `grace` in seconds;
    the `_mb` in MB; `resend_up_to` in the account's currency: doubts up to it are sent again,
    0 = never; `daily_charge`, too: nothing is submitted beyond it in a day, 0 = no limit;
    `history_days` 0 = the history of ended jobs is kept for ever.
    """

    concurrency: Annotated[int, Field(ge=0, le=10_000)] = 0
    backlog: Annotated[int, Field(ge=0)] = 100
    grace: Seconds = 20.0
    min_free_mb: Annotated[int, Field(ge=0)] = 500
    resend_up_to: Money = Decimal(0)
    picture_memory_mb: Annotated[int, Field(ge=100)] = 1500
    daily_charge: Money = Decimal(0)
    price_preview: bool = False
    history_days: Annotated[int, Field(ge=0, le=36_500)] = 365


class Backup(_Section):
    """Daily copies of the journal: where, and how many; `keep` 0 = none.

    `folder` None = the folder backups in the state directory.
    """

    folder: ConfigPath | None = None
    keep: Annotated[int, Field(ge=0, le=3650)] = 7


class Monitor(_Section):
    """Where the pages /healthz, /readyz and /metrics are served; "" = nowhere."""

    listen: Annotated[str, AfterValidator(_listen_address)] = ""


class Notify(_Section):
    """Who is told when a person is needed: an address, one in a file, or a command.

    `offline_minutes`: how long a folder is away before it is told. `summary_at`: HH:MM.
    """

    name: Annotated[str, Field(pattern=NAME_PATTERN)] = "notify"
    url: SecretStr | None = None
    url_file: ConfigPath | None = None
    command: list[str] = []
    about: list[Literal["hold", "budget", "failed", "in_doubt", "offline", "summary"]] = [
        *("hold", "budget", "failed", "in_doubt", "offline"),
    ]
    offline_minutes: Annotated[float, Field(ge=0, le=10_000)] = 10.0
    summary_at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "18:00"

    @model_validator(mode="after")
    def _one_receiver(self) -> Notify:
        if sum((self.url is not None, self.url_file is not None, bool(self.command))) != 1:
            raise ValueError("must have exactly one of url, url_file and command")
        return self

    @property
    def summary_time(self) -> tuple[int, int]:
        """Hour and minute of the summary, in the owner's time zone."""
        hour, _, minute = self.summary_at.partition(":")
        return int(hour), int(minute)

    def address(self) -> str:
        """Return the address, which may hold a password. Raises OSError for its file."""
        if self.url is not None:
            return self.url.get_secret_value()
        return self.url_file.read_text("utf-8").strip() if self.url_file else ""


class When(_Section):
    """What a picture must be besides its name: 0, -1 or empty = whatever it is.

    Sides are in pixels as one looks at the picture; `min_rating` is XMP's, -1 (rejected) to 5.
    """

    types: list[PictureKind] = []
    orientation: list[Literal["landscape", "portrait", "square"]] = []
    min_width: Pixels = 0
    max_width: Pixels = 0
    min_height: Pixels = 0
    max_height: Pixels = 0
    min_rating: Annotated[int, Field(ge=-1, le=5)] = -1
    labels: list[str] = []


ANYTHING: Final = When()


class Rule(_Section):
    """Which sources of a watch get which edit."""

    name: Annotated[str, Field(pattern=NAME_PATTERN)] = "default"
    match: list[str] = []
    exclude: list[str] = []
    when: When = ANYTHING
    model: str = DEFAULT_MODEL
    prompt: str | None = None
    prompt_file: OptionalPath = None
    references: list[ConfigPath] = []
    params: dict[str, Parameter] = {}
    output_name: OutputTemplate | None = None
    prepare: Literal["auto", "never", "fail"] = "auto"
    max_mb: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    max_megapixels: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    strip: list[Literal["gps", "serials", "thumbnail", "all"]] = []
    format: Literal["keep", "jpeg", "png", "webp"] = "keep"
    size: Literal["model", "source"] = "model"
    metadata: Literal["copy", "none"] = "copy"
    metadata_gps: bool = True
    metadata_prompt: bool = False
    _filed_prompt: str | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _has_one_prompt(self) -> Self:
        if self.prompt_file is not None:
            if self.prompt is not None:
                raise ValueError("has both prompt and prompt_file: take one of them away")
            self._filed_prompt = _prompt_text(self.prompt_file)
        return self

    @property
    def finish(self) -> Finish:
        """How results are finished."""
        return Finish(
            format=self.format,
            size=self.size,
            metadata=self.metadata,
            gps=self.metadata_gps,
            prompt=self.metadata_prompt,
        )

    @property
    def wording(self) -> str:
        """The prompt as it stands in the rule, or in its file when the config was read."""
        return (self.prompt or self._filed_prompt or "").strip()


# What of a watch decides which edit a source gets.
_EDITS: Final = {"rules", "rule", "sidecar", "sidecar_models", "reference_folders"}


class Watch(_Section):
    """A watched input folder with its output folder and rules."""

    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    input: ConfigPath
    output: ConfigPath
    recursive: bool = True
    detect: Literal["auto", "events", "scan"] = "auto"
    settle: Annotated[float, Field(ge=0.05, le=3600)] = 2.0
    scan_interval: Literal["auto"] | Annotated[float, Field(ge=0.1, le=86_400)] = "auto"
    rules: Literal["first", "all"] = "first"
    sidecar: Literal["optional", "required", "none"] = "optional"
    sidecar_wait: Annotated[float, Field(ge=0, le=3600)] = 3.0
    orphan_after: Seconds = 600.0
    sidecar_models: list[str] = []
    reference_folders: list[ConfigPath] = []
    duplicates: Literal["reuse", "edit"] = "reuse"
    collision: Literal["suffix", "skip", "replace"] = "suffix"
    originals: Literal["keep", "move"] = "keep"
    umask: Annotated[str, Field(pattern=UMASK_PATTERN)] = ""
    group: str = ""
    times: Literal["now", "source"] = "now"
    charge_per_day: Money = Decimal(0)
    notes: Literal["none", "failures", "all"] = "none"
    rule: Annotated[list[Rule], Field(default_factory=lambda: [Rule()], min_length=1)]
    _catalog: Catalog = PrivateAttr(default_factory=Catalog)

    @model_validator(mode="after")
    def _rules_have_names_of_their_own(self) -> Watch:
        names = [each.name for each in self.rule]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two rules are named {', '.join(twice)}")
        return self

    @property
    def catalog(self) -> Catalog:
        """The models that this watch's rules and sidecars may name."""
        return self._catalog

    @functools.cached_property
    def edits(self) -> str:
        """A short text that is another wherever the same source may get another edit."""
        own = [each.model_dump_json() for each in self.catalog.own]
        said = self.model_dump_json(include=_EDITS), [each.wording for each in self.rule]
        return hashlib.sha256(repr((__version__, said, own)).encode()).hexdigest()[:24]

    def output_template(self, rule: Rule) -> str:
        """Return the output name's template of one rule of this watch."""
        default = "{stem}.{rule}.{ext}" if self.rules == "all" else "{stem}.{ext}"
        return rule.output_name or default


class OwnModels(_Section):
    """A file of the owner's own models: the config's `[[model]]`, kept by themselves."""

    model: list[OwnModel] = []

    @model_validator(mode="after")
    def _models_have_names_of_their_own(self) -> Self:
        names = [catalog.plain_name(each.name) for each in self.model]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two models are named {', '.join(twice)}")
        return self


class Config(OwnModels):
    """A whole config file; its own models count before those of `models_file`."""

    state_dir: ConfigPath
    models_file: OptionalPath = None
    api: Api = Api()
    limits: Limits = Limits()
    backup: Backup = Backup()
    notify: list[Notify] = []
    monitor: Monitor = Monitor()
    watch: Annotated[list[Watch], Field(min_length=1)]

    @model_validator(mode="after")
    def _watches_have_names_of_their_own(self) -> Config:
        names = [each.name for each in self.watch]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two watches are named {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _watches_know_the_models(self, info: ValidationInfo) -> Config:
        filed: list[catalog.Model] = (info.context or {}).get("models", [])
        own = Catalog([*filed, *self.model])
        for watch in self.watch:
            watch._catalog = own  # noqa: SLF001  of a watch that is being made
        return self

    def watch_named(self, name: str) -> Watch | None:
        """Return the watch of a name, or None."""
        return next((each for each in self.watch if each.name == name), None)

    @property
    def catalog(self) -> Catalog:
        """The shipped models with the owner's."""
        return self.watch[0].catalog


@dataclass(frozen=True, slots=True)
class Reading:
    """A config as far as it could be read: `config` is None where `problems` forbid it."""

    path: Path
    text: str
    table: Mapping[str, Any]
    config: Config | None
    problems: list[Problem]


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


def read(path: Path, environment: Mapping[str, str]) -> Reading:
    """Read a config file with everything that is wrong with its text.

    Raises ConfigError only where it cannot be read at all: missing, not UTF-8, not TOML.
    """
    table, text = _read_table(path)
    table = _with_environment(table, environment)
    folder = path.absolute().parent
    models, found = _filed_models(table, folder, text)
    try:
        config = Config.model_validate(table, context={"folder": folder, "models": models})
    except ValidationError as error:
        found += _problems(error.errors(include_url=False), text)
        return Reading(path, text, table, None, found)
    return Reading(path, text, table, config, found)


def _filed_models(
    table: Mapping[str, Any], folder: Path, text: str
) -> tuple[list[catalog.Model], list[Problem]]:
    """Read the owner's models from the file that the config names, and what is wrong with it."""
    stated = table.get("models_file")
    if not isinstance(stated, str) or not stated or "\0" in stated:
        return [], []
    file = resolved(folder, stated)
    try:
        filed, filed_text = _read_table(file)
        return OwnModels.model_validate(filed).model, []
    except ConfigError as error:
        told = error.problems
    except ValidationError as error:
        told = _problems(error.errors(include_url=False), filed_text)
    line = line_of(text, ("models_file",))
    return [], [Problem("models_file", f"{file}: {problem}", line) for problem in told]


def state_dir(path: Path, environment: Mapping[str, str]) -> Path | None:
    """Return where a config that may be broken keeps its state, as far as it can be made out."""
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace")
    except OSError:
        return None
    stated: dict[str, Any] = {}
    for line in itertools.takewhile(_is_no_header, text.split("\n")):
        with contextlib.suppress(ValueError, RecursionError):
            stated |= tomli.loads(line)
    where = _with_environment(stated, environment)["state_dir"]
    if not isinstance(where, str) or not where or "\0" in where:
        return None
    with contextlib.suppress(ValueError):
        return resolved(path.absolute().parent, where)
    return None


def _is_no_header(line: str) -> bool:
    return not line.lstrip().startswith("[")


def written(config: Config) -> str:
    """Return a config as `restored` reads it."""
    return config.model_dump_json(exclude_none=True)


def restored(text: str) -> Config | None:
    """Return a config that was `written`, or None where another version wrote it."""
    try:
        return Config.model_validate(json.loads(text))
    except ValueError:
        return None


def line_of(text: str, place: tuple[int | str, ...]) -> int | None:
    """Return the line on which a key path stands, as well as plain TOML lets it be found."""
    tables = [part for part in place if isinstance(part, str)]
    counts = {name: place[at + 1] for at, name in enumerate(place[:-1]) if _counted(place, at)}
    seen: dict[str, int] = {}
    inside: list[str] = []
    best: int | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
        if header and not re.match(r"\s*[\w\"'-]+\s*=", line):
            inside = [part.strip("\"' ") for part in header[1].split(".")]
            if "[[" in line:
                seen = {
                    **{k: v for k, v in seen.items() if k in inside[:-1]},
                    inside[-1]: seen.get(inside[-1], -1) + 1,
                }
        here = all(seen.get(name) == counts.get(name) for name in inside if name in counts)
        if here and inside == tables[: len(inside)]:
            if header:
                best = number
            key = re.match(r"\s*[\"']?([\w-]+)[\"']?\s*[=.]", line)
            if key and tables[len(inside) :][:1] == [key[1]]:
                return number
    return best


def _counted(place: tuple[int | str, ...], at: int) -> bool:
    return isinstance(place[at], str) and isinstance(place[at + 1], int)


def _read_table(path: Path) -> tuple[dict[str, Any], str]:
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
        table = {**table, "state_dir": systemd or str(platformdirs.user_state_path("hotfolder"))}
    return table


_PLAIN = {
    "extra_forbidden": "is not a known key",
    "missing": "is required",
    "string_type": "must be a text in quotes",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "list_type": "must be a list in square brackets",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "finite_number": "must be a finite number",
    "too_short": "must not be empty",
}
_MUST_BE = "must be "


def _problems(errors: list[ErrorDetails], text: str) -> list[Problem]:
    """Return one problem for each place: a union's alternatives are joined with "or"."""
    messages: dict[tuple[int | str, ...], list[str]] = {}
    for error in errors:
        messages.setdefault(_place(error["loc"]), []).append(plain_message(error))
    return [
        Problem(key_path(place), _joined(said), line_of(text, place))
        for place, said in messages.items()
    ]


def _place(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    tagged = loc[-2:-1] == ("scan_interval",)
    return loc[:-1] if tagged else loc


def plain_message(error: ErrorDetails) -> str:
    """Return what is wrong with a value in plain words, without its place."""
    if error["type"] == "string_pattern_mismatch":
        return f"is not of the form it must have: {error['input']!r}"
    plain = _PLAIN.get(error["type"], error["msg"].removeprefix("Value error, "))
    return plain.format_map(error["ctx"]) if error["type"] in _PLAIN and "ctx" in error else plain


def _joined(messages: list[str]) -> str:
    first, *others = messages
    return " or ".join([first, *(each.removeprefix(_MUST_BE) for each in others)])


def key_path(place: tuple[int | str, ...]) -> str:
    """Return a key path as people write it: watch[1].rule[2].prompt, counted from 1."""
    written = ""
    for part in place:
        if isinstance(part, int):
            written += f"[{part + 1}]"
        else:
            written += f".{part}" if written else part
    return written
