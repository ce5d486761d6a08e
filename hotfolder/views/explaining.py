"""Why a file is where it is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from hotfolder import config
from hotfolder.domain.commands import about
from hotfolder.domain.failures import BACKLOG, OTHER_JOURNAL, RESTORED, Failure, opened_at_last
from hotfolder.domain.file_failures import CHANGED_UNKNOWN
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import BEFORE_INTENT, State, WaitsFor
from hotfolder.domain.texts import is_text
from hotfolder.journal import aside, holds, reading
from hotfolder.journal.holds import Hold
from hotfolder.journal.session import Session
from hotfolder.planning import forms, speaking
from hotfolder.tree import files
from hotfolder.views.explanation import Explanation, Sidecars, VerdictWord
from hotfolder.views.listing import conversion, job_view, waits
from hotfolder.views.wording import local_time, sentences, view_words

# A file may have become thousands of jobs.
MOST_TOLD: Final = 50
# Why files are held back, besides a backlog, by what the journal keeps of them.
_WHY_HELD: Final = {each.message: each for each in (opened_at_last(), RESTORED, OTHER_JOURNAL)}


def explain(
    session: Session | None,
    wanted: config.Known,
    path: Path,
    *,
    settling: str | None,
    daemon: bool,
) -> Explanation:
    """Say why a file is where it is.

    `session` None = there is no journal yet; `settling` is what a running daemon says of a file
    on its way; `daemon` whether one runs.
    """
    shown_path = os.fspath(path)
    found = place(path, wanted)
    if found is None:
        return Explanation(path=shown_path, verdict="unknown", reason=_outside(path, wanted))
    watch, relative = found
    row = _watch_row(session, watch) if session else None
    known = _of_journal(session, row, relative, shown_path, settling) if session and row else None
    offline = daemon and row is not None and not row.online
    if offline and row and (known is None or _needs_source(known)):
        told = Explanation(path=shown_path, verdict="offline", reason=_offline(watch, row))
        return replace(told, job=known.job, others=known.others) if known else told
    if session and row and known is None:
        known = _moved(session, row, relative, shown_path)
    told = known or _unseen(session, row, wanted, watch, relative, shown_path, daemon=daemon)
    job = str(told.job.job.id) if told.job else None
    told = replace(told, reason=about(told.reason, job=job, watch=watch.name))
    return told if offline else replace(told, sidecars=_sidecars(session, watch, relative))


def _unseen(
    session: Session | None,
    row: reading.WatchRow | None,
    wanted: config.Known,
    followed: config.Followed,
    relative: str,
    path: str,
    *,
    daemon: bool,
) -> Explanation:
    """Say what a file's name and folder tell, which takes all of the config."""
    from hotfolder.views import unseen  # noqa: PLC0415  it knows the rules, the journal's files not

    watch = wanted.whole().watch_named(followed.name)
    if watch is None:  # the config was edited just now
        return Explanation(path=path, verdict="unknown", reason=_outside(Path(path), wanted))
    held_up = unseen.holds_up(session, row, watch, relative, path) if session and row else None
    return held_up or unseen.of_name(path, watch, relative, daemon=daemon)


def _outside(path: Path, wanted: config.Known) -> str:
    absolute = Path(os.path.abspath(path))  # noqa: PTH100  links stay
    own = next((each.name for each in wanted.watch if each.input == absolute), None)
    if own is not None:
        return f"it is the folder of the watch {own}: status tells of it, explain of a file in it"
    return "it is not inside any watched folder"


