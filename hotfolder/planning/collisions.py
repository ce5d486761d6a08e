"""`collision = "skip"`: a source whose output stands there already is not edited.

Decided when it is accepted, before anything is paid. A file that turns up under the name later
is no reason to throw away what was paid: the output then gets a number.
"""

from __future__ import annotations

from dataclasses import replace

from hotfolder import config
from hotfolder.domain import names
from hotfolder.journal import acceptance
from hotfolder.journal.drafts import Draft, SettledSet
from hotfolder.journal.journal import Journal
from hotfolder.kinds.kind import BY_OUTPUT, ENDINGS
from hotfolder.outputs import target
from hotfolder.planning.examine import Unwanted, Verdict, Wanted


def without_collisions(journal: Journal, watch: config.Watch, verdict: Verdict) -> Verdict:
    """Leave out of a verdict the drafts whose outputs stand there; blocks.

    Raises OutputError where the output folder cannot be looked at.
    """
    if watch.collision != "skip" or not isinstance(verdict, Wanted):
        return verdict
    kept: list[Draft] = []
    reasons: list[str] = []
    for draft in verdict.drafts:
        reason = _collision(journal, watch, verdict.found, draft)
        reasons.append(reason) if reason else kept.append(draft)
    return replace(verdict, drafts=tuple(kept)) if kept else Unwanted(verdict.found, reasons[0])


def _collision(
    journal: Journal, watch: config.Watch, found: SettledSet, draft: Draft
) -> str | None:
    expected = journal.run_blocking(
        acceptance.expected_output,
        found,
        draft,
        str(watch.output),
        per_rule=watch.rules == "all",
    )
    if expected is None:
        return None
    if expected.under_way:
        return "an earlier version of this file is being edited, and collision is skip"
    # The service decides the type of its result, but not what kind of file a model makes.
    model = watch.catalog.look_up(draft.plan.model) or watch.catalog.default
    endings = ENDINGS[BY_OUTPUT[model.output]]
    wanted = [names.fit(expected.stem, each) for each in endings]
    name = target.find_output(watch.output, expected.folder, wanted)
    return f"the output {name} stands there already, and collision is skip" if name else None
