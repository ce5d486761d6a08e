"""The commands that work: run, once."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from hotfolder import config, key, secrecy, signals, views
from hotfolder.cli import live, ready, render, status_page
from hotfolder.cli.configured import commands, commands_anywhere
from hotfolder.cli.ending import ExitCode
from hotfolder.cli.options import (
    ConfigOption,
    LogFormat,
    LogFormatOption,
    LogLevelOption,
    VerboseOption,
    for_systemd,
    set_up_log,
)
from hotfolder.cli.plain_log import LogLevel
from hotfolder.cli.progress import bar
from hotfolder.cli.redacting import REDACTOR
from hotfolder.cli.telling import Telling
from hotfolder.domain.failures import ACCOUNT_REFUSALS, BACKLOG
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State
from hotfolder.journal import holds, reading
from hotfolder.journal.reader import Reader
from hotfolder.journal.session import Session
from hotfolder.service import Ended, Service
from hotfolder.supervision import Supervisor

WANTED_ENDS = frozenset({"cancelled", "superseded", "skipped"})


def run(
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    log_format: LogFormatOption = LogFormat.AUTO,
    verbose: VerboseOption = False,
) -> None:
    """Run the daemon in the foreground until SIGTERM or Ctrl-C.

    It watches the input folders of every watch and takes what already stands there, too. The
    first signal lets running steps finish (limits.grace), the second ends at once. SIGHUP reads
    the config again.

    There is a line for each file and, on a terminal, below how it stands; under systemd JSON lines.

    Example: hotfolder run -c studio/hotfolder.toml --log-level debug
    """
    set_up_log(log_level, LogLevel.INFO)
    environment = _kept_secret()
    checked = ready.check(config_file, environment, waits=True)
    is_told = _is_told(log_format)
    if is_told:
        _tell(checked.config, config_file, log_level, verbose=verbose)

    async def until_stopped() -> None:
        requests = signals.listen(asyncio.get_running_loop())
        service = Service(
            checked.config,
            checked.key,
            reread=lambda: ready.check(config_file, environment).config,
            supervisor=Supervisor.of(os.environ),
            find_key=partial(_find_key, environment),
            redactor=REDACTOR,
            commands=commands_anywhere(config_file),
        )
        await service.run(requests.stop, requests.reload)

    with live.line(checked.config, shown=is_told and sys.stderr.isatty()):
        asyncio.run(until_stopped())


def once(
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, metavar="S", help="Give up after S seconds without progress.")
    ] = 600.0,
    release: Annotated[
        bool, typer.Option("--release", help="However many files stand there, hold none back.")
    ] = False,
    log_format: LogFormatOption = LogFormat.AUTO,
    verbose: VerboseOption = False,
) -> None:
    """Take what is there, work until nothing can go on by itself, and exit.

    Exit code 0: all done. 1: some failed, are in doubt, held or waiting. 4: the service refuses
    the key, or there is no money.

    Example: hotfolder once --timeout 1800
    """
    set_up_log(log_level, LogLevel.INFO)
    environment = _kept_secret()
    checked = ready.check(config_file, environment)
    if _is_told(log_format):
        _tell(checked.config, config_file, log_level, verbose=verbose, ends_by_itself=True)

    async def until_still() -> Ended:
        requests = signals.listen(asyncio.get_running_loop())
        with bar() as progress:
            service = Service(
                checked.config,
                checked.key,
                find_key=partial(_find_key, environment),
                redactor=REDACTOR,
                commands=commands_anywhere(config_file),
            )
            return await service.once(
                requests.stop, timeout_s=timeout, release=release, progress=progress
            )

    ended = asyncio.run(until_still())
    with Reader(checked.config.state_dir, checked.config.journal.url) as reader:
        code, seen = reader.read(_verdict, checked.config, ended)
    shown = status_page.status(seen, start=None, commands=commands(config_file))
    render.console().print(shown)
    raise typer.Exit(code)


def _is_told(log_format: LogFormat) -> bool:
    """Whether the log is for people."""
    return log_format is LogFormat.TEXT or (log_format is LogFormat.AUTO and not for_systemd())


def _tell(
    wanted: config.Config,
    config_file: Path | None,
    level: LogLevel | None,
    *,
    verbose: bool,
    ends_by_itself: bool = False,
) -> None:
    """Begin a log that a person reads."""
    telling = Telling(
        {watch.name: views.shown(watch.output.name) for watch in wanted.watch},
        commands=commands(config_file),
        verbose=verbose or level is LogLevel.DEBUG,
        ends_by_itself=ends_by_itself,
        colour=sys.stderr.isatty() and not os.environ.get("NO_COLOR"),
        width=_width,
    )
    set_up_log(level, LogLevel.INFO, tell=telling.line)


def _width() -> int | None:
    """Return how many columns the terminal has that the log goes to, None where it is none."""
    try:
        return os.get_terminal_size(sys.__stderr__.fileno()).columns if sys.__stderr__ else None
    except (OSError, ValueError):
        return None


def _kept_secret() -> Mapping[str, str]:
    """Keep what this process knows from all others; return the environment that it began with."""
    secrecy.hide_memory()
    return secrecy.withdraw(key.VARIABLES)


def _find_key(environment: Mapping[str, str], wanted: config.Config) -> SecretStr:
    return key.find(environment, wanted.api.key_file)


def _verdict(
    session: Session, wanted: config.Config, ended: Ended
) -> tuple[ExitCode, views.Status]:
    seen = views.status(session, wanted, locked=False)
    if any(
        each.scope == holds.ACCOUNT and each.failure.code in ACCOUNT_REFUSALS for each in seen.holds
    ):
        return ExitCode.REFUSED, seen
    good = all(_is_good(job) for job in reading.touched_since(session, ended.before))
    good &= all(row.online for row in seen.watches) and ended.complete
    good &= all(each.failure.code != BACKLOG.code for each in seen.holds)
    good &= not any(reading.a_set_waits(session, each.name) for each in seen.watches)
    return (ExitCode.DONE if good else ExitCode.ATTENTION), seen


def _is_good(job: Job) -> bool:
    """Whether a job came to the end that somebody wanted."""
    wanted = job.failure is not None and job.failure.code in WANTED_ENDS
    is_whole = job.state is State.DONE and job.failure is None
    return is_whole or (job.state is State.CANCELLED and wanted)
