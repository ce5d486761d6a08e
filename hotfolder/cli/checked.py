"""What check looks at and says."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from hotfolder import config, preflight
from hotfolder.cli import lines, ready
from hotfolder.cli.ending import ExitCode
from hotfolder.domain import spelling
from hotfolder.domain.clock import utc_now
from hotfolder.domain.errors import Held, RemoteError
from hotfolder.tree import mounts

_OK: Final = ("ok ", lines.GREEN)
_SOON: Final = ("soon ", lines.YELLOW)
_AWAY: Final = ("away ", lines.YELLOW)
_BAD: Final = ("!! ", lines.BOLD_RED)
_OPEN: Final = ("open ", lines.BOLD_YELLOW)


def check(config_file: Path | None = None, *, online: bool = False) -> None:
    """Say whether it can be started. Raises SystemExit, ConfigError, KeyProblem."""
    checked = ready.check(config_file, os.environ)
    answering = preflight.answering(checked.config.watch, checked.dead)
    for watch in checked.config.watch:
        _say_standing(watch, answers=watch in answering)
    lines.say(_OK, f"state in {checked.config.state_dir}")
    lines.say(_OK, "API key found")
    unusable = preflight.access_problems(answering) + preflight.missing_commands(checked.config)
    for problem in unusable:
        lines.say(_BAD, problem)
    place = config.find(config_file, os.environ, Path.cwd())
    for each in preflight.exposures(place, checked.config):
        lines.say(_OPEN, f"{each.words}: {each.advice}")
    signs = _say_signing(checked.config)
    if online:
        _say_account(checked)
    if unusable or not signs:
        raise SystemExit(ExitCode.WRONG)


def _say_standing(watch: config.Watch, *, answers: bool) -> None:
    """Say how it is with the folders of a watch."""
    named = f"watch {watch.name}: {watch.input} -> {watch.output}"
    if not answers:
        lines.say(_AWAY, f"{named} (its share does not answer: it is waited for)")
    elif missing := [each for each in (watch.input, watch.output) if not each.is_dir()]:
        why = f"{missing[0]} was there before and is missing: it is waited for"
        lines.say(_AWAY, f"{named} ({why})")
    else:
        mount = mounts.of(watch.input)
        how = "scanning" if mount.remote or watch.detect == "scan" else "events and scanning"
        lines.say(_OK, f"{named} ({how}, {mount.kind})")


def _say_signing(wanted: config.Config) -> bool:
    """Say what signs outputs, if anything is to; returns whether it can."""
    if wanted.provenance.certificate_file is None:
        return True
    from hotfolder.checkup import settings
    from hotfolder.checkup.findings import Verdict

    marks = {Verdict.OK: _OK, Verdict.NOTE: _SOON, Verdict.BAD: _BAD}
    verdicts = set[Verdict]()
    for found in settings.signing(wanted, utc_now()):
        advice = "" if found.verdict is Verdict.OK else f": {found.advice}"
        lines.say(marks[found.verdict], f"signing {found.words}{advice}")
        verdicts.add(found.verdict)
    return Verdict.BAD not in verdicts


def _say_account(checked: preflight.Ready) -> None:
    """Say that the service accepts the key. Raises SystemExit."""
    from rich.text import Text

    from hotfolder.cli import online, render

    try:
        account = online.account(checked.config.api.base_url, checked.key)
    except Held as error:
        render.console(sys.stderr).print(Text(f"{error.failure.message} {error.failure.hint}"))
        raise SystemExit(ExitCode.REFUSED) from error
    except RemoteError as error:
        said = f"the service could not be asked: {online.why(error, checked.config.api.base_url)}"
        render.console(sys.stderr).print(Text(said))
        raise SystemExit(ExitCode.ATTENTION) from error
    balance = spelling.money(account.balance, account.currency)
    lines.say(_OK, f"the service accepts the key, balance {balance}")
