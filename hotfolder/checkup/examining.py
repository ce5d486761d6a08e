"""Every check, one after the other."""

from __future__ import annotations

from collections.abc import Mapping

from hotfolder.checkup import folders, machine, record, settings
from hotfolder.checkup.findings import Finding, Findings, Verdict
from hotfolder.config import ConfigError, Reading
from hotfolder.domain.clock import utc_now
from hotfolder.preflight import answering, check_state_answers, silent


def examine(draft: Reading, environment: Mapping[str, str]) -> Findings:
    """Yield what is found, check by check, as soon as it is known."""
    yield from machine.program()
    try:
        check_state_answers(draft)
    except ConfigError as error:
        yield Finding(Verdict.BAD, "state", str(error.problems[0]), "nothing else can be looked at")
        return
    watches = draft.config.watch if draft.config else []
    dead = silent(draft)
    there = answering(watches, dead)
    yield from machine.limits(there)
    yield from settings.stated(draft, dead)
    yield from settings.api_key(draft, environment)
    if draft.config is None:
        return
    for watch in watches:
        if watch in there:
            yield from folders.watched(watch, draft.config.limits.min_free_mb)
        else:
            yield from folders.silent(watch)
    yield from folders.state(draft.config)
    yield from record.journal(draft.config)
    yield from settings.open_to_others(draft.path, draft.config)
    yield from settings.budget(draft.config)
    yield from settings.page(draft.config)
    yield from settings.signing(draft.config, utc_now())
    yield from settings.receivers(draft.config)
    yield from machine.media(watches)
    yield from machine.confinement()
    yield from machine.unit()
