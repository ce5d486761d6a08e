"""Looking again at known sources whose sidecars or rules changed, without reading a picture."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from hotfolder import config
from hotfolder.domain import chance, loras
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import BEFORE_INTENT
from hotfolder.journal import staleness
from hotfolder.journal.drafts import Draft
from hotfolder.journal.journal import Journal
from hotfolder.journal.staleness import Known
from hotfolder.planning import (
    examine,
    examine_set,
    gathering,
    grouping,
    lines,
    plan,
    source_marks,
    speaking,
)
from hotfolder.planning.looks import Looks, Unseen
from hotfolder.planning.placing import Within
from hotfolder.planning.sets import Gathered, Incomplete
from hotfolder.runninghub import payload
from hotfolder.tree import files as tree_files

TOGETHER: Final = 200
# What is beyond this is found again by the next scan.
MOST_LACKING: Final = 2000

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.planning")


@dataclass(frozen=True, slots=True)
class Today:
    """What a job's source should become today, and which of it the job itself: None = nothing."""

    own: Draft | None
    drafts: tuple[Draft, ...] = ()


def today(looks: Looks, watch: config.Watch, job: Job) -> Today:
    """Return what a job's source should become today. Blocks.

    Raises Unseen, OSError, SourceError.
    """
    within = _within(watch, job)
    if within is not None:
        resolution = examine_set.resolve(looks, watch, within, job.accepted_at)
    else:
        beside = speaking.beside(watch.input, job.source)
        facts = examine.facts(looks, watch, job.source, job.accepted_at)
        only = [job.digest] if job.plan.line else None
        resolution = plan.resolve(watch, job.source, beside, facts, only=only)
    if not isinstance(resolution, tuple):
        return Today(None)
    return Today(_of_rule(watch, job, resolution), resolution)


def _within(watch: config.Watch, job: Job) -> Within | None:
    """Return the set that a job's source is in now, None where it is looked at by itself.

    Raises OSError, SourceError.
    """
    gathered = gathering.of_file(watch, job.source, job.plan.rule)
    if gathered is None or not gathered[0].rule:
        return None
    unit, found = gathered
    rule = grouping.rule_named(watch, unit.rule)
    if not isinstance(found, Gathered) or rule is None:
        reason = found.reason if isinstance(found, Incomplete) else "it is not there any more"
        raise tree_files.SourceChanged(f"its set is not complete: {reason}")
    return Within(rule, found)


def regrouped(looks: Looks, watch: config.Watch, number: int, job: Job) -> examine.Verdict | None:
    """Return what the set of a job's source is today, where it is made of other files; else None.

    Blocks. Raises Unseen, OSError, SourceError.
    """
    gathered = gathering.of_file(watch, job.source, job.plan.rule)
    if gathered is None:
        return None
    unit, found = gathered
    if not isinstance(found, Gathered) or set(found.paths) == {each.path for each in job.sources}:
        return None
    return examine_set.examine_set(
        looks, watch, number, unit, found, gave_time=True, at=job.accepted_at
    )


def asks_for_other(watch: config.Watch, job: Job, draft: Draft) -> bool:
    """Return whether a draft asks for another edit than a job's, or than the one it was sent as."""
    if staleness.is_other_work(job, draft):
        return True
    model = watch.catalog.look_up(draft.plan.model)
    if job.submit is None or model is None:
        return False
    sent: Mapping[str, Any] = json.loads(job.submit.payload)
    files = payload.files_sent(model, sent)
    params = chance.drawn_as(draft.plan, job.plan).params
    weights = loras.used(params)  # that these are the same was seen by their MD5
    body = payload.compose(model, draft.plan.prompt, params, files).body
    told = {key: value for key, value in body.items() if key not in weights}
    return payload.asks_for_other(model, sent, told)


