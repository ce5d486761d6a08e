"""A whole config, as a value; written to the journal and restored from there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, PrivateAttr, ValidationInfo, model_validator

from hotfolder.config import runs
from hotfolder.config.fields import ConfigPath, OptionalPath, OwnModel
from hotfolder.config.sections import (
    Api,
    Backup,
    Limits,
    Monitor,
    Notify,
    Provenance,
    Record,
    Section,
    Web,
    check_distinct,
)
from hotfolder.config.watch import Watch
from hotfolder.runninghub import catalog
from hotfolder.runninghub.catalog import Catalog
from hotfolder.runninghub.runs import Run

BACKUPS_NAME: Final = "backups"
NEEDS_RESTART = ("state_dir", "api", "journal", "web")


class OwnModels(Section):
    """A file of the owner's own models, apps and workflows, kept by themselves."""

    model: list[OwnModel] = []
    app: list[runs.App] = []
    workflow: list[runs.Workflow] = []

    @model_validator(mode="after")
    def _models_have_names_of_their_own(self) -> Self:
        check_distinct("models", [catalog.plain_name(each.name) for each in self.model])
        check_distinct("apps", [each.id for each in self.app])
        check_distinct("workflows", [each.id for each in self.workflow])
        return self


class Config(OwnModels):
    """A whole config file; its own models count before those of `models_file`."""

    state_dir: ConfigPath
    models_file: OptionalPath = None
    api: Api = Api()
    limits: Limits = Limits()
    journal: Record = Record()
    backup: Backup = Backup()
    provenance: Provenance = Provenance()
    notify: list[Notify] = []
    monitor: Monitor = Monitor()
    web: Web = Web()
    watch: Annotated[list[Watch], Field(min_length=1)]
    _runs: dict[tuple[str, str], Run] = PrivateAttr(default_factory=dict)
    _fingerprint: str = PrivateAttr(default="")

    @model_validator(mode="after")
    def _watches_have_names_of_their_own(self) -> Config:
        check_distinct("watches", [each.name for each in self.watch])
        return self

    @model_validator(mode="after")
    def _knows_its_text(self, info: ValidationInfo) -> Config:
        self._fingerprint = (info.context or {}).get("fingerprint", "")
        return self

    @model_validator(mode="after")
    def _watches_know_what_is_common(self, info: ValidationInfo) -> Config:
        filed: OwnModels = (info.context or {}).get("models") or OwnModels()
        rules = [
            said.model_dump(include={"app", "workflow", "nodes"})
            for watch in self.watch
            for rule in watch.rule
            for said in (rule, *rule.then)
        ]
        apps, workflows = [*filed.app, *self.app], [*filed.workflow, *self.workflow]
        self._runs = runs.tables(apps, workflows)
        ran = runs.models(rules, self._runs)
        own = Catalog([*filed.model, *self.model, *ran])
        for watch in self.watch:
            watch._catalog = own  # noqa: SLF001  of a watch that is being made
            watch._confirm_over = self.limits.confirm_over  # noqa: SLF001  the same
        return self

    @property
    def backups_folder(self) -> Path:
        """Where the daily copies of the journal lie."""
        return self.backup.folder or self.state_dir / BACKUPS_NAME

    def run_of(self, kind: str, run_id: str) -> Run | None:
        """Return the table of an app or a workflow, or None."""
        return self._runs.get((kind, run_id))

    def watch_named(self, name: str) -> Watch | None:
        """Return the watch of a name, or None."""
        return next((each for each in self.watch if each.name == name), None)

    @property
    def fingerprint(self) -> str:
        """What tells the text that it was read from apart; "" = from none."""
        return self._fingerprint

    def whole(self) -> Config:
        """Return itself: whoever was given no more than a glance reads the rest."""
        return self

    @property
    def unlimited(self) -> tuple[str, ...]:
        """The names of the watches of which nothing limits what a day may cost."""
        if self.limits.daily_charge:
            return ()
        return tuple(each.name for each in self.watch if not each.charge_per_day)

    @property
    def catalog(self) -> Catalog:
        """The shipped models with the owner's."""
        return self.watch[0].catalog


def written(config: Config) -> str:
    """Return a config as `restored` reads it."""
    return config.model_dump_json(exclude_none=True)


def restored(text: str) -> Config | None:
    """Return a config that was `written`, or None where another version wrote it."""
    try:
        return Config.model_validate(json.loads(text))
    except ValueError:
        return None
