"""The command that shows edits which wait to be approved or rejected, and decides on them."""

from __future__ import annotations

import getpass
import os
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from hotfolder import config, views
from hotfolder.cli import render
from hotfolder.cli.acting import LARGEST_JOB, ask
from hotfolder.cli.configured import own_state, require_watch, valid_config
from hotfolder.cli.options import ConfigOption, JsonOption, LogLevelOption
from hotfolder.cli.plain_log import LogLevel, set_up_plain_log
from hotfolder.domain.errors import OperatorError
from hotfolder.domain.jobs import Job
from hotfolder.journal import reading
from hotfolder.journal.reader import Reader
from hotfolder.journal.session import Session
from hotfolder.outputs.spool import SPOOL_NAME


def review(  # noqa: PLR0913, PLR0917  each is an option of the command
    jobs: Annotated[
        list[int] | None,
        typer.Argument(metavar="JOB…", help="The numbers of jobs.", min=1, max=LARGEST_JOB),
    ] = None,
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    approve: Annotated[bool, typer.Option("--approve", help="Publish their results.")] = False,
    reject: Annotated[
        bool,
        typer.Option("--reject", help="Put their results into _rejected in the output folder."),
    ] = False,
    redo: Annotated[
        bool, typer.Option("--redo", help="Reject, and make and pay the edits anew.")
    ] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take a decision back, within ten seconds.")
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="All that wait; with --watch those of one watch.")
    ] = False,
    watch: Annotated[
        str | None, typer.Option(metavar="WATCH", help="Only the edits of this watch.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """List the edits that wait to be approved or rejected, and decide on them.

    With `review = true` in a watch or rule nothing is published before somebody has decided.
    A decision takes effect after ten seconds; until then --undo takes it back.

    Example: hotfolder review 17 18 --approve
    """
    action = _action(approve=approve, reject=reject, redo=redo, undo=undo)
    if action is None:
        _list(_config(config_file, log_level), jobs or [], watch, json=json)
        return
    if bool(jobs) == every:
        raise OperatorError("say which jobs, or --all for all that wait")
    if every and action == "redo":
        raise OperatorError("--redo pays, and wants the jobs by number")
    meant = jobs or _all(_config(config_file, log_level), watch, undo=undo)
    ask(config_file, log_level, action, {"jobs": meant, "by": _who()}) if meant else _say_none()


def _action(**wished: bool) -> str | None:
    chosen = [name for name, is_wished in wished.items() if is_wished]
    if len(chosen) > 1:
        raise OperatorError("say one of --approve, --reject, --redo and --undo")
    return chosen[0] if chosen else None


def _who() -> str:
    """Return who sits at the terminal, as far as the system knows."""
    with suppress(KeyError, OSError):
        return (os.environ.get("SUDO_USER") or getpass.getuser())[:100]
    return "operator"


def _config(config_file: Path | None, log_level: LogLevel | None) -> config.Config:
    set_up_plain_log(log_level)
    return valid_config(config_file)


def _all(wanted: config.Config, watch: str | None, *, undo: bool) -> list[int]:
    found = _found(wanted, watch)
    return [each.id for each, _ in found if undo == (each.waits_for is None)]


def _say_none() -> None:
    render.console().print("Nothing waits for a decision.")


def _found(wanted: config.Config, watch: str | None) -> list[tuple[Job, Decimal | None]]:
    """Return what waits for a decision, or for its effect, each with what it has cost."""
    require_watch(wanted, watch)
    try:
        with own_state(wanted), Reader(wanted.state_dir, wanted.journal.url) as reader:
            return reader.read(_read_all, watch)
    except FileNotFoundError:
        return []


def _read_all(session: Session, watch: str | None) -> list[tuple[Job, Decimal | None]]:
    found: list[tuple[Job, Decimal | None]] = []
    while True:
        after = found[-1][0].id if found else 0
        more = reading.to_review(session, watch=watch, after=after)
        found += [(job, reading.job_charge(session, job.id)) for job in more]
        if len(more) < reading.MOST_LISTED:
            return found


def _list(wanted: config.Config, jobs: list[int], watch: str | None, *, json: bool) -> None:
    found = _found(wanted, watch)
    if jobs:
        found = [each for each in found if each[0].id in jobs]
    if json:
        spool = wanted.state_dir / SPOOL_NAME
        render.print_json([_as_json(job, charge, spool) for job, charge in found])
    elif found:
        render.console().print(_table(found))
    else:
        _say_none()


def _as_json(job: Job, charge: Decimal | None, spool: Path) -> dict[str, Any]:
    decided = job.decided
    return {
        "job": job.id,
        "watch": job.watch,
        "source": job.source,
        "files": [str(spool / each) for each in _files(job)],
        "charge": None if charge is None else float(charge),
        "redo_price": None if job.estimate.amount is None else float(job.estimate.amount),
        "currency": job.estimate.currency,
        "decision": decided.decision.value if decided and decided.decision else None,
        "by": decided.decided_by if decided else None,
        "takes_effect_at": job.due_at.isoformat() if job.due_at else None,
    }


def _files(job: Job) -> list[str]:
    return [each.spool_file for each in job.results if each.spool_file and not each.published_at]


def _table(found: list[tuple[Job, Decimal | None]]) -> RenderableType:
    shown = render.table("JOB", "WATCH", "SOURCE", "CHARGE", "REDO", "FILES", "DECISION")
    for job, charge in found:
        shown.add_row(
            str(job.id),
            render.name(job.watch),
            render.name(job.source),
            render.money(charge, job.estimate.currency),
            render.money(job.estimate.amount, job.estimate.currency),
            render.name(", ".join(_files(job))),
            Text(
                "-" if job.waits_for else views.shown(views.names_job(views.state_words(job), job))
            ),
        )
    return shown
