"""How the rules of a watch make sets of its files, and in which set a file is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hotfolder import config
from hotfolder.domain import keys
from hotfolder.domain.texts import is_text
from hotfolder.kinds.kind import Kind
from hotfolder.planning import constants, rules
from hotfolder.planning.sets import Group, Grouping, Place
from hotfolder.runninghub import payload, roles
from hotfolder.runninghub.catalog import Model, Parameter

_KINDS: Final = {"IMAGE": Kind.PICTURE, "VIDEO": Kind.VIDEO, "AUDIO": Kind.AUDIO}
# Of a list of which nobody says how many files it takes.
MANY: Final = 1000


@dataclass(frozen=True, slots=True)
class Unit:
    """What is looked at together: a set of one rule by its key; "" = a file for whichever rule."""

    key: str
    rule: str = ""

    @property
    def is_folder(self) -> bool:
        """Whether it is all that lies in a folder."""
        return self.key.endswith(keys.FOLDER_END)

    @property
    def folder(self) -> str:
        """The folder that its files lie in."""
        return self.key.rpartition("/")[0]


def group_of(watch: config.Watch, rule: config.Rule) -> Group:
    """Return how a rule groups files: as it says, else as its model wants them.

    Where a rule of the watch asks what a picture is like, each is looked at by itself unless the
    model cannot do with one.
    """
    if rule.group is not None:
        return rule.group
    model = watch.taking(rule)
    if model is None or len(model.media) <= 1:
        return "file"
    places = places_of(model, rule)
    asks = any(each.when != config.ANYTHING for each in watch.rule)
    if asks and sum(each.required for each in places) <= 1:
        return "file"
    return "stem" if len(places) > 1 else "file"


def how(watch: config.Watch, rule: config.Rule, model: Model | None = None) -> Grouping:
    """Return how a rule makes sets of files, for its own model or another."""
    model = model or watch.taking(rule)
    return Grouping(
        group=group_of(watch, rule),
        places=places_of(model, rule) if model else (),
        roles=dict(rule.roles),
        wait_for=tuple(rule.wait_for),
        ready=rule.ready,
    )


def places_of(model: Model, rule: config.Rule) -> tuple[Place, ...]:
    """Return what files go into, but for what the rule's references fill; pictures come first."""
    named = roles.names(model)
    sent = _sent(model, rule)
    places = (_place(each, named[each.key], sent.count(each.key)) for each in _media(model))
    return tuple(each for each in places if each.most > 0)


def units(watch: config.Watch, relative: str) -> tuple[Unit, ...]:
    """Return the sets that a file is in: of one that no rule takes, those that it may disturb."""
    taking = rules.matching(watch, relative)
    if not taking:
        found = (_unit(watch, each, relative) for each in watch.rule)
        return tuple(dict.fromkeys(each for each in found if each and each.rule))
    found = (_unit(watch, each, relative) for each in taking)
    return tuple(dict.fromkeys(each for each in found if each))


def by_unit(watch: config.Watch, relative: str) -> dict[Unit, tuple[config.Rule, ...]]:
    """Return the sets that a file is in, each with the rules that may make jobs of it."""
    found: dict[Unit, tuple[config.Rule, ...]] = {}
    for rule in rules.matching(watch, relative):
        unit = _unit(watch, rule, relative)
        if unit is not None:
            found[unit] = (*found.get(unit, ()), rule)
    return found


def any_groups(watch: config.Watch) -> bool:
    """Return whether any rule of a watch makes sets of several files."""
    return any(group_of(watch, each) != "file" for each in watch.rule)


def others(watch: config.Watch, unit: Unit) -> frozenset[str]:
    """Return the rules whose sets are others, though files may be in both."""
    if watch.rules == "first":
        return frozenset()
    return frozenset(each.name for each in watch.rule if not _is_of(watch, each, unit))


def speakers(watch: config.Watch, relative: str) -> tuple[str, ...]:
    """Return the names, without an ending, of sidecars that speak for all of a file's set.

    Besides those that speak for the file itself.
    """
    own = relative.rpartition(".")[0] or relative
    found: list[str] = []
    for each in rules.matching(watch, relative):
        unit = _unit(watch, each, relative)
        if unit is None or not unit.rule:
            continue
        found.append(unit.folder if unit.is_folder else how(watch, each).split(relative)[0])
    return tuple(each for each in dict.fromkeys(found) if each != own)


def rule_named(watch: config.Watch, name: str) -> config.Rule | None:
    """Return a rule of a watch."""
    return next((each for each in watch.rule if each.name == name), None)


def _is_of(watch: config.Watch, rule: config.Rule, unit: Unit) -> bool:
    return rule.name == unit.rule if unit.rule else group_of(watch, rule) == "file"


def _unit(watch: config.Watch, rule: config.Rule, relative: str) -> Unit | None:
    group = group_of(watch, rule)
    if is_text(relative) and group == "stem":
        return Unit(relative)  # beside a file of another kind it is a sidecar
    match group:
        case "file":
            return Unit(relative)
        case "stem":
            return Unit(keys.of_stem(how(watch, rule).split(relative)[0]), rule.name)
    folder = relative.rpartition("/")[0]
    return Unit(keys.of_folder(folder), rule.name) if folder else None


def _sent(model: Model, rule: config.Rule) -> list[str]:
    """Return the parameters that the rule's constant files go into."""
    constant = [each.key for each, _ in constants.places(rule, model)]
    if not rule.references or not model.pictures:
        return constant
    first = next((each for each in model.media if each.key not in constant), model.media[0])
    further = payload.reference_places(model, len(rule.references), first.key, *constant)
    return [*constant, *further]


def _media(model: Model) -> Iterator[Parameter]:
    """Yield the parameters that take files: pictures first, what is required before what is not."""
    yield from sorted(model.media, key=lambda each: each.type != "IMAGE")


def _place(parameter: Parameter, named: tuple[str, ...], sent: int) -> Place:
    return Place(
        parameter=parameter.key,
        kind=_KINDS[parameter.type],
        roles=named,
        required=parameter.required and not sent,
        many=parameter.list_,
        most=((parameter.max_items or MANY) if parameter.list_ else 1) - sent,
    )
