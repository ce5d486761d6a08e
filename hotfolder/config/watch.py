"""A watched folder and its rules: which sources get which edit."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from hotfolder import __version__
from hotfolder.config import chain_links, recipes
from hotfolder.config.fields import (
    FILE_NAME_PATTERN,
    LABEL_PATTERN,
    NAME_PATTERN,
    ROLE_PATTERN,
    UMASK_PATTERN,
    ConfigPath,
    Money,
    OptionalPath,
    OutputTemplate,
    Parameter,
    PictureKind,
    Pixels,
    Seconds,
    lora_file,
    value_file,
)
from hotfolder.config.runs import RUN_PATTERN, NodeValue, as_model, as_step
from hotfolder.config.sections import Section, check_distinct
from hotfolder.domain.preparation import Finish
from hotfolder.runninghub.catalog import DEFAULT_MODEL, Catalog, Model


class When(Section):
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
MOST_VARIANTS: Final = 100


def _known_recipe(name: str) -> str:
    wrong = recipes.problem(name)
    if wrong is not None:
        raise ValueError(wrong)
    return name


Media = dict[str, ConfigPath | list[ConfigPath]]


def _constants(media: Media) -> dict[str, tuple[Path, ...]]:
    return {
        role: tuple(paths) if isinstance(paths, list) else (paths,) for role, paths in media.items()
    }


class Then(Section):
    """A further job, which takes the results of the one before it."""

    model: str
    app: Annotated[str, Field(pattern=RUN_PATTERN)] = ""
    workflow: Annotated[str, Field(pattern=RUN_PATTERN)] = ""
    nodes: dict[str, NodeValue] = {}
    prompt: str | None = None
    media: Media = {}
    params: dict[str, Parameter] = {}
    publish: bool = False

    @model_validator(mode="before")
    @classmethod
    def _may_run_an_app(cls, table: object) -> object:
        return as_step(table)

    @property
    def constants(self) -> dict[str, tuple[Path, ...]]:
        """The constant files of `media`, by role."""
        return _constants(self.media)


class Rule(Section):
    """Which sources of a watch get which edit."""

    name: Annotated[str, Field(pattern=NAME_PATTERN)] = "default"
    match: list[str] = []
    exclude: list[str] = []
    when: When = ANYTHING
    model: str = DEFAULT_MODEL
    app: Annotated[str, Field(pattern=RUN_PATTERN)] = ""
    workflow: Annotated[str, Field(pattern=RUN_PATTERN)] = ""
    nodes: dict[str, NodeValue] = {}
    prompt: str | None = None
    prompt_file: OptionalPath = None
    references: list[ConfigPath] = []
    media: Media = {}
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
    keep_raw: bool = False
    review: bool | None = None
    lines: bool = False
    variants: Annotated[int, Field(ge=1, le=MOST_VARIANTS)] = 1
    group: Literal["file", "stem", "folder"] | None = None
    roles: dict[str, Annotated[str, Field(pattern=ROLE_PATTERN)]] = {}
    wait_for: list[str] = []
    set_wait: Annotated[float, Field(ge=0, le=3600)] | None = None
    ready: Annotated[str, Field(pattern=FILE_NAME_PATTERN)] = ""
    confirm_over: Money | None = None
    recipe: Annotated[str, AfterValidator(_known_recipe)] = ""
    publish: bool = False
    face: Literal["first"] | Annotated[int, Field(ge=1, le=99)] | None = None
    then: list[Then] = []
    _filed_prompt: str | None = PrivateAttr(default=None)

    @model_validator(mode="before")
    @classmethod
    def _may_run_an_app(cls, table: object) -> object:
        return as_model(recipes.with_recipe(table))

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
            keep_raw=self.keep_raw,
        )

    @property
    def constants(self) -> dict[str, tuple[Path, ...]]:
        """The constant files of `media`, by role."""
        return _constants(self.media)

    @property
    def constant_files(self) -> tuple[Path, ...]:
        """All files that are sent with each source: references and those of `media`."""
        said = (self.constants, *(each.constants for each in self.then))
        return (
            *self.references,
            *(file for each in said for files in each.values() for file in files),
        )

    @property
    def wording(self) -> str:
        """The prompt as it stands in the rule, or in its file when the config was read."""
        return (self.prompt or self._filed_prompt or "").strip()


# What of a watch decides which edit a source gets.
_EDITS: Final = {"rules", "rule", "sidecar", "sidecar_models", "reference_folders"}

LargestMb = Annotated[int, Field(ge=1, le=4096)]


class Watch(Section):
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
    largest_mb: LargestMb | dict[Literal["picture", "video", "sound"], LargestMb] = 4096
    sidecar_models: list[str] = []
    reference_folders: list[ConfigPath] = []
    duplicates: Literal["reuse", "edit"] = "reuse"
    collision: Literal["suffix", "skip", "replace"] = "suffix"
    originals: Literal["keep", "move"] = "keep"
    umask: Annotated[str, Field(pattern=UMASK_PATTERN)] = ""
    group: str = ""
    times: Literal["now", "source"] = "now"
    charge_per_day: Money = Decimal(0)
    review: bool = False
    label: Literal["none", "metadata", "visible"] = "metadata"
    label_text: Annotated[str, Field(pattern=LABEL_PATTERN)] = "AI"
    label_corner: Literal["top-left", "top-right", "bottom-left", "bottom-right"] = "bottom-right"
    label_size: Annotated[float, Field(ge=0.01, le=0.25)] = 0.05
    notes: Literal["none", "failures", "waiting", "all"] = "waiting"
    rule: Annotated[list[Rule], Field(default_factory=lambda: [Rule()], min_length=1)]
    _catalog: Catalog = PrivateAttr(default_factory=Catalog)
    _taking: dict[str, Model] = PrivateAttr(default_factory=dict)
    _confirm_over: Decimal = PrivateAttr(default=Decimal(0))

    @model_validator(mode="after")
    def _rules_have_names_of_their_own(self) -> Watch:
        check_distinct("rules", [each.name for each in self.rule])
        return self

    @property
    def catalog(self) -> Catalog:
        """The models that this watch's rules and sidecars may name."""
        return self._catalog

    def taking(self, rule: Rule) -> Model | None:
        """Return the model of a rule with all that its whole chain takes of files, if it has one.

        What a later job takes is known by its step and parameter: `2/audioUrl`.
        """
        if rule.name not in self._taking:
            first = self.catalog.find(rule.model)
            if first is None:
                return None
            self._taking[rule.name] = chain_links.whole(self.catalog, rule, first)
        return self._taking[rule.name]

    @functools.cached_property
    def edits(self) -> str:
        """A short text that is another wherever the same source may get another edit."""
        own = [each.model_dump_json() for each in self.catalog.own]
        said = self.model_dump_json(include=_EDITS), [each.wording for each in self.rule]
        limits = [str(self.confirms_over(each)) for each in self.rule]
        return hashlib.sha256(repr((__version__, said, limits, own)).encode()).hexdigest()[:24]

    @functools.cached_property
    def value_files(self) -> tuple[Path, ...]:
        """The files that params of its rules stand in, and the LoRAs that they name."""
        own = [each for rule in self.rule for each in rule.params.values()]
        own += [each for rule in self.rule for then in rule.then for each in then.params.values()]
        found = (value_file(each) or lora_file(each) for each in own)
        return tuple(each for each in found if each is not None)

    def finish(self, rule: Rule) -> Finish:
        """Return how results of one rule of this watch are finished."""
        return replace(
            rule.finish,
            label=self.label,
            label_text=self.label_text,
            label_corner=self.label_corner,
            label_size=self.label_size,
        )

    def reviews(self, rule: Rule) -> bool:
        """Return whether a person decides what is published of one rule of this watch."""
        return self.review if rule.review is None else rule.review

    def confirms_over(self, rule: Rule) -> Decimal:
        """Return the price above which a person is asked first, 0 = whatever it is nobody is."""
        return self._confirm_over if rule.confirm_over is None else rule.confirm_over

    def output_template(self, rule: Rule) -> str:
        """Return the output name's template of one rule of this watch."""
        default = "{stem}.{rule}.{ext}" if self.rules == "all" else "{stem}.{ext}"
        return rule.output_name or default


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
