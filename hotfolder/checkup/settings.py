"""What the owner states: the config, the key, and who is told."""

from __future__ import annotations

import stat
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from hotfolder import credential, installation, key
from hotfolder.checkup.findings import Finding, Findings, Verdict, judge
from hotfolder.config import Config, Reading
from hotfolder.preflight import exposures, missing_commands, problems

LEAST_PASSWORD: Final = 8
CERTIFICATE_WARNING: Final = timedelta(days=30)


def stated(draft: Reading, dead: Collection[Path]) -> Findings:
    """Yield what is wrong with the config; the folders are looked at one by one."""
    watches = draft.config.watch if draft.config else []
    names = [each.name for each in watches]
    found = problems(draft, seen_online=names, dead=dead)
    for problem in found:
        there = "mend that line" if problem.line else "mend the config"
        advice = there if draft.path.exists() else "hotfolder init DIR, or name yours: -c FILE"
        yield Finding(Verdict.BAD, "config", f"{draft.path}: {problem}", advice)
    if not found:
        yield Finding(Verdict.OK, "config", str(draft.path))


def api_key(draft: Reading, environment: Mapping[str, str]) -> Findings:
    """Yield whether there is a key, for this user or for the service."""
    try:
        key.find(environment, draft.config.api.key_file if draft.config else None)
    except key.KeyProblem as error:
        service = installation.SETTINGS / f"{draft.path.stem}.key"
        if draft.path.parent == installation.SETTINGS and service.exists():
            yield from _service_key(service)
            return
        yield Finding(Verdict.BAD, "API key", str(error), "see api.key_file in the config")
        return
    yield Finding(Verdict.OK, "API key", "found")


def _service_key(path: Path) -> Findings:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        yield Finding(Verdict.BAD, "API key", f"{path}: {error.strerror}")
        return
    yield judge(not mode & 0o077, "API key", f"{path}, for the service only", f"chmod 600 {path}")


def open_to_others(path: Path, wanted: Config) -> Findings:
    """Yield what others may read or overhear."""
    found = list(exposures(path, wanted))
    for each in found:
        yield Finding(Verdict.BAD, "open to others", each.words, each.advice)
    if not found:
        yield Finding(Verdict.OK, "open to others", "no secret of the config, journal or copies")


def budget(wanted: Config) -> Findings:
    """Yield whether anything limits what a day may cost."""
    if not wanted.unlimited:
        yield Finding(Verdict.OK, "budget", "what a day may cost is limited")
        return
    words = f"nothing limits what a day may cost: {', '.join(wanted.unlimited)}"
    yield Finding(Verdict.NOTE, "budget", words, "set limits.daily_charge in the config")


def page(wanted: Config) -> Findings:
    """Yield whether the page's password, if there is to be one, signs the owner in alone."""
    file = wanted.web.password_file
    if file is None or not wanted.web.listen:
        return
    try:
        mode, size = file.stat().st_mode, len(file.read_text("utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        words = f"web.password_file {file} cannot be read: {error}"
        yield Finding(Verdict.BAD, "page", words, "nobody can sign in by a password until it can")
        return
    yield judge(size >= LEAST_PASSWORD, "page", f"password in {file}", "take a longer password")
    if mode & 0o077:
        yield Finding(Verdict.BAD, "page", f"others may read {file}", f"chmod 600 {file}")


def signing(wanted: Config, now: datetime) -> Findings:
    """Yield who signs outputs, and until when."""
    stated = wanted.provenance
    if stated.certificate_file is None or stated.key_file is None:
        return
    try:
        found = credential.load(stated.certificate_file, stated.key_file, now)
    except credential.CredentialProblem as error:
        advice = "nothing is paid for until that is mended; hotfolder manual provenance"
        yield Finding(Verdict.BAD, "signing", str(error), advice)
        return
    yield judge(
        found.until - now > CERTIFICATE_WARNING,
        "signing",
        f"by {found.name}, until {found.until:%Y-%m-%d} ({found.algorithm}), without time stamps",
        "get the next certificate: from that day on nothing is paid for",
        otherwise=Verdict.NOTE,
    )


def receivers(wanted: Config) -> Findings:
    """Yield whether those who are to be told can be."""
    missing = missing_commands(wanted)
    for problem in missing:
        yield Finding(Verdict.BAD, "notify", problem, "mend `command`: nobody would be told")
    if wanted.notify and not missing:
        yield Finding(Verdict.OK, "notify", ", ".join(each.name for each in wanted.notify))
