"""The commands that work: run, once, check."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.text import Text

from hotfolder import config, key, preflight, signals, views
from hotfolder.cli import render
from hotfolder.cli.options import (
    ConfigOption,
    ExitCode,
    LogLevel,
    LogLevelOption,
    read_config,
    set_up_log,
)
from hotfolder.cli.progress import bar
from hotfolder.domain.errors import Held, RemoteError
from hotfolder.domain.failures import ACCOUNT_REFUSALS, BACKLOG
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State
from hotfolder.intake import mounts
from hotfolder.journal import holds, reading
from hotfolder.journal.reader import Reader
from hotfolder.journal.session import Session
from hotfolder.runninghub.client import Client
from hotfolder.runninghub.wire import Account
from hotfolder.service import Ended, Service
from hotfolder.supervision import Supervisor

WANTED_ENDS = frozenset({"cancelled", "superseded", "skipped"})


def run(config_file: ConfigOption = None, log_level: LogLevelOption = None) -> None:
    """Run the daemon in the foreground until SIGTERM or Ctrl-C.

    It watches the input folders of every watch and takes what already stands there, too. The
    first signal lets running steps finish (limits.grace), the second ends at once. SIGHUP reads
    the config again.

    Example: hotfolder run -c studio/hotfolder.toml --log-level debug
    """
    set_up_log(log_level, LogLevel.INFO)
    ready = _ready(config_file)

    async def until_stopped() -> None:
        wishes = signals.listen(asyncio.get_running_loop())
        service = Service(
            ready.config,
            ready.key,
            reread=lambda: _ready(config_file).config,
            supervisor=Supervisor.of(os.environ),
            find_key=_find_key,
        )
        await service.run(wishes.stop, wishes.reload)

    asyncio.run(until_stopped())


def once(
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, metavar="S", help="Give up after S seconds without progress.")
    ] = 600.0,
    release: Annotated[
        bool, typer.Option("--release", help="However many pictures stand there, hold none back.")
    ] = False,
) -> None:
    """Take what is there, work until nothing can go on by itself, and exit.

    Exit code 0: all done. 1: some failed, are in doubt, held or waiting. 4: the service refuses
    the key, or there is no money.

    Example: hotfolder once --timeout 1800
    """
    set_up_log(log_level, LogLevel.WARNING if sys.stderr.isatty() else LogLevel.INFO)
    ready = _ready(config_file)

    async def until_still() -> Ended:
        wishes = signals.listen(asyncio.get_running_loop())
        with bar() as progress:
            service = Service(ready.config, ready.key, find_key=_find_key)
            return await service.once(
                wishes.stop, timeout_s=timeout, release=release, progress=progress
            )

    ended = asyncio.run(until_still())
    with Reader(ready.config.state_dir) as reader:
        code, seen = reader.read(_verdict, ready.config, ended)
    render.console().print(render.status(seen))
    raise typer.Exit(code)


def check(
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    online: Annotated[
        bool, typer.Option("--online", help="Also ask the service for the account; free.")
    ] = False,
) -> None:
    """Look at the config, the folders and the key. Changes nothing.

    Exit code 0: it can be started. 2: something is wrong. 4: the service refuses the key.

    Example: hotfolder check -c studio/hotfolder.toml --online
    """
    set_up_log(log_level, LogLevel.WARNING)
    ready = _ready(config_file)
    out = render.console()
    answering = preflight.answering(ready.config.watch, ready.dead)
    for watch in ready.config.watch:
        out.print(_standing(watch, answers=watch in answering), soft_wrap=True)
    state = render.name(str(ready.config.state_dir))
    out.print(Text.assemble(("ok ", "green"), "state in ", state), soft_wrap=True)
    out.print(Text.assemble(("ok ", "green"), "API key found"))
    unusable = preflight.access_problems(answering) + preflight.missing_commands(ready.config)
    for problem in unusable:
        out.print(Text.assemble(("!! ", "bold red"), render.name(problem)), soft_wrap=True)
    if online:
        account = asyncio.run(_account(ready))
        balance = render.money(account.balance, account.currency)
        out.print(
            Text.assemble(("ok ", "green"), f"the service accepts the key, balance {balance}")
        )
    if unusable:
        raise typer.Exit(ExitCode.WRONG)


def _standing(watch: config.Watch, *, answers: bool) -> Text:
    """Return a line on the folders of a watch."""
    named = "watch ", render.name(watch.name), ": ", render.name(f"{watch.input} -> {watch.output}")
    if not answers:
        why = " (its share does not answer: it is waited for)"
    elif not (watch.input.is_dir() and watch.output.is_dir()):
        why = " (a folder that was there before is missing: it is waited for)"
    else:
        mount = mounts.of(watch.input)
        how = "scanning" if mount.remote or watch.detect == "scan" else "events and scanning"
        return Text.assemble(("ok ", "green"), *named, f" ({how}, {mount.kind})")
    return Text.assemble(("away ", "yellow"), *named, why)


async def _account(ready: preflight.Ready) -> Account:
    client = Client(ready.config.api.base_url, ready.key)
    try:
        return await client.account()
    except Held as error:
        render.console(sys.stderr).print(Text(f"{error.failure.message} {error.failure.hint}"))
        raise typer.Exit(ExitCode.REFUSED) from error
    except RemoteError as error:
        render.console(sys.stderr).print(Text(f"the service could not be asked: {error}"))
        raise typer.Exit(ExitCode.ATTENTION) from error
    finally:
        await client.aclose()


def _ready(config_file: ConfigOption) -> preflight.Ready:
    draft = read_config(config_file)
    preflight.check_state_answers(draft)
    return preflight.check(draft, os.environ, seen_online=_seen_online(draft))


def _find_key(wanted: config.Config) -> SecretStr:
    return key.find(os.environ, wanted.api.key_file)


def _seen_online(draft: config.Reading) -> frozenset[str]:
    if draft.config is None:
        return frozenset()
    try:
        with Reader(draft.config.state_dir, any_version=True) as reader:
            return reader.read(reading.seen_online)
    except (FileNotFoundError, PermissionError):
        return frozenset()


def _verdict(
    session: Session, wanted: config.Config, ended: Ended
) -> tuple[ExitCode, views.Status]:
    seen = views.status(session, wanted)
    if any(
        each.scope == holds.ACCOUNT and each.failure.code in ACCOUNT_REFUSALS for each in seen.holds
    ):
        return ExitCode.REFUSED, seen
    good = all(_is_good(job) for job in reading.touched_since(session, ended.before))
    good &= all(row.online for row in seen.watches) and ended.complete
    good &= all(each.failure.code != BACKLOG.code for each in seen.holds)
    return (ExitCode.DONE if good else ExitCode.ATTENTION), seen


def _is_good(job: Job) -> bool:
    """Whether a job came to the end that somebody wanted."""
    wanted = job.failure is not None and job.failure.code in WANTED_ENDS
    return job.state is State.DONE or (job.state is State.CANCELLED and wanted)
