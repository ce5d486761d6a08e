"""Which files of a set are there: folders are listed, what is ignored or excluded is left out."""

from __future__ import annotations

from hotfolder import config
from hotfolder.domain import keys
from hotfolder.domain.texts import TEXT_ENDING
from hotfolder.kinds.kind import kind_named
from hotfolder.planning import forms, grouping, naming, rules, sets
from hotfolder.planning.grouping import Unit
from hotfolder.planning.sets import Gathered, Grouping, Outcome
from hotfolder.tree import files, ignore, scan
from hotfolder.tree.ignorefile import IgnoreFiles


def gather(watch: config.Watch, unit: Unit) -> Outcome:
    """Return the files of a set as they are there now; None where there are none.

    Raises OSError where the folder cannot be listed, RootGone.
    """
    rule = grouping.rule_named(watch, unit.rule)
    if not unit.rule:
        return Gathered.alone(unit.key)
    if rule is None:
        return None
    how = grouping.how(watch, rule)
    listed = _listed(watch, unit.folder)
    if unit.is_folder:
        return _folder(watch, rule, how, unit, listed)
    if not unit.key.endswith(keys.ANY_ENDING):
        return sets.of_one(how, unit.key) if unit.key in listed else None
    return _stem(watch, rule, how, [each for each in listed if _is_of(how, unit, each)])


def of_file(watch: config.Watch, relative: str, rule: str) -> tuple[Unit, Outcome] | None:
    """Return the set of a rule that a file is in, as it is there now. Raises as `gather` does."""
    units = grouping.units(watch, relative)
    unit = next((each for each in units if each.rule in ("", rule)), None)
    if unit is None:
        return None
    found = gather(watch, unit)
    if found is not None and relative in found.besides:
        unit = Unit(relative, unit.rule)
        found = gather(watch, unit)
    return unit, found


def _listed(watch: config.Watch, folder: str) -> list[str]:
    try:
        names = scan.names(watch.input, folder)
    except (FileNotFoundError, NotADirectoryError):
        files.is_gone(watch.input, folder or ".")  # raises where the root itself is gone
        return []
    return [f"{folder}/{name}" if folder else name for name in names]


def _is_of(how: Grouping, unit: Unit, path: str) -> bool:
    return not forms.is_sidecar(path) and keys.of_stem(how.split(path)[0]) == unit.key


def _stem(watch: config.Watch, rule: config.Rule, how: Grouping, listed: list[str]) -> Outcome:
    seen = _seen(watch, listed)
    taken = [each for each in seen if rule in rules.matching(watch, each)]
    if not taken:
        return None
    known = [each for each in seen if kind_named(each) is not None]
    strangers = [each for each in known if _nobody_takes(watch, each)]
    return sets.of_stem(how, how.split(min(taken))[0], taken, strangers)


def _folder(
    watch: config.Watch, rule: config.Rule, how: Grouping, unit: Unit, listed: list[str]
) -> Outcome:
    seen = _seen(watch, listed)
    taken = [each for each in seen if rule in rules.matching(watch, each)]
    strangers = [each for each in seen if each not in taken and _nobody_takes(watch, each)]
    ready = [each for each in listed if how.ready and each.rpartition("/")[2] == how.ready]
    texts = [each for each in listed if _is_stray_text(watch, rule, each)]
    others = dict.fromkeys([*strangers, *ready, *texts])
    return sets.of_folder(how, unit.folder, taken, list(others))


def _nobody_takes(watch: config.Watch, path: str) -> bool:
    is_sent = rules.is_reference(watch, path)
    return not (is_sent or rules.matching(watch, path) or rules.excluding(watch, path))


def _is_stray_text(watch: config.Watch, rule: config.Rule, path: str) -> bool:
    """Whether a text lies in the folder of a set that it says nothing for."""
    name = path.rpartition("/")[2]
    is_text = name.lower().endswith(TEXT_ENDING) and not name.startswith("_")
    return is_text and not ignore.ignored(path) and not rules.globs(watch, rule).leaves(path)


def _seen(watch: config.Watch, listed: list[str]) -> list[str]:
    """Return the files that are neither sidecars nor litter, nor ignored by a file of the tree."""
    ignore_files = IgnoreFiles(watch.input)
    seen = (each for each in listed if naming.why_hidden(watch, each) is None)
    return [each for each in seen if ignore_files.why(each) is None]
