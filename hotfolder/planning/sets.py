"""Which files of a folder make one job together, and what each of them is for. Pure: names only.

A set is complete, or it is not and says what it needs, or it holds a file that has no place in it:
then nothing is paid either, until that is moved away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from hotfolder.domain import keys
from hotfolder.kinds.kind import USUAL, Kind, kind_named

Group = Literal["file", "stem", "folder"]

STEM: Final = "{stem}"
_PARTS: Final = re.compile(r"([0-9]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A parameter that files go into: at most `most` of a kind; the first role is the one shown."""

    parameter: str
    kind: Kind
    roles: tuple[str, ...]
    required: bool = False
    many: bool = False
    most: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """How a rule makes sets: its places in the order in which they are sent.

    `roles` are patterns of stems by role, `wait_for` the optional roles that must be there, `ready`
    the name of the file that says a folder is complete.
    """

    group: Group
    places: tuple[Place, ...]
    roles: Mapping[str, str] = field(default_factory=dict)
    wait_for: tuple[str, ...] = ()
    ready: str = ""

    def place(self, role: str) -> Place | None:
        """Return the place that a role means, if any does; case is ignored."""
        wanted = role.casefold()
        return next((each for each in self.places if wanted in each.roles), None)

    def split(self, path: str) -> tuple[str, Place | None]:
        """Return a path without role and ending, and the place that the role means.

        Its ending goes first; a role is read only where there is such a place.
        """
        folder, slash, name = path.rpartition("/")
        stem = name.rpartition(".")[0] or name
        for role, pattern in self.roles.items():
            before, _, behind = pattern.partition(STEM)
            inside = len(before) + len(behind) < len(stem)
            folded, place = stem.casefold(), self.place(role)
            fits = folded.startswith(before.casefold()) and folded.endswith(behind.casefold())
            if inside and fits and place is not None:
                return f"{folder}{slash}{stem[len(before) : len(stem) - len(behind)]}", place
        own, dot, role = stem.rpartition(".")
        place = self.place(role) if dot and own else None
        return f"{folder}{slash}{own if place else stem}", place


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a set, and the parameter that it goes into; "" = the plan says."""

    path: str
    parameter: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """A complete set. `hopes` are optional files that may still come, by the name they would have.

    `besides` are further files that are sets of their own.
    """

    key: str
    named_after: str
    members: tuple[Member, ...]
    hopes: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()

    @classmethod
    def alone(cls, path: str, parameter: str = "") -> Gathered:
        """Return the set of a single file."""
        return cls(key=path, named_after=path, members=(Member(path, parameter),))

    @property
    def paths(self) -> tuple[str, ...]:
        """Where its files are."""
        return tuple(each.path for each in self.members)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incomplete:
    """A set that nothing is made of yet: what it needs, or which file has no place in it."""

    reason: str
    paths: tuple[str, ...]
    besides: tuple[str, ...] = ()


Outcome = Gathered | Incomplete | None


def natural(path: str) -> list[tuple[int, int, str]]:
    """Return by what names are sorted as people do: 2.jpg before 10.jpg."""
    name = keys.folded(path.rpartition("/")[2])
    parts = _PARTS.split(name)
    return [(0, int(each), "") if at % 2 else (1, 0, each) for at, each in enumerate(parts)]


def of_stem(how: Grouping, stem: str, taken: Iterable[str], strangers: Iterable[str]) -> Outcome:
    """Return the set of the files of one stem; None where there are none.

    `taken` are those that the rule takes, `strangers` others of a known kind that nobody does.
    `stem` is the path that they have before role and ending.
    """
    named: dict[str, list[str]] = {}
    plain: list[str] = []
    for path in sorted(taken):
        place = how.split(path)[1]
        if place is None:
            plain.append(path)
        else:
            named.setdefault(place.parameter, []).append(path)
    placed, wrong = _named(how, named)
    besides = _fill(how, placed, plain)
    everything = (*sorted([path for paths in named.values() for path in paths] + plain),)
    if not everything:
        return None
    announced = bool(named)
    if announced:
        left_over = [*besides, *strangers]
        wrong = wrong or (_no_place(how, left_over[0]) if left_over else None)
        besides = []
    kept = tuple(path for path in everything if path not in besides)
    needs = _needs(how, placed, stem)
    if wrong or needs:
        reason = wrong or f"needs {_listed(needs)}"
        return Incomplete(reason=reason, paths=kept, besides=tuple(besides))
    return Gathered(
        key=kept[0] if len(kept) == 1 else keys.of_stem(stem),
        named_after=kept[0] if len(kept) == 1 and not announced else stem,
        members=_ordered(how, placed),
        hopes=_hopes(how, placed, stem) if announced else (),
        besides=tuple(besides),
    )


def of_folder(how: Grouping, folder: str, taken: Iterable[str], others: Sequence[str]) -> Outcome:
    """Return the set of what lies in a folder; None where nothing of it is taken.

    `others` are the names of further files there; those of a known kind have no place in it.
    """
    named: dict[str, list[str]] = {}
    plain: list[str] = []
    for path in sorted(taken, key=natural):
        stem = path.rpartition("/")[2].rpartition(".")[0]
        place = how.place(stem) or how.split(path)[1]
        if place is None or place.many:
            plain.append(path)
        else:
            named.setdefault(place.parameter, []).append(path)
    everything = tuple([path for paths in named.values() for path in paths] + plain)
    if not everything:
        return None
    placed, wrong = _named(how, named)
    left_over = _fill(how, placed, plain)
    left_over += [each for each in others if kind_named(each) is not None]
    if left_over and not wrong:
        wrong = _too_many(how, plain, left_over)
    names = {path.rpartition("/")[2] for path in (*others, *everything)}
    needs = [f"{folder}/{each.rpartition('/')[2]}" for each in _needs(how, placed, "")]
    if how.ready and how.ready not in names:
        needs.append(f"{folder}/{how.ready}")
    if wrong or needs:
        return Incomplete(reason=wrong or f"needs {_listed(needs)}", paths=everything)
    alone = len(everything) == 1
    return Gathered(
        key=everything[0] if alone else keys.of_folder(folder),
        named_after=folder,
        members=_ordered(how, placed),
    )


def of_one(how: Grouping, path: str) -> Outcome:
    """Return the set that a file makes by itself although others have its stem."""
    placed: dict[str, list[str]] = {}
    if _fill(how, placed, [path]):
        return Incomplete(reason=_no_place(how, path), paths=(path,))
    needs = _needs(how, placed, path.rpartition(".")[0])
    if needs:
        return Incomplete(reason=f"needs {_listed(needs)}", paths=(path,))
    ((parameter, _),) = placed.items()
    return Gathered.alone(path, parameter)


def _named(
    how: Grouping, named: Mapping[str, Sequence[str]]
) -> tuple[dict[str, list[str]], str | None]:
    """Return which files their roles put where, and what is wrong with that."""
    placed: dict[str, list[str]] = {}
    for place in how.places:
        paths = list(named.get(place.parameter, ()))
        if not paths:
            continue
        placed[place.parameter] = paths
        for path in paths:
            kind, role = kind_named(path), place.roles[0]
            if kind not in (None, place.kind):
                return placed, f"{_name(path)} is a {kind}, and {role} takes a {place.kind}"
        if len(paths) > place.most:
            files = _listed(list(map(_name, paths)))
            return placed, f"{files} are all {place.roles[0]}: move all but one of them away"
    return placed, None


def _fill(how: Grouping, placed: dict[str, list[str]], plain: Sequence[str]) -> list[str]:
    """Put files without a role into free places; returns those that have none.

    All go into the list of their kind; without one, a single file into the first free place.
    """
    left: list[str] = []
    filled: set[Kind | None] = set()
    for path in plain:
        kind = kind_named(path)
        free = [
            each
            for each in how.places
            if each.kind == kind and len(placed.get(each.parameter, ())) < each.most
        ]
        lists = [each for each in free if each.many] if how.group == "folder" else []
        if lists:
            placed.setdefault(lists[0].parameter, []).append(path)
        elif free and kind not in filled:
            placed.setdefault(free[0].parameter, []).append(path)
            filled.add(kind)
        else:
            left.append(path)
    return left


def _needs(how: Grouping, placed: Mapping[str, Sequence[str]], stem: str) -> list[str]:
    """Return the names of the files that are missing."""
    awaited = {each.casefold() for each in how.wait_for}
    return [
        _would_be(how, each, stem, placed)
        for each in how.places
        if each.parameter not in placed and (each.required or awaited & set(each.roles))
    ]


def _hopes(how: Grouping, placed: Mapping[str, Sequence[str]], stem: str) -> tuple[str, ...]:
    """Return the optional files of the kinds there are that may still come."""
    kinds = {each.kind for each in how.places if each.parameter in placed}
    return tuple(
        _would_be(how, each, stem, placed)
        for each in how.places
        if each.parameter not in placed and each.kind in kinds
    )


def _would_be(how: Grouping, place: Place, stem: str, placed: Mapping[str, Sequence[str]]) -> str:
    """Return the name that a missing file would have."""
    same = {each.parameter for each in how.places if each.kind == place.kind}
    ending = next(
        (paths[0].rpartition(".")[2] for key, paths in placed.items() if key in same and paths),
        USUAL[place.kind],
    )
    role = place.roles[0]
    if not stem:
        return f"{role}.{ending}"
    if place.kind not in {each.kind for each in how.places if each != place}:
        return f"{stem}.{ending}"
    folder, slash, name = stem.rpartition("/")
    pattern = how.roles.get(role, f"{STEM}.{role}")
    return f"{folder}{slash}{pattern.replace(STEM, name)}.{ending}"


def _ordered(how: Grouping, placed: Mapping[str, Sequence[str]]) -> tuple[Member, ...]:
    return tuple(
        Member(path, each.parameter)
        for each in how.places
        for path in placed.get(each.parameter, ())
    )


def _no_place(how: Grouping, path: str) -> str:
    roles = [each.roles[0] for each in how.places if each.kind == kind_named(path)]
    kind = kind_named(path) or "file of this name"
    which = f"beyond its {_listed(roles)}" if roles else ""
    takes = f"takes no {kind} {which}".rstrip()
    return f"{_name(path)} has no place: this edit {takes}. Move it away, or exclude it in the rule"


def _too_many(how: Grouping, plain: Sequence[str], left_over: Sequence[str]) -> str:
    first = left_over[0]
    kind = kind_named(first)
    most = sum(each.most for each in how.places if each.kind == kind)
    count = sum(1 for each in plain if kind_named(each) == kind)
    if first not in plain or count <= most:
        return _no_place(how, first)
    named = _listed([_name(each) for each in left_over[:3]])
    have = "has" if len(left_over) == 1 else "have"
    return (
        f"{count} files for {most} places: {named} {have} none. "
        "Move what is too many away, or exclude it in the rule"
    )


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _listed(what: Sequence[str]) -> str:
    if len(what) < 2:  # noqa: PLR2004  a single one needs no "and"
        return "".join(what)
    return f"{', '.join(what[:-1])} and {what[-1]}"
