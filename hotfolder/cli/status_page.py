"""Views -> terminal: everything at a glance."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hotfolder import views
from hotfolder.cli import render
from hotfolder.domain.commands import Commands, about, unnamed
from hotfolder.domain.jobs import Job
from hotfolder.journal import reading
from hotfolder.journal.holds import Hold
from hotfolder.journal.leases import Machine

UNHEARD_TOLD = timedelta(hours=1)
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


def status(seen: views.Status, *, start: str | None, commands: Commands) -> RenderableType:
    """Return everything at a glance; `start` is the command that starts a daemon.

    None = nothing is to be said of a daemon. `commands` is how others are typed.
    """
    parts: list[RenderableType] = [
        *([] if start is None else [_daemon(seen, start, commands), Text()]),
        _watches(seen),
        Text(),
        _counts(seen),
    ]
    if seen.machines:
        parts += [Text(), *map(_machine, seen.machines)]
    parts += [Text(), _charged(seen), *_warnings(seen)]
    if any(each.skipped for each in seen.counts):
        parts += [Text(), _skipped(seen)]
    if seen.many:
        parts += [Text(), *map(_many, seen.many)]
    if seen.undecided.jobs:
        parts += [Text(), _undecided(seen, commands)]
    if seen.running:
        parts += _running(seen.running)
    if seen.holds:
        parts += [Text(), Text("Held", style="bold yellow"), *_holds(seen, commands)]
    for title, listed in _told_of(seen.attention).items():
        if listed:
            parts += [Text(), Text(title, style="bold yellow"), _attention(listed, commands)]
    return Group(*parts)


def _machine(seen: Machine) -> Text:
    """Return which watches a machine follows, of those that share the journal."""
    follows = ", ".join(map(views.shown, seen.watches)) or "nothing"
    does = f"follows {follows}" if seen.is_there else "NOT RUNNING"
    here = " (here)" if seen.is_here else ""
    return Text(f"{views.shown(seen.name)}{here}: {does}", style="" if seen.is_there else "dim")


def _charged(seen: views.Status) -> Text:
    charges = seen.charges
    return Text(
        f"Charged: {render.money(charges.today, charges.currency)} today, "
        f"{render.money(charges.total, charges.currency)} in all"
    )


def _warnings(seen: views.Status) -> Iterator[Text]:
    if seen.at_risk.submits:
        yield _at_risk(seen)
    if seen.unlimited:
        yield _unlimited(seen.unlimited)
    if seen.unheard_at and datetime.now(UTC) - seen.unheard_at < UNHEARD_TOLD:
        yield _unheard(seen.unheard_at)


def _daemon(seen: views.Status, start: str, commands: Commands) -> Text:
    """Return whether it works at all, and what to do where it does not."""
    if seen.copy is not None:
        restore = commands.typed(f"restore {shlex.quote(str(seen.copy))}")
        lost = ("NOT RUNNING, and the journal is gone", "bold red")
        return Text.assemble(lost, ": put its newest copy back with ", render.name(restore))
    under_way = sum(each.counts.under_way for each in [*seen.counts, *seen.removed])
    said = views.daemon_words(seen.daemon, under_way, datetime.now(UTC))
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


def _unheard(at: datetime) -> Text:
    return Text(
        f"Callbacks are crowded out: at {views.local_time(at)} more connections came to "
        "api.webhook_listen than it keeps. Edits end without them, later; nothing in doubt is sent "
        "again meanwhile. Let only the service reach that port.",
        style="yellow",
    )


def _unlimited(watches: Sequence[str]) -> Text:
    listed = ", ".join(map(views.shown, watches))
    return Text(
        f"No budget: nothing limits what a day of {listed} may cost. "
        "Set limits.daily_charge in the config.",
        style="yellow",
    )


def _watches(seen: views.Status) -> Table:
    shown = render.table("WATCH", "INPUT", "OUTPUT", "CONDITION")
    followed = {watch for each in seen.machines if each.is_there for watch in each.watches}
    for row in seen.watches:
        state = f"online, {row.detect}" if row.detect else "there, not yet watched"
        text = Text(state, style="green") if row.online else Text("OFFLINE", style="bold red")
        if row.online and not (seen.daemon.running or row.name in followed):
            text = Text("not watched now", style="yellow")
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
            named = ", ".join(map(views.shown, paths[: render.MOST_NAMED]))
            more = (
                f" and {len(paths) - render.MOST_NAMED} more"
                if len(paths) > render.MOST_NAMED
                else ""
            )
            shown.add_row(Text(f"{views.shown(each.watch)}: {named}{more}"), render.name(reason))
        unnamed = each.counts.skipped - len(each.skipped)
        if unnamed > 0:
            shown.add_row(Text(f"{views.shown(each.watch)}: {unnamed} more"), "")
    return shown


def _many(file: reading.FileOfMany) -> Text:
    """Return why a file of many jobs takes its time."""
    return Text(
        views.shown(
            f"{file.path} ({file.watch}) became {file.jobs:,} jobs, of which {file.open:,} are not "
            "done; as many are made at once as the service allows"
        )
    )


def _undecided(seen: views.Status, commands: Commands) -> Text:
    """Return how much waits for somebody to approve or reject it."""
    count, size_mb = seen.undecided.jobs, seen.undecided.size / 1e6
    wait = "1 edit waits" if count == 1 else f"{count} edits wait"
    return Text(
        f"Review: {wait} to be approved or rejected, {size_mb:.1f} MB in the spool: "
        f"{commands.typed('review')}",
        style="bold yellow",
    )


def _holds(seen: views.Status, commands: Commands) -> Iterator[RenderableType]:
    """Yield the holds, those for which the reason is the same together.

    Those of watches that the config no longer has come last.
    """
    known = {each.watch for each in seen.counts}
    gone = {hold.scope for hold in seen.holds if not _is_of(hold.scope, known)}
    alike: dict[tuple[bool, str], list[Hold]] = {}
    for hold in sorted(seen.holds, key=lambda each: each.scope in gone):
        words = unnamed(views.sentences(hold.failure), _watch_of(hold))
        alike.setdefault((hold.scope in gone, words), []).append(hold)
    for (is_gone, words), those in alike.items():
        head = render.name(", ".join(hold.said for hold in those))
        if is_gone:
            head.append(REMOVED, style="yellow")
        watches = set(map(_watch_of, those))
        named = about(words, watch=watches.pop()) if len(watches) == 1 else words
        yield head.append(_how_much(those, seen.charges.currency))
        yield Padding(Text(views.shown(commands.completed(named))), (0, 0, 0, 2))


def _how_much(those: Sequence[Hold], currency: str | None) -> str:
    """Return since when holds hold how many jobs, and what those would cost."""
    since, count = min(hold.since for hold in those), sum(hold.count for hold in those)
    told = f"  since {views.local_time(since)}"
    if not count:
        return told
    told += f", {count} job{'' if count == 1 else 's'}"
    estimates = [hold.estimate for hold in those if hold.estimate is not None]
    return (
        f"{told}, about {render.money(sum(estimates, Decimal(0)), currency)}" if estimates else told
    )


def _watch_of(hold: Hold) -> str:
    kind, _, place = hold.scope.partition(":")
    return "" if kind in {"service", "machine"} else place.partition("/")[0]


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


def _attention(listed: list[Job], commands: Commands) -> Table:
    """Return why jobs need a person; those for which that is the same are told together."""
    alike: dict[tuple[str, str], list[Job]] = {}
    for job in listed:
        alike.setdefault((job.watch, views.state_words(job)), []).append(job)
    shown = render.table("JOB", "WHY")
    shown.show_header = False
    for (watch, words), those in list(alike.items())[:MOST_REASONS]:
        numbers = ", ".join(str(job.id) for job in those[:ALIKE_NAMED])
        named = "; ".join(dict.fromkeys(job.called for job in those[:ALIKE_NAMED]))
        more = f" and {len(those) - ALIKE_NAMED} more" if len(those) > ALIKE_NAMED else ""
        meant = " ".join(str(job.id) for job in those) if len(those) <= ALIKE_NAMED else None
        why = commands.completed(about(words, job=meant, watch=watch))
        what = Text(views.shown(f"{watch}: {named}{more}"), style="bold")
        shown.add_row(f"job {numbers}", Text.assemble(what, "\n", views.shown(why)))
    if len(alike) > MOST_REASONS:
        left = sum(len(those) for those in list(alike.values())[MOST_REASONS:])
        shown.add_row("", Text(f"and {left} more: see {commands.typed('jobs')}"))
    return shown
