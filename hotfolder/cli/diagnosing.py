"""The command that looks an installation over: doctor."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.text import Text

from hotfolder import config, key
from hotfolder.checkup import examining
from hotfolder.checkup.findings import Finding, Verdict
from hotfolder.checkup.machine import clock_finding
from hotfolder.cli import render
from hotfolder.cli.configured import read_config
from hotfolder.cli.ending import ExitCode
from hotfolder.cli.options import ConfigOption, JsonOption, LogLevelOption, set_up_log
from hotfolder.cli.plain_log import LogLevel
from hotfolder.domain.clock import utc_now
from hotfolder.domain.errors import RemoteError

MARKS = {
    Verdict.OK: ("ok   ", "green"),
    Verdict.NOTE: ("note ", "yellow"),
    Verdict.BAD: ("BAD  ", "bold red"),
}


def doctor(
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    online: Annotated[
        bool, typer.Option("--online", help="Also ask the service for key and account; free.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Look the whole installation over: each line is ok, or says what to do.

    The program, the system's limits, config, key, folders and mounts, free space, the clock, the
    journal, the service's unit. Exit code 0: all is well. 1: something is to be done.

    Example: sudo -u hotfolder hotfolder doctor -c /etc/hotfolder/studio.toml --online
    """
    set_up_log(log_level, LogLevel.WARNING)
    found = []
    for each in _findings(config_file, online=online):
        found.append(each)
        if not json:
            _say(each)
    if json:
        render.print_json(
            [
                {
                    "verdict": each.verdict,
                    "subject": each.subject,
                    "words": each.words,
                    "advice": each.advice,
                }
                for each in found
            ]
        )
    if any(each.verdict is Verdict.BAD for each in found):
        raise typer.Exit(ExitCode.ATTENTION)


def _findings(config_file: ConfigOption, *, online: bool) -> Iterator[Finding]:
    try:
        draft = read_config(config_file)
    except config.ConfigError as error:
        draft = config.Reading(error.path, "", {}, None, error.problems)
    yield from examining.examine(draft, os.environ)
    if online and draft.config is not None:
        yield from _online(draft.config)


def _online(wanted: config.Config) -> Iterator[Finding]:
    from hotfolder.cli import online

    try:
        account = online.account(wanted.api.base_url, key.find(os.environ, wanted.api.key_file))
    except key.KeyProblem:
        return  # told already
    except RemoteError as error:
        yield Finding(
            Verdict.BAD, "service", f"{wanted.api.base_url}: {error}", "is the network there?"
        )
        return
    balance = render.money(account.balance, account.currency)
    yield Finding(Verdict.OK, "service", f"{wanted.api.base_url}, balance {balance}")
    yield clock_finding(account.at, utc_now())


def _say(each: Finding) -> None:
    mark, style = MARKS[each.verdict]
    out = render.console()
    words = render.name(each.words)
    out.print(Text.assemble((mark, style), (each.subject, "bold"), ": ", words), soft_wrap=True)
    if each.advice and each.verdict is not Verdict.OK:
        out.print(Text.assemble("     -> ", render.name(each.advice)), soft_wrap=True)