class StaleCheck:
    """Marks the jobs of sources that would get another edit today; every call blocks.

    `lacking` are sources of which that cannot be said before a look was taken, with that look.
    """

    def __init__(self, looks: Looks, watch: config.Watch, number: int, journal: Journal) -> None:
        self.lacking: dict[str, Unseen] = {}
        self._looks = looks
        self._watch = watch
        self._number = number
        self._journal = journal

    def look(self, paths: list[str]) -> list[str]:
        """Mark or unmark what is sent; return the sources that have to be looked at whole.

        These are what is not sent yet and waits, or is planned by a rule that is no longer the
        one; the plan of any other is looked at before its money leaves.
        """
        whole: list[str] = []
        for at in range(0, len(paths), TOGETHER):
            whole += self._look(paths[at : at + TOGETHER])
        return whole

    def _look(self, paths: list[str]) -> list[str]:
        whole: list[str] = []
        stale: dict[int, bool] = {}
        marks: dict[int, str] = {}
        whole += [each for each in paths if lines.wanted(self._watch, each)]
        paths = [each for each in paths if not lines.wanted(self._watch, each)]
        for known in self._journal.run_blocking(staleness.known, self._number, paths):
            if known.skipped or not known.jobs:
                whole.append(known.path)
                continue
            if any(unit.rule for unit in grouping.units(self._watch, known.path)):
                whole += self._look_at_set(known, stale, marks)
                continue
            facts = examine.facts(self._looks, self._watch, known.path, known.jobs[-1].accepted_at)
            try:
                beside = speaking.beside(self._watch.input, known.path)
                resolution = plan.resolve(self._watch, known.path, beside, facts)
            except (OSError, tree_files.SourceError):
                continue  # the next scan finds it otherwise again
            except Unseen as unseen:
                if len(self.lacking) < MOST_LACKING:
                    self.lacking[known.path] = unseen
                continue
            drafts = resolution if isinstance(resolution, tuple) else ()
            lacks_slots = _lacks_slots(known.jobs, drafts)
            is_sent = any(job.submit is not None for job in known.jobs)
            if any(_is_open(job, drafts) for job in known.jobs) or (lacks_slots and not is_sent):
                whole.append(known.path)
                continue
            marks[known.id] = source_marks.mark_of(self._watch, beside)
            stale |= self._judged(known, drafts)
        for job in self._journal.run_blocking(staleness.mark, stale, marks):
            log.info("job.stale", **job.log_context())
        return whole

    def _look_at_set(
        self, known: Known, stale: dict[int, bool], marks: dict[int, str]
    ) -> list[str]:
        """Mark the job of a file's set; returns the file where all of that is to be looked at.

        A finished set of which files were taken away is as it was.
        """
        job = known.jobs[-1]
        if job.state in BEFORE_INTENT:
            return [known.path]
        try:
            mark = source_marks.mark(self._watch, known.path)
            within = _within(self._watch, job)
            if within is None or set(within.found.paths) != {each.path for each in job.sources}:
                return [known.path]
            resolution = examine_set.resolve(self._looks, self._watch, within, job.accepted_at)
        except tree_files.SourceChanged:
            marks[known.id] = mark
            return []
        except (OSError, tree_files.SourceError):
            return []  # the next scan finds it otherwise again
        except Unseen as unseen:
            if len(self.lacking) < MOST_LACKING:
                self.lacking[known.path] = unseen
            return []
        drafts = resolution if isinstance(resolution, tuple) else ()
        marks[known.id] = mark
        stale |= self._judged(known, drafts)
        return []

    def _judged(self, known: Known, drafts: tuple[Draft, ...]) -> dict[int, bool]:
        """Say of each job whether it is stale; of one whose sidecar is broken nothing is known."""
        judged: dict[int, bool] = {}
        for job in known.jobs:
            newest = next(each for each in reversed(known.jobs) if each.slot == job.slot)
            overtaken = self._watch.rules == "first" and job is not newest
            draft = None if overtaken else _of_rule(self._watch, job, drafts)
            if draft is None or draft.failure is None:
                judged[job.id] = draft is not None and asks_for_other(self._watch, job, draft)
        return judged | _with_fewer_slots(known.jobs, drafts)


def _is_open(job: Job, drafts: tuple[Draft, ...]) -> bool:
    known = {(draft.plan.rule, draft.slot) for draft in drafts}
    if job.state not in BEFORE_INTENT:
        return False
    return job.waits_for is not None or (job.plan.rule, job.slot) not in known


def _lacks_slots(jobs: Sequence[Job], drafts: Iterable[Draft]) -> bool:
    """Whether more is wanted of a source by a rule that made something of it than there is."""
    made = {(job.plan.rule, job.slot) for job in jobs}
    rules = {rule for rule, _ in made}
    return any(
        (draft.plan.rule, draft.slot) not in made for draft in drafts if draft.plan.rule in rules
    )


def _with_fewer_slots(jobs: Sequence[Job], drafts: Iterable[Draft]) -> dict[int, bool]:
    """Return the first job that was sent as stale, where further slots are wanted beside it."""
    sent = sorted((job for job in jobs if job.submit is not None), key=lambda each: each.slot)
    return {sent[0].id: True} if sent and _lacks_slots(jobs, drafts) else {}


def _of_rule(watch: config.Watch, job: Job, drafts: tuple[Draft, ...]) -> Draft | None:
    """Return what a job should become today; under "first" by whichever rule."""
    own = (each.as_row_of(job) for each in drafts if each.is_for(job))
    if watch.rules == "all":
        own = (each for each in own if each.plan.rule == job.plan.rule)
    return next(own, None)
