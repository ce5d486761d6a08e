"""The guard against a folder that is full before anybody asked: what stands there is held back.

Sources become eligible all at once when a watch is new, when its rules, its ignore files, the
program or the journal changed, or when a folder can be read at last. Which those are is told by
comparing with what the watch took when it was last looked at whole: a source that it would have
taken then, and that the journal does not know, was dropped since, and goes its way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from pathlib import PurePosixPath
from typing import Final

import structlog

from hotfolder import config
from hotfolder.domain.failures import BACKLOG, Failure
from hotfolder.domain.texts import is_text
from hotfolder.journal import backlog
from hotfolder.journal.backlog import Standing
from hotfolder.journal.journal import Journal
from hotfolder.journal.sightings import Known, Unlike
from hotfolder.kinds import packages
from hotfolder.kinds.kind import Kind, kind_named
from hotfolder.planning import forms, grouping, naming, rules, variants
from hotfolder.planning.grouping import Unit
from hotfolder.runninghub import estimates
from hotfolder.tree import ignore
from hotfolder.tree.ignorefile import FormerFiles

# A file written between the beginning of the first look and now was dropped; one with a time
# further ahead comes from a camera whose clock is wrong.
FUTURE_S: Final = 60.0

MOST_UNSEEN: Final = 1000

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.watching")


@dataclass(frozen=True)
class Eligibility:
    """Which names a watch takes: globs of each rule, and a digest of what the program ignores.

    `ignore_files` are the texts of the tree's ignore files by folder; `unseen` what could not be
    looked at; `openers` what was installed to open pictures with. `texts` are the names of texts
    that rules take, None = a program decided that knew no sources but pictures.
    """

    recursive: bool
    globs: tuple[rules.Names, ...]
    ignored: str
    ignore_files: Mapping[str, str] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()
    openers: Mapping[str, str] = field(default_factory=dict)
    texts: tuple[rules.Names, ...] | None = None

    @classmethod
    def of(cls, watch: config.Watch) -> Eligibility:
        """Return what a watch takes now, whatever its ignore files say."""
        names = sorted({*ignore.PATTERNS, repr(forms.NAMES.pattern)})
        ignored = hashlib.sha256("\n".join(names).encode()).hexdigest()
        globs = tuple(rules.globs(watch, rule) for rule in watch.rule)
        texts = (rules.globs(watch, rule) for rule in watch.rule if rules.takes_texts(watch, rule))
        openers = packages.openers()
        return cls(watch.recursive, globs, ignored, openers=openers, texts=tuple(texts))

    @classmethod
    def decoded(cls, text: str) -> Eligibility:
        """Return one that `encoded` made."""
        stored = json.loads(text)
        return cls(
            stored["recursive"],
            _names(stored["globs"]),
            stored["ignored"],
            stored.get("ignore_files", {}),
            tuple(stored.get("unseen", ())),
            stored.get("openers", {}),
            _names(stored["texts"]) if "texts" in stored else None,
        )

    def encoded(self) -> str:
        """Return it as the journal keeps it."""
        named = {"globs": self.globs, "texts": self.texts or ()}
        return json.dumps(
            asdict(self) | {key: [list(each) for each in some] for key, some in named.items()}
        )

    def names_as(self, other: Eligibility) -> bool:
        """Return whether both take the same names, apart from what stands in the tree."""
        mine, theirs = (
            (each.recursive, each.globs, each.ignored, each.texts or ()) for each in (self, other)
        )
        return mine == theirs

    def takes(self, relative: str) -> bool:
        """Return whether a source with an ordinary name would have been taken."""
        if "/" in relative and not self.recursive:
            return False
        globs = (self.texts or ()) if is_text(relative) else self.globs
        return any(each.take(relative) for each in globs) and not self.hides(relative)

    def is_new_here(self, relative: str) -> bool:
        """Return whether a file is of a kind that was no source before: it may have served others.

        So are texts where no rule took them, and films and sounds where no program could.
        """
        kind = kind_named(relative)
        if kind is Kind.TEXT:
            return not self.takes(relative)
        return self.texts is None and kind in (Kind.VIDEO, Kind.AUDIO)

    def hides(self, relative: str) -> bool:
        """Return whether a source was ignored by an ignore file, or could not be seen."""
        if self._unseen and not self._unseen.isdisjoint(_and_above(relative)):
            return True
        return self._former_files.ignored(relative)

    @cached_property
    def _unseen(self) -> frozenset[str]:
        return frozenset(self.unseen)

    @cached_property
    def _former_files(self) -> FormerFiles:
        return FormerFiles(self.ignore_files)


def _names(stored: Iterable[Sequence[Sequence[str]]]) -> tuple[rules.Names, ...]:
    return tuple(rules.Names(tuple(wanted), tuple(unwanted)) for wanted, unwanted in stored)


def _and_above(relative: str) -> set[str]:
    return {relative, *map(str, PurePosixPath(relative).parents)}


class Backlog:
    """Holds back what stood there when it became eligible. Every call blocks.

    `limit` says how many jobs are let go together at most, by the names of their sources; 0 = any
    number. Files that make one job together count once.
    """

    def __init__(
        self, watch: config.Watch, number: int, journal: Journal, limit: Callable[[], int]
    ) -> None:
        self._watch = watch
        self._number = number
        self._journal = journal
        self._limit = limit
        self._now = Eligibility.of(watch)
        self._makes_sets = grouping.any_groups(watch)
        self._priced: set[Unit] = set()
        self._before: Eligibility | None = None
        self._former: Eligibility | None = None
        self._first = True
        self._many = False
        self._why: Failure = BACKLOG
        self._few: dict[str, Standing] = {}
        self._began_s: float | None = None

    def begin(self) -> None:
        """Prepare a whole look."""
        self._priced.clear()
        if self._first:
            self._prepare()
        else:
            self._few, self._many = {}, False

    def sift(self, unknown: Mapping[str, Unlike]) -> list[str]:
        """Return the sources to take now, out of those that are not as they are known.

        What stood there is found again, and judged, by the next whole look.
        """
        if self._began_s is None:
            self._prepare()
        standing = {
            path: Standing(path, each.seen, self._estimate(path))
            for path, each in unknown.items()
            if each.known is None and self._stood_there(path, each.seen)
        }
        self._keep(standing)
        return [path for path in unknown if path not in standing]

    def end(self, ignore_files: Mapping[str, str | None], unseen: Sequence[str]) -> list[str]:
        """Return the sources that stood there, if they were few, after a whole look.

        That look found these ignore files, and could not see some folders and files. Where it saw
        next to nothing, it does not count.
        """
        if len(unseen) > MOST_UNSEEN:
            return []
        former = self._before.ignore_files if self._before else {}
        # One that is broken lets all in its folder wait; mending it must not let all go at once.
        texts = {
            folder: former.get(folder, "*") if text is None else text
            for folder, text in ignore_files.items()
        }
        now = replace(self._now, ignore_files=texts, unseen=tuple(sorted(unseen)))
        if self._first or now != self._before:
            self._journal.run_blocking(backlog.looked_at_whole, self._number, now.encoded())
        if self._many:
            log.warning("backlog.held", watch=self._watch.name, **self._why.log_context())
        self._first, self._before = False, now
        few, self._few = self._few, {}
        return list(few)

    def _prepare(self) -> None:
        since = self._journal.run_blocking(backlog.since, self._number)
        if not self._limit() and since.held and not since.distrusted:
            self._journal.run_blocking(backlog.release, self._watch.name)
            since = self._journal.run_blocking(backlog.since, self._number)
        self._began_s = self._began_s or self._journal.clock().timestamp()
        self._few = {}
        self._many = since.held or since.distrusted
        self._why = since.why
        self._before = Eligibility.decoded(since.eligible) if since.eligible else None
        self._former = self._before
        if self._first and self._before is not None:
            self._look_at_what_may_be_opened(self._before.openers)
        same_names = self._before is not None and self._before.names_as(self._now)
        if since.distrusted or (self._before and self._before.ignored != self._now.ignored):
            self._before = None
        if since.held and not same_names:
            self._forget_what_nobody_takes()

    def _stood_there(self, path: str, seen: Known) -> bool:
        if not self._first and self._before is not None:
            return self._before.hides(path)
        if self._before is not None and self._before.takes(path):
            return False
        began_s = self._began_s or 0.0
        return not began_s <= int(seen[1]) / 1e9 <= self._journal.clock().timestamp() + FUTURE_S

    def _keep(self, standing: dict[str, Standing]) -> None:
        former = self._former if self._limit() else None
        held = {
            path: each for path, each in standing.items() if former and former.is_new_here(path)
        }
        if held:
            self._hold_back(held)
        self._few |= {path: each for path, each in standing.items() if path not in held}
        limit = self._limit()
        if self._few and (self._many or (limit and self._count(self._few) > limit)):
            self._many = True
            self._hold_back(self._few)
            self._few = {}

    def _hold_back(self, standing: Mapping[str, Standing]) -> None:
        self._why = self._journal.run_blocking(backlog.hold_back, self._number, standing.values())

    def _look_at_what_may_be_opened(self, before: Mapping[str, str]) -> None:
        """Let what failed for want of a package be tried again, unless that is too much at once."""
        failed = self._journal.run_blocking(backlog.undecoded, self._number)
        numbers = [
            number for number, path in failed if packages.may_open(path, before, self._now.openers)
        ]
        limit = self._limit()
        if numbers and (self._many or (limit and len(numbers) > limit)):
            self._many = True
            self._why = self._journal.run_blocking(backlog.hold_undecoded, self._number, numbers)
        else:
            self._journal.run_blocking(backlog.look_again, numbers)

    def _forget_what_nobody_takes(self) -> None:
        after, kept = 0, list[str]()
        while listed := self._journal.run_blocking(backlog.held_paths, self._number, after):
            after = listed[-1][0]
            gone = {number for number, path in listed if naming.why_ignored(self._watch, path)}
            kept += [path for number, path in listed if number not in gone]
            self._journal.run_blocking(backlog.forget, gone)
        may_be_others = any(kind_named(path) not in (Kind.PICTURE, None) for path in kept)
        if self._count(kept) <= self._limit() and not may_be_others:
            self._journal.run_blocking(backlog.release, self._watch.name)
            self._many = False

    def _count(self, paths: Iterable[str]) -> int:
        """Return how many jobs sources may become, by their names."""
        jobs = {
            unit: variants.count(self._watch, taking)
            for path in paths
            for unit, taking in self._by_unit(path).items()
        }
        return sum(jobs.values())

    def _by_unit(self, path: str) -> Mapping[Unit, tuple[config.Rule, ...]]:
        if self._makes_sets:
            return grouping.by_unit(self._watch, path)
        return {Unit(path): rules.matching(self._watch, path)}

    def _estimate(self, path: str) -> Decimal | None:
        """Return what the jobs of a file may cost, None = nobody knows; a set counts once."""
        expected = Decimal(0)
        for rule in self._not_yet_priced(path):
            steps = [(rule.model, rule.params), *((each.model, each.params) for each in rule.then)]
            for name, params in steps:
                model = self._watch.catalog.find(name)
                amount = estimates.estimate(model, params).amount if model else None
                if amount is None:
                    return None
                expected += amount * rule.variants
        return expected

    def _not_yet_priced(self, path: str) -> Iterator[config.Rule]:
        for unit, taking in self._by_unit(path).items():
            if unit not in self._priced:
                yield from taking
            if unit.rule:
                self._priced.add(unit)
