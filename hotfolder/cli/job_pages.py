"""Views -> terminal: everything at a glance, jobs, charges, and why a file is where it is."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hotfolder import views
from hotfolder.account.charges import By, Line, totals
from hotfolder.cli import render
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State, WaitsFor
from hotfolder.journal import reading

MOST_NAMED = 10
REMOVED = " (no longer in the config)"
MOST_REASONS = 20
ALIKE_NAMED = 5
# What a file is counted as, and how a count that is not 0 looks.
COLUMNS = {
    "UNDER WAY": "cyan",
    "DONE": "green",
    "WAITING": "yellow",
    "SKIPPED": "",
    "FAILED": "red",
}
STYLES = {
    State.DONE: "green",
    State.FAILED: "red",
    State.IN_DOUBT: "bold yellow",
    State.CANCELLED: "dim",
    State.RUNNING: "cyan",
}


def status(seen: views.Status, *, start: str | None) -> RenderableType:
    """Return everything at a glance; `start` is the command that starts a daemon.

    None = nothing is to be said of a daemon.
    """
    parts: list[RenderableType] = [
        *([] if start is None else [_daemon(seen, start), Text()]),
        _watches(seen.watches),
        Text(),
        _counts(seen),
    ]
    if any(each.skipped for each in seen.counts):
        parts += [Text(), _skipped(seen)]
    if seen.undecided.jobs:
        parts += [Text(), _undecided(seen)]
    if seen.running:
        parts += _running(seen.running)
    if seen.holds:
        parts += [Text(), Text("Held", style="bold yellow"), _holds(seen)]
    for title, listed in _told_of(seen.attention).items():
        if listed:
            parts += [Text(), Text(title, style="bold yellow"), _attention(listed)]
    charges = seen.charges
    parts += [
        Text(),
        Text(
            f"Charged: {render.money(charges.today, charges.currency)} today, "
            f"{render.money(charges.total, charges.currency)} in all"
        ),
    ]
    if seen.at_risk.submits:
        parts += [_at_risk(seen)]
    if seen.unlimited:
        parts += [_unlimited(seen.unlimited)]
    return Group(*parts)


def _daemon(seen: views.Status, start: str) -> Text:
    """Return whether it works at all."""
    said = views.daemon_words(seen.daemon, seen.jobs, datetime.now(UTC))
    if seen.daemon.running and seen.daemon.unconfined:
        can = (
            f"NOT CONFINED: what opens pictures can {seen.daemon.unconfined}; see hotfolder doctor"
        )
        return Text.assemble((said, "bold green"), "\n", (views.shown(can), "bold red"))
    if seen.daemon.running:
        return Text(said, style="bold green")
    return Text.assemble((said, "bold red"), ": start it with ", render.name(start))


def _at_risk(seen: views.Status) -> Text:
    risk = seen.at_risk
    amount = render.money(risk.amount, seen.charges.currency)
    what = "edit whose answer was lost" if risk.submits == 1 else "edits whose answers were lost"
    return Text(f"At risk: about {amount} for {risk.submits} {what}", style="yellow")


def _unlimited(watches: Sequence[str]) -> Text:
    listed = ", ".join(map(views.shown, watches))
    return Text(
        f"No budget: nothing limits what a day of {listed} may cost. "
        "Set limits.daily_charge in the config.",
        style="yellow",
    )


def _watches(rows: list[reading.WatchRow]) -> Table:
    shown = render.table("WATCH", "INPUT", "OUTPUT", "CONDITION")
    for row in rows:
        state = f"online, {row.detect}" if row.online and row.detect else "there, not yet watched"
        text = Text(state, style="green") if row.online else Text("OFFLINE", style="bold red")
        if row.since and not row.online:
            text.append(f" since {views.local_time(row.since)}")
        if row.reason:
            text.append(f": {views.shown(row.reason)}")
        shown.add_row(*map(render.name, (row.name, row.root, row.output_root)), text)
    return shown


def _running(seen: views.ConfigView) -> list[RenderableType]:
    """Return what to say of the config: nothing where all of it is in force."""
    if seen.problem:
        said = f"The config was not taken over, the one before it is in force: {seen.problem}"
    elif seen.edited:
        said = "The config was edited since it was read: SIGHUP or a restart takes it over."
    elif seen.needs_restart:
        said = f"Waits for a restart: {', '.join(seen.needs_restart)}"
    else:
        return []
    return [Text(), Text("\n".join(map(views.shown, said.splitlines())), style="bold yellow")]


def _counts(seen: views.Status) -> Table:
    """Return how many files of each watch are what; each file is in one column."""
    shown = render.table("FILES OF", "ALL", *COLUMNS)
    for each in [*seen.counts, *seen.removed]:
        watch = render.name(each.watch)
        if each in seen.removed:
            watch.append(REMOVED, style="yellow")
        shown.add_row(
            watch, str(each.counts.files), *(_count(each.counts, column) for column in COLUMNS)
        )
    return shown


def _count(counts: views.Counts, column: str) -> Text:
    count = getattr(counts, column.lower().replace(" ", "_"))
    return Text(str(count), style=COLUMNS[column] if count else "dim")


def _skipped(seen: views.Status) -> RenderableType:
    """Return the files that are left out, those with one reason together."""
    shown = render.table("SKIPPED", "WHY")
    for each in seen.counts:
        by_reason: dict[str, list[str]] = {}
        for file in each.skipped:
            by_reason.setdefault(file.reason, []).append(file.path)
        for reason, paths in by_reason.items():
            named = ", ".join(map(views.shown, paths[:MOST_NAMED]))
            more = f" and {len(paths) - MOST_NAMED} more" if len(paths) > MOST_NAMED else ""
            shown.add_row(Text(f"{views.shown(each.watch)}: {named}{more}"), render.name(reason))
        unnamed = each.counts.skipped - len(each.skipped)
        if unnamed > 0:
            shown.add_row(Text(f"{views.shown(each.watch)}: {unnamed} more"), "")
    return shown


def _undecided(seen: views.Status) -> Text:
    """Return how much waits for somebody to approve or reject it."""
    count, size_mb = seen.undecided.jobs, seen.undecided.size / 1e6
    wait = "1 edit waits" if count == 1 else f"{count} edits wait"
    return Text(
        f"Review: {wait} to be approved or rejected, {size_mb:.1f} MB in the spool: "
        "hotfolder review",
        style="bold yellow",
    )


def _holds(seen: views.Status) -> Table:
    """Return the holds, those of watches that the config no longer has last."""
    known = {each.watch for each in seen.counts}
    gone = {hold.scope for hold in seen.holds if not _is_of(hold.scope, known)}
    shown = render.table("SCOPE", "SINCE", "JOBS", "ESTIMATE", "WHY")
    for hold in sorted(seen.holds, key=lambda each: each.scope in gone):
        scope = render.name(hold.scope)
        if hold.scope in gone:
            scope.append(REMOVED, style="yellow")
        shown.add_row(
            scope,
            views.local_time(hold.since),
            str(hold.count),
            render.money(hold.estimate),
            Text(views.shown(views.sentences(hold.failure))),
        )
    return shown


def _is_of(scope: str, watches: Collection[str]) -> bool:
    """Return whether a scope is of one of some watches, or of no single watch."""
    kind, _, place = scope.partition(":")
    return kind not in {"watch", "rule", "backlog"} or place.partition("/")[0] in watches


def _told_of(listed: list[Job]) -> dict[str, list[Job]]:
    """Tell jobs that only a person can help from those that go on by themselves, but late."""
    return {
        "Needs a person": [job for job in listed if job.due_at is None],
        "Delayed": [job for job in listed if job.due_at is not None],
    }


def _attention(listed: list[Job]) -> Table:
    """Return why jobs need a person; those for which that is the same are told together."""
    alike: dict[tuple[str, str], list[Job]] = {}
    for job in listed:
        alike.setdefault((job.watch, views.state_words(job)), []).append(job)
    shown = render.table("JOB", "SOURCE", "WHY")
    for (watch, words), those in list(alike.items())[:MOST_REASONS]:
        numbers = ", ".join(str(job.id) for job in those[:ALIKE_NAMED])
        named = ", ".join(job.source for job in those[:ALIKE_NAMED])
        more = f" and {len(those) - ALIKE_NAMED} more" if len(those) > ALIKE_NAMED else ""
        shown.add_row(numbers, render.name(f"{watch}: {named}{more}"), Text(views.shown(words)))
    if len(alike) > MOST_REASONS:
        left = sum(len(those) for those in list(alike.values())[MOST_REASONS:])
        shown.add_row("", Text(f"and {left} more: see hotfolder jobs"), Text())
    return shown


def jobs(listed: list[views.JobView]) -> RenderableType:
    """Return the jobs as a table."""
    if not listed:
        return Text("No jobs.")
    shown = render.table("JOB", "WATCH", "SOURCE", "STATE", "CHARGE", "OUTPUT OR REASON")
    for each in listed:
        job = each.job
        shown.add_row(
            str(job.id),
            render.name(job.watch),
            render.name(job.source),
            Text(_state(job), style=STYLES.get(job.state, "")),
            render.money(each.charge),
            render.name(", ".join(views.outputs(job)) or _reason(each)),
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
    return views.view_words(view) if waits or is_reviewed else ""


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
    named = [f"job {job} ({words})" for job, words in list(said.items())[:MOST_NAMED]]
    more = f" and {len(said) - MOST_NAMED} more" if len(said) > MOST_NAMED else ""
    count = f"{len(said)} charge{'s' if len(said) > 1 else ''} could not be read"
    what = "Look for what it was in the service's own list; a budget counts the estimate."
    return Text(views.shown(f"{count}: {', '.join(named)}{more}. {what}"))


def explanation(told: views.Explanation, lines: list[reading.HistoryLine]) -> RenderableType:
    """Return why a file is where it is, with its job's history."""
    says_so = told.reason.startswith(told.verdict)  # "offline since ..."
    verdict = Text() if says_so else Text.assemble((told.verdict, "bold"), ": ")
    head = Text.assemble(render.name(told.path), "\n", verdict)
    parts: list[RenderableType] = [head + Text(views.shown(told.reason))]
    if told.sidecars and told.sidecars.read:
        parts.append(Text(views.shown(f"sidecar: {', '.join(told.sidecars.read)}")))
    if told.sidecars and told.sidecars.unread:
        parts.append(Text(views.shown(f"not read: {', '.join(told.sidecars.unread)}")))
    if told.job is not None:
        job = told.job.job
        estimate = render.money(job.estimate.amount, job.estimate.currency)
        about = f"job {job.id}, rule {job.plan.rule}, model {job.plan.model}"
        parts.append(Text(views.shown(f"{about}, estimate {estimate}")))
        if job.plan.prompt:
            parts.append(Text(views.shown(f"prompt: {job.plan.prompt}")))
        history = render.table("WHEN", "WHAT", "STATE", "")
        for line in lines:
            detail = Text(views.shown(_detail(line.detail)))
            history.add_row(
                views.local_time(line.at), _words(line.name), _words(line.to_state), detail
            )
        parts.append(Padding(history, (0, 0, 0, 2)))
    return Group(*parts)


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
