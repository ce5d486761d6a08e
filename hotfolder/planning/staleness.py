"""Looking again at known sources whose sidecars or rules changed, without reading a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import structlog

from hotfolder import config
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import BEFORE_INTENT
from hotfolder.journal import staleness
from hotfolder.journal.drafts import Draft
from hotfolder.journal.journal import Journal
from hotfolder.journal.staleness import Known
from hotfolder.planning import examine, plan, sidecar, source_marks
from hotfolder.planning.looks import Looks, Unseen
from hotfolder.runninghub import payload
from hotfolder.tree import files as tree_files

TOGETHER: Final = 200
# What is beyond this is found again by the next scan.
MOST_LACKING: Final = 2000

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.planning")


def today(looks: Looks, watch: config.Watch, job: Job) -> Draft | None:
    """Return what a job's source should become today; None where nothing. Blocks.

    Raises Unseen, OSError, SourceError.
    """
    beside = sidecar.beside(watch.input, job.source)
    facts = examine.facts(looks, watch, job.source, job.accepted_at)
    resolution = plan.resolve(watch, job.source, beside, facts)
    return _of_rule(watch, job, resolution) if isinstance(resolution, tuple) else None


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
        for known in self._journal.run_blocking(staleness.known, self._number, paths):
            if known.skipped or not known.jobs:
                whole.append(known.path)
                continue
            facts = examine.facts(self._looks, self._watch, known.path, known.jobs[-1].accepted_at)
            try:
                beside = sidecar.beside(self._watch.input, known.path)
                resolution = plan.resolve(self._watch, known.path, beside, facts)
            except (OSError, tree_files.SourceError):
                continue  # the next scan finds it otherwise again
            except Unseen as unseen:
                if len(self.lacking) < MOST_LACKING:
                    self.lacking[known.path] = unseen
                continue
            drafts = resolution if isinstance(resolution, tuple) else ()
            if any(_is_open(job, drafts) for job in known.jobs):
                whole.append(known.path)
                continue
            marks[known.id] = source_marks.mark_of(self._watch, beside)
            stale |= self._judged(known, drafts)
        for job in self._journal.run_blocking(staleness.mark, stale, marks):
            log.info("job.stale", **job.log_context())
        return whole

    def _judged(self, known: Known, drafts: tuple[Draft, ...]) -> dict[int, bool]:
        """Say of each job whether it is stale; of one whose sidecar is broken nothing is known."""
        judged: dict[int, bool] = {}
        for job in known.jobs:
            overtaken = self._watch.rules == "first" and job is not known.jobs[-1]
            draft = None if overtaken else _of_rule(self._watch, job, drafts)
            if draft is None or draft.failure is None:
                judged[job.id] = draft is not None and self._asks_for_other(job, draft)
        return judged

    def _asks_for_other(self, job: Job, draft: Draft) -> bool:
        if staleness.is_other_work(job, draft):
            return True
        model = self._watch.catalog.look_up(draft.plan.model)
        if job.submit is None or model is None:
            return False
        sent: Mapping[str, Any] = json.loads(job.submit.payload)
        media = (each.key for each in model.params.values() if each.is_media)
        links = {key: sent[key] for key in media if key in sent}
        files = {key: each if isinstance(each, list) else [each] for key, each in links.items()}
        body = payload.compose(model, draft.plan.prompt, draft.plan.params, files).body
        return payload.asks_for_other(model, sent, body)


def _is_open(job: Job, drafts: tuple[Draft, ...]) -> bool:
    known = {draft.plan.rule for draft in drafts}
    return job.state in BEFORE_INTENT and (job.waits_for is not None or job.plan.rule not in known)


def _of_rule(watch: config.Watch, job: Job, drafts: tuple[Draft, ...]) -> Draft | None:
    """Return what a job's source should become today; under "first" by whichever rule."""
    if watch.rules == "first":
        return drafts[0] if drafts else None
    return next((each for each in drafts if each.plan.rule == job.plan.rule), None)
