"""The command that looks before anything runs: check."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from hotfolder import config, preflight
from hotfolder.cli import ready, render
from hotfolder.cli.options import ConfigOption, ExitCode, LogLevelOption, set_up_plain_log
from hotfolder.domain.errors import Held, RemoteError
from hotfolder.tree import mounts


def check(
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    online: Annotated[
        bool, typer.Option("--online", help="Also ask the service for the account; free.")
    ] = False,
) -> None:
    """Look at the config, the folders and the key. Changes nothing.

    A hidden trial file in each output folder shows whether results could be published there.

    Exit code 0: it can be started. 2: something is wrong. 4: the service refuses the key.

    Example: hotfolder check -c studio/hotfolder.toml --online
    """
    set_up_plain_log(log_level)
    checked = ready.check(config_file, os.environ)
    out = render.console()
    answering = preflight.answering(checked.config.watch, checked.dead)
    for watch in checked.config.watch:
        out.print(_standing(watch, answers=watch in answering), soft_wrap=True)
    state = render.name(str(checked.config.state_dir))
    out.print(Text.assemble(("ok ", "green"), "state in ", state), soft_wrap=True)
    out.print(Text.assemble(("ok ", "green"), "API key found"))
    unusable = preflight.access_problems(answering) + preflight.missing_commands(checked.config)
    for problem in unusable:
        out.print(Text.assemble(("!! ", "bold red"), render.name(problem)), soft_wrap=True)
    place = config.find(config_file, os.environ, Path.cwd())
    for each in preflight.exposures(place, checked.config):
        words = f"{each.words}: {each.advice}"
        out.print(Text.assemble(("open ", "bold yellow"), render.name(words)), soft_wrap=True)
    if online:
        out.print(_standing_of_account(checked))
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


def _standing_of_account(checked: preflight.Ready) -> Text:
    from hotfolder.cli import online

    try:
        account = online.account(checked.config.api.base_url, checked.key)
    except Held as error:
        render.console(sys.stderr).print(Text(f"{error.failure.message} {error.failure.hint}"))
        raise typer.Exit(ExitCode.REFUSED) from error
    except RemoteError as error:
        said = f"the service could not be asked: {online.why(error, checked.config.api.base_url)}"
        render.console(sys.stderr).print(Text(said))
        raise typer.Exit(ExitCode.ATTENTION) from error
    balance = render.money(account.balance, account.currency)
    return Text.assemble(("ok ", "green"), f"the service accepts the key, balance {balance}")
