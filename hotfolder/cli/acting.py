"""The commands that change something: retry, resolve, cancel, release, pause, resume.

While a daemon runs they ask it; without one they take its lock and do it themselves.
"""

from __future__ import annotations

import asyncio
import os
from typing import Annotated, Any

import typer

from hotfolder import config, control, key
from hotfolder.cli import render
from hotfolder.cli.options import (
    ConfigOption,
    LogLevel,
    LogLevelOption,
    other_user,
    own_state,
    set_up_log,
    valid_config,
)
from hotfolder.domain.errors import OperatorError
from hotfolder.journal import recovery
from hotfolder.journal.connection import FILE_NAME
from hotfolder.journal.journal import Journal, is_locked
from hotfolder.runninghub.client import Client

LARGEST_JOB = 2**63 - 1
JobArgument = Annotated[
    int, typer.Argument(metavar="JOB", help="The number of a job.", min=1, max=LARGEST_JOB)
]

WatchArgument = Annotated[
    str | None, typer.Argument(metavar="WATCH", help="One watch; all of them by default.")
]


def retry(
    jobs: Annotated[
        list[int] | None,
        typer.Argument(metavar="JOB…", help="The numbers of failed jobs.", min=1, max=LARGEST_JOB),
    ] = None,
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    failed: Annotated[bool, typer.Option("--failed", help="All failed jobs.")] = False,
    pay_again: Annotated[
        bool, typer.Option("--pay-again", help="Make the edit anew and pay for it anew.")
    ] = False,
    changed: Annotated[
        bool,
        typer.Option(
            "--changed", help="Make finished edits anew whose prompt or rule changed; this pays."
        ),
    ] = False,
) -> None:
    """Work on failed jobs again.

    A result that was already paid is only asked for again, which is free. An edit that was not
    paid is submitted again. With --pay-again even a paid or finished one is made anew. With
    --changed the jobs named, or all, are made and paid anew that `jobs` shows as stale.

    Example: hotfolder retry --failed
    """
    set_up_log(log_level, LogLevel.WARNING)
    if changed and failed:
        raise OperatorError("say either --failed or --changed")
    if not changed and bool(jobs) == failed:
        raise OperatorError("say which jobs, or --failed for all failed ones")
    if failed and pay_again:
        raise OperatorError("--pay-again wants the jobs by number")
    _wish(config_file, "retry", {"jobs": jobs or [], "pay_again": pay_again, "changed": changed})


def resolve(
    job: JobArgument,
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    task_id: Annotated[
        str | None,
        typer.Option("--task-id", metavar="ID", help="The service accepted it as this task."),
    ] = None,
    resend: Annotated[
        bool, typer.Option("--resend", help="The service did not accept it: submit it again.")
    ] = False,
    abandon: Annotated[bool, typer.Option("--abandon", help="Give the job up.")] = False,
) -> None:
    """Settle a job in doubt: its edit was sent, and no answer came.

    Look in the service's account pages whether a task was made at that time. If so, give its
    id; if not, resend. Resending an edit that was accepted pays for it twice.

    Example: hotfolder resolve 17 --task-id 2013508786110730241
    """
    set_up_log(log_level, LogLevel.WARNING)
    wish = {"job": job, "task_id": task_id, "resend": resend, "abandon": abandon}
    _wish(config_file, "resolve", wish)


def cancel(
    jobs: Annotated[
        list[int],
        typer.Argument(metavar="JOB…", help="The numbers of jobs.", min=1, max=LARGEST_JOB),
    ],
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
) -> None:
    """Give jobs up that are not yet edited.

    Before they are sent that is free. A running one is cancelled if the service can.

    Example: hotfolder cancel 17 18
    """
    set_up_log(log_level, LogLevel.WARNING)
    _wish(config_file, "cancel", {"jobs": jobs})


def pause(
    watch: WatchArgument = None,
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
) -> None:
    """Stop uploading and submitting by hand, until resume.

    Edits that run at the service are still fetched and published. It lasts across restarts.

    Example: hotfolder pause portraits
    """
    set_up_log(log_level, LogLevel.WARNING)
    _wish(config_file, "pause", {"watch": watch})


def resume(
    watch: WatchArgument = None,
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
) -> None:
    """Let go on what was paused, and have whatever holds the account tried at once.

    After mending the key or the money, this saves waiting for the next trial.

    Example: hotfolder resume portraits
    """
    set_up_log(log_level, LogLevel.WARNING)
    _wish(config_file, "resume", {"watch": watch})


def release(
    watch: Annotated[str, typer.Argument(metavar="WATCH", help="The watch.")],
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    skip: Annotated[
        bool, typer.Option("--skip", help="Leave these pictures out instead; nothing is paid.")
    ] = False,
) -> None:
    """Have the pictures edited that are held because they stood there before.

    More than limits.backlog pictures that stand in a folder when its watch, the rules or the
    journal are new are held, since each is paid. Pictures dropped later go on meanwhile.

    Example: hotfolder release portraits
    """
    set_up_log(log_level, LogLevel.WARNING)
    _wish(config_file, "release", {"watch": watch, "skip": skip})


def _wish(config_file: ConfigOption, action: str, wish: dict[str, Any]) -> None:
    wanted = valid_config(config_file)
    lines = _through_daemon(wanted, action, wish)
    if lines is None:
        lines = asyncio.run(_alone(wanted, action, wish))
    out = render.console()
    for line in lines or ["nothing to do"]:
        out.print(render.name(line))


def _through_daemon(wanted: config.Config, action: str, wish: dict[str, Any]) -> list[str] | None:
    with own_state(wanted):
        if not is_locked(wanted.state_dir):
            return None
        try:
            return control.send(wanted.state_dir, action, wish)
        except (ConnectionError, FileNotFoundError):
            raise OperatorError("a hotfolder runs but does not listen; try again") from None
        except TimeoutError:
            raise OperatorError("a hotfolder runs but does not answer; see its log") from None


async def _alone(wanted: config.Config, action: str, wish: dict[str, Any]) -> list[str]:
    with own_state(wanted):
        if not (wanted.state_dir / FILE_NAME).exists():
            raise OperatorError("there are no jobs yet: nothing has run here")
        if wanted.state_dir.stat().st_uid != os.geteuid():
            raise other_user(wanted)
    try:
        client = Client(wanted.api.base_url, key.find(os.environ, wanted.api.key_file))
    except key.KeyProblem:
        client = None
    try:
        with Journal(wanted.state_dir) as journal:
            await journal.run(recovery.recover)
            acting = control.Control(journal, client, watch=wanted.watch_named)
            return await acting.grant(action, wish)
    finally:
        if client is not None:
            await client.aclose()
