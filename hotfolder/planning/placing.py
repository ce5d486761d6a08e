"""Where the files of a set go in a model, and what their outputs are called."""

from __future__ import annotations

from dataclasses import dataclass

from hotfolder import config
from hotfolder.domain.failures import Failure
from hotfolder.domain.materials import Material, Origin
from hotfolder.planning import grouping, sets
from hotfolder.planning.sets import Gathered, Incomplete
from hotfolder.runninghub.catalog import Model


@dataclass(frozen=True, slots=True)
class Within:
    """A set that a rule gathered by itself, rather than a file by whichever rule takes it."""

    rule: config.Rule
    found: Gathered

    @property
    def name(self) -> str:
        """The name that outputs are called after, with the ending of the first file."""
        first, named_after = self.found.members[0].path, self.found.named_after
        name = named_after.rpartition("/")[2]
        return name if named_after == first else f"{name}.{first.rpartition('.')[2]}"


def sources(watch: config.Watch, within: Within, model: Model) -> tuple[Material, ...] | Failure:
    """Return what a set sends to a model, or why that cannot take it.

    A sidecar may name another model than the rule's, by which the set was made.
    """
    members = within.found.members
    own = watch.catalog.find(within.rule.model)
    if own is None or model.name != own.name:
        taking = config.whole(watch.catalog, within.rule, model)
        placed = _by(grouping.how(watch, within.rule, taking), within)
        if isinstance(placed, Incomplete) or placed is None:
            reason = placed.reason if placed else "it takes no such files"
            return Failure(
                "sidecar_wrong",
                f"The sidecar asks for the model {model.name}, which cannot have these files: "
                f"{reason}.",
                "Name another model in it, or none.",
            )
        members = placed.members
    return tuple(
        Material(position=position, parameter=each.parameter, origin=Origin.SOURCE, path=each.path)
        for position, each in enumerate(members, 1)
    )


def _by(how: sets.Grouping, within: Within) -> sets.Outcome:
    paths, named_after = within.found.paths, within.found.named_after
    if how.group == "folder":
        return sets.of_folder(how, named_after, paths, [how.ready] if how.ready else [])
    if len(paths) == 1:
        return sets.of_one(how, paths[0])
    return sets.of_stem(how, named_after, paths, ())
