"""The tables of a config that hold for the whole program."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from hotfolder.config.fields import (
    HOST_PATTERN,
    NAME_PATTERN,
    CallbackAddress,
    ConfigPath,
    DatabaseAddress,
    ListenAddress,
    Money,
    OptionalPath,
    Seconds,
    WebAddress,
)

DEFAULT_BASE_URL = "https://www.runninghub.ai/openapi/v2"


class Section(BaseModel):
    """A table of the config: frozen, without keys that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def check_distinct(what: str, names: list[str]) -> None:
    """Refuse two tables of one name. Raises ValueError."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two {what} are named {', '.join(twice)}")


class Api(Section):
    """Where the service is, where the key lies, and where callbacks come in.

    `webhook_url` is the public address that reaches `webhook_listen`; "" = poll only.
    """

    base_url: WebAddress = DEFAULT_BASE_URL
    key_file: ConfigPath | None = None
    webhook_url: CallbackAddress = ""
    webhook_listen: ListenAddress = ""


class Limits(Section):
    """What is never gone beyond.

    `concurrency` 0 = ask the service and learn; `calls_per_second` are those to it, of all kinds;
    `backlog` 0 = never hold; `grace` in seconds;
    the `_mb` in MB; `resend_up_to` in the account's currency: doubts up to it are sent again,
    0 = never; above `confirm_over` a job waits for a person, 0 = never; beyond `daily_charge`
    nothing is submitted in a day, 0 = no limit; `daily_coins` is the same in coins, which apps and
    workflows may cost; `history_days` 0 = the history of ended jobs is kept for ever; `confine`
    says whether to start where the processes that open pictures cannot be confined.
    """

    concurrency: Annotated[int, Field(ge=0, le=10_000)] = 0
    calls_per_second: Annotated[int, Field(ge=1, le=10_000)] = 50
    backlog: Annotated[int, Field(ge=0)] = 100
    grace: Seconds = 20.0
    min_free_mb: Annotated[int, Field(ge=0)] = 500
    resend_up_to: Money = Decimal(0)
    picture_memory_mb: Annotated[int, Field(ge=100)] = 1500
    daily_charge: Money = Decimal(0)
    confirm_over: Money = Decimal(0)
    daily_coins: Money = Decimal(0)
    price_preview: bool = False
    history_days: Annotated[int, Field(ge=0, le=36_500)] = 365
    confine: Literal["auto", "required"] = "auto"


class Record(Section):
    """Where the journal is; `url` "" = a file in the state directory, else of PostgreSQL."""

    url: DatabaseAddress = ""


class Backup(Section):
    """Daily copies of the journal: where, and how many; `keep` 0 = none.

    `folder` None = the folder backups in the state directory.
    """

    folder: ConfigPath | None = None
    keep: Annotated[int, Field(ge=0, le=3650)] = 7


class Provenance(Section):
    """Who signs outputs (C2PA), and what becomes of one that cannot be signed.

    Nothing is signed without both files. `prompt_writer` is named where the prompt is.
    """

    certificate_file: ConfigPath | None = None
    key_file: ConfigPath | None = None
    on_failure: Literal["publish", "hold"] = "publish"
    prompt_writer: str = ""

    @model_validator(mode="after")
    def _has_both_files(self) -> Provenance:
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("needs both certificate_file and key_file, or neither")
        return self


class Monitor(Section):
    """Where the pages /healthz, /readyz and /metrics are served; "" = nowhere.

    `hosts` are further names that they are asked for under.
    """

    listen: ListenAddress = ""
    hosts: list[str] = []


class Web(Section):
    """Where the page is served, and to whom; `listen` "" = nowhere.

    `hosts` are the names that it answers to besides loopback's; the password in `password_file`
    signs in where nobody has a terminal, None = only links sign in.
    """

    listen: ListenAddress = "127.0.0.1:8484"
    hosts: list[Annotated[str, Field(pattern=HOST_PATTERN)]] = []
    password_file: OptionalPath = None


class Notify(Section):
    """Who is told when a person is needed: an address, one in a file, or a command.

    `offline_minutes`: how long a folder is away before it is told. `summary_at`: HH:MM.
    """

    name: Annotated[str, Field(pattern=NAME_PATTERN)] = "notify"
    url: SecretStr | None = None
    url_file: ConfigPath | None = None
    command: list[str] = []
    about: list[Literal["hold", "budget", "failed", "in_doubt", "offline", "review", "summary"]] = [
        *("hold", "budget", "failed", "in_doubt", "offline", "review"),
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
