"""What check looks at and says."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from rich.text import Text

from hotfolder import config, preflight
from hotfolder.checkup import settings
from hotfolder.checkup.findings import Finding, Verdict
from hotfolder.cli import ready, render
from hotfolder.cli.ending import ExitCode
from hotfolder.domain.clock import utc_now
from hotfolder.domain.errors import Held, RemoteError
from hotfolder.tree import mounts

_MARKS: Final = {
    Verdict.OK: ("ok ", "green"),
    Verdict.NOTE: ("soon ", "yellow"),
    Verdict.BAD: ("!! ", "bold red"),
}


def check(config_file: Path | None = None, *, online: bool = False) -> None:
    """Say whether it can be started. Raises SystemExit, ConfigError, KeyProblem."""
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
    cannot_sign = False
    for found in settings.signing(checked.config, utc_now()):
        cannot_sign |= found.verdict is Verdict.BAD
        out.print(_signing(found), soft_wrap=True)
    if online:
        out.print(_standing_of_account(checked))
    if unusable or cannot_sign:
        raise SystemExit(ExitCode.WRONG)


def _standing(watch: config.Watch, *, answers: bool) -> Text:
    """Return a line on the folders of a watch."""
    named = "watch ", render.name(watch.name), ": ", render.name(f"{watch.input} -> {watch.output}")
    if not answers:
        why = " (its share does not answer: it is waited for)"
    elif missing := [each for each in (watch.input, watch.output) if not each.is_dir()]:
        why = f" ({render.name(str(missing[0]))} was there before and is missing: it is waited for)"
    else:
        mount = mounts.of(watch.input)
        how = "scanning" if mount.remote or watch.detect == "scan" else "events and scanning"
        return Text.assemble(("ok ", "green"), *named, f" ({how}, {mount.kind})")
    return Text.assemble(("away ", "yellow"), *named, why)


def _signing(found: Finding) -> Text:
    """Return a line on what signs outputs."""
    words = found.words if found.verdict is Verdict.OK else f"{found.words}: {found.advice}"
    return Text.assemble(_MARKS[found.verdict], "signing ", render.name(words))


def _standing_of_account(checked: preflight.Ready) -> Text:
    from hotfolder.cli import online

    try:
        account = online.account(checked.config.api.base_url, checked.key)
    except Held as error:
        render.console(sys.stderr).print(Text(f"{error.failure.message} {error.failure.hint}"))
        raise SystemExit(ExitCode.REFUSED) from error
    except RemoteError as error:
        said = f"the service could not be asked: {online.why(error, checked.config.api.base_url)}"
        render.console(sys.stderr).print(Text(said))
        raise SystemExit(ExitCode.ATTENTION) from error
    balance = render.money(account.balance, account.currency)
    return Text.assemble(("ok ", "green"), f"the service accepts the key, balance {balance}")
