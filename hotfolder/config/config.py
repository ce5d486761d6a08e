"""A whole config, as a value; written to the journal and restored from there."""

from __future__ import annotations

import json
from typing import Annotated, Self

from pydantic import Field, ValidationInfo, model_validator

from hotfolder.config.fields import ConfigPath, OptionalPath, OwnModel
from hotfolder.config.sections import (
    Api,
    Backup,
    Limits,
    Monitor,
    Notify,
    Provenance,
    Section,
    Web,
    check_distinct,
)
from hotfolder.config.watch import Watch
from hotfolder.runninghub import catalog
from hotfolder.runninghub.catalog import Catalog

NEEDS_RESTART = ("state_dir", "api", "web")


class OwnModels(Section):
    """A file of the owner's own models: the config's `[[model]]`, kept by themselves."""

    model: list[OwnModel] = []

    @model_validator(mode="after")
    def _models_have_names_of_their_own(self) -> Self:
        check_distinct("models", [catalog.plain_name(each.name) for each in self.model])
        return self


class Config(OwnModels):
    """A whole config file; its own models count before those of `models_file`."""

    state_dir: ConfigPath
    models_file: OptionalPath = None
    api: Api = Api()
    limits: Limits = Limits()
    backup: Backup = Backup()
    provenance: Provenance = Provenance()
    notify: list[Notify] = []
    monitor: Monitor = Monitor()
    web: Web = Web()
    watch: Annotated[list[Watch], Field(min_length=1)]

    @model_validator(mode="after")
    def _watches_have_names_of_their_own(self) -> Config:
        check_distinct("watches", [each.name for each in self.watch])
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
