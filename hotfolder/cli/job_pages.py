"""Views -> terminal: jobs, charges, and why a file is where it is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from hotfolder import views
from hotfolder.account.charges import By, Line, totals
from hotfolder.cli import render
from hotfolder.domain.commands import Commands
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State, WaitsFor
from hotfolder.journal import reading

STYLES = {
    State.DONE: "green",
    State.FAILED: "red",
    State.IN_DOUBT: "bold yellow",
    State.CANCELLED: "dim",
    State.RUNNING: "cyan",
}


def jobs(listed: list[views.JobView], commands: Commands) -> RenderableType:
    """Return the jobs as a table; `commands` is how those are typed that a reason names."""
    if not listed:
        return Text("No jobs.")
    shown = render.table("JOB", "WATCH", "SOURCE", "STATE", "CHARGE", "OUTPUT OR REASON")
    for each in listed:
        job = each.job
        shown.add_row(
            str(job.id),
            render.name(job.watch),
            render.name(job.called),
            Text(_state(job), style=STYLES.get(job.state, "")),
            render.money(each.charge),
            render.name(", ".join(views.outputs(job)) or commands.completed(_reason(each))),
        )
    return shown


def _state(job: Job) -> str:
    return job.state.value.replace("_", " ") + (", stale" if job.stale else "")


def _reason(view: views.JobView) -> str:
    """Return why a job has no output yet, briefly."""
    reason = view.job.failure or view.held
    if reason is not None:
        return reason.message
    waits = view.job.waits_for is WaitsFor.LEADER and view.leader is not None
    is_reviewed = view.job.waits_for is WaitsFor.REVIEW or view.job.decided is not None
    return views.names_job(views.view_words(view), view.job) if waits or is_reviewed else ""


def charges(by: By, listed: list[Line], *, unread: bool) -> RenderableType:
    """Return the charges as a table with the sum of each currency; `unread`: there are others."""
    if not listed:
        return Text("No charge could be read." if unread else "Nothing has been charged yet.")
    shown = render.table(by.value.upper(), "PAID", "FREE", "CHARGE")
    for line in listed:
        amount = render.money(line.charge, line.currency)
        shown.add_row(render.name(line.key), str(line.paid), str(line.free), amount)
    for amount_in_all, currency in totals(listed):
        shown.add_row(Text("in all", style="bold"), "", "", render.money(amount_in_all, currency))
    return shown


def unreadable_charges(said: Mapping[int, str]) -> Text:
    """Return which jobs have a charge that is in no sum, with what the service said."""
    named = [f"job {job} ({words})" for job, words in list(said.items())[: render.MOST_NAMED]]
    more = f" and {len(said) - render.MOST_NAMED} more" if len(said) > render.MOST_NAMED else ""
    count = f"{len(said)} charge{'s' if len(said) > 1 else ''} could not be read"
    what = "Look for what it was in the service's own list; a budget counts the estimate."
    return Text(views.shown(f"{count}: {', '.join(named)}{more}. {what}"))


def explanation(
    told: views.Explanation, lines: list[reading.HistoryLine], commands: Commands
) -> RenderableType:
    """Return why a file is where it is, with its job's history.

    `commands` is how those are typed that it names.
    """
    says_so = told.reason.startswith(told.verdict)  # "offline since ..."
    verdict = Text() if says_so else Text.assemble((told.verdict, "bold"), ": ")
    head = Text.assemble(render.name(told.path), "\n", verdict)
    parts: list[RenderableType] = [head + Text(views.shown(commands.completed(told.reason)))]
    if told.sidecars and told.sidecars.read:
        parts.append(Text(views.shown(f"sidecar: {', '.join(told.sidecars.read)}")))
    if told.sidecars and told.sidecars.unread:
        parts.append(Text(views.shown(f"not read: {', '.join(told.sidecars.unread)}")))
    if told.job is not None:
        job = told.job.job
        estimate = render.money(job.estimate.amount, job.estimate.currency)
        which = f", {job.part}" if job.part else ""
        about = f"job {job.id}{which}, rule {job.plan.rule}, model {job.plan.model}"
        parts.append(Text(views.shown(f"{about}, estimate {estimate}")))
        if job.plan.prompt:
            parts.append(Text(views.shown(f"prompt: {job.plan.prompt}")))
        if job.plan.drawn:
            parts.append(Text(views.shown(_drawn(job))))
        if job.submit is not None and job.submit.page is not None:
            parts.append(Text(views.shown(f"at the service: {job.submit.page}")))
        parts += [Text(views.shown(line)) for line in views.beside(told)]
        history = render.table("WHEN", "WHAT", "STATE", "")
        for line in lines:
            detail = Text(views.shown(_detail(line.detail)))
            history.add_row(
                views.local_time(line.at), _words(line.name), _words(line.to_state), detail
            )
        parts.append(Padding(history, (0, 0, 0, 2)))
    return Group(*parts)


def _drawn(job: Job) -> str:
    """Return what chance gave a job."""
    numbers = (f"{key} {job.plan.params.get(key)}" for key in job.plan.drawn)
    return f"by chance: {', '.join(numbers)}"


def _words(stored: str) -> str:
    """Return the name of an event or state as people write it."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", stored).replace("_", " ").lower()


def _detail(stored: str) -> str:
    """Return what the history keeps of an event, as people write it."""
    fields: dict[str, Any] = json.loads(stored)
    told = ((_words(key), _plain(each)) for key, each in fields.items() if key != "query_at")
    return ", ".join(f"{key} {each}" if each != "yes" else key for key, each in told if each)


def _plain(value: object) -> str:
    """Return a value in words: a time as the owner's clock shows it, "" for nothing to tell."""
    match value:
        case bool():
            return "yes" if value else ""
        case int():
            return str(value)
        case str():
            with suppress(ValueError):
                return views.local_time(datetime.fromisoformat(value)) if "T" in value else value
            return value
    return ""