def place(path: Path, wanted: config.Known) -> tuple[config.Followed, str] | None:
    """Return the watch that a path belongs to and the path relative to it, or None."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100  links stay
    for watch in wanted.watch:  # first without asking the disk: a share that is away may hang
        if watch.input in absolute.parents:
            return watch, absolute.relative_to(watch.input).as_posix()
    real = Path(os.path.realpath(absolute.parent)) / absolute.name
    for watch in wanted.watch:
        for root in (watch.input, Path(os.path.realpath(watch.input))):
            for spelling in (absolute, real):
                if root in spelling.parents:
                    return watch, spelling.relative_to(root).as_posix()
    return None


def _watch_row(session: Session, watch: config.Followed) -> reading.WatchRow | None:
    return next((row for row in reading.watches(session) if row.name == watch.name), None)


def _needs_source(told: Explanation) -> bool:
    return told.job is not None and told.job.job.state in BEFORE_INTENT


def _of_journal(
    session: Session, row: reading.WatchRow, relative: str, path: str, settling: str | None
) -> Explanation | None:
    """Say what the journal, and the daemon, know of a path; None = nothing."""
    known = reading.source(session, row.id, relative)
    listed = reading.jobs_of_source(session, known.id, MOST_TOLD) if known else []
    if settling is not None and not (listed and waits(listed[0])):
        return Explanation(path=path, verdict="settling", reason=settling)
    if known and known.held:
        return Explanation(path=path, verdict="held", reason=sentences(_why_held(known)))
    done_with = {job.digest for job in listed}
    if known and known.skipped and known.identity not in done_with:
        return Explanation(path=path, verdict="skipped", reason=known.reason or "not wanted")
    if not known or not listed:
        return _of_set(session, row.id, relative, path)
    told = _of_jobs(session, path, listed)
    reason = f"{told.reason}{_with_others(listed[0])}{_original(known)}"
    return replace(told, reason=reason, states=reading.states_of_source(session, known.id))


def _why_held(known: reading.SourceRow) -> Failure:
    usual = CHANGED_UNKNOWN if known.identity else BACKLOG
    return _WHY_HELD.get(known.reason or "", usual)


def _of_set(session: Session, watch: int, relative: str, path: str) -> Explanation | None:
    """Say what the set of a file lacks, or has too much; None where it waits with none."""
    waits_with = aside.waits_with(session, watch, relative)
    if waits_with is None:
        return None
    key, reason = waits_with
    told = f"its set {key} {reason}" if reason.startswith("needs") else f"its set {key}: {reason}"
    return Explanation(path=path, verdict="waiting", reason=told)


def _with_others(job: Job) -> str:
    """Return which files are sent together, where they are several."""
    if len(job.members) == 1:
        return ""
    *names, last = [each.name for each in job.members]
    return f"; {job.key} is made of {', '.join(names)} and {last}"


def _original(known: reading.SourceRow) -> str:
    """Return where the original went, or why it could not go."""
    if known.moved_to is not None:
        return f"; its original is {known.moved_to} in the output folder"
    return f"; {known.reason}" if known.reason else ""


def _of_jobs(session: Session, path: str, listed: list[Job]) -> Explanation:
    job = listed[0]
    held = _hold_over(session, job)
    newest = job_view(session, job, held.failure if held else None)
    older = [job_view(session, each, None) for each in listed[1:]]
    verdict: VerdictWord = "job"
    reason = view_words(newest)
    if job.waits_for is WaitsFor.REVIEW:
        verdict = "waiting"
    elif waits(job):
        verdict = "held" if job.waits_for is WaitsFor.HOLD else "waiting"
        reason = sentences(job.failure) if job.failure else reason
        leading = _hold_over(session, newest.leader) if newest.leader else None
        if leading is not None:
            reason = f"{reason}; it is held: {sentences(leading.failure)}"
    elif held is not None:
        verdict = "waiting" if holds.is_of(held.scope, holds.SERVICE) else "held"
        reason = f"{sentences(held.failure)} It has been so since {local_time(held.since)}."
    for told in _work_on_pictures(session, job):
        reason = f"{reason.rstrip('.')}. {told}"
    return Explanation(path=path, verdict=verdict, reason=reason, job=newest, others=tuple(older))


def _work_on_pictures(session: Session, job: Job) -> Iterator[str]:
    """Say what is done to the picture on its way to the service, and was done to the results."""
    if conversion(job) and job.state is not State.FAILED:
        done = "is" if job.state is State.ACCEPTED else "was"
        yield f"For the upload it {done} converted: {'; '.join(conversion(job))}"
    for each in job.references:
        if each.preparation:
            yield f"Its reference {each.name} is converted: {'; '.join(each.preparation.reasons)}"
    finished = reading.finished(session, job.id)
    if finished:
        yield f"The result was finished: {finished}"


def _hold_over(session: Session, job: Job) -> Hold | None:
    if job.waits_for is not None:
        return None
    return next(iter(holds.holds_over(session, job)), None)


def _moved(session: Session, row: reading.WatchRow, relative: str, path: str) -> Explanation | None:
    new_place = reading.went_to(session, row.id, relative)
    if new_place is None or os.path.lexists(path):
        return None
    reason = f"it was moved to {new_place}, and its edit goes on there"
    return Explanation(path=path, verdict="unknown", reason=reason)


def _offline(watch: config.Followed, row: reading.WatchRow) -> str:
    if row.since is None or row.reason is None:
        return f"the folder {watch.input} is not there"
    return f"offline since {local_time(row.since)}: {row.reason}"


def _sidecars(session: Session | None, watch: config.Followed, relative: str) -> Sidecars | None:
    if watch.sidecar == "none" or forms.is_sidecar(relative):
        return None
    try:
        found = speaking.beside(watch.input, relative)
    except (OSError, files.SourceError):
        return None
    own = found.sidecar[0] if found.sidecar else ""
    if session and is_text(own) and reading.became_job(session, os.fspath(watch.input), own):
        found = found.without(own)
    read = (*((found.sidecar,) if found.sidecar else ()), *found.folder_files)
    return Sidecars(
        read=tuple(path for path, _ in read), unread=tuple(path for path, _ in found.unread)
    )
