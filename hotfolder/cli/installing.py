"""The commands that install the daemon as a service of the system: install, uninstall."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from hotfolder import config, installation, key
from hotfolder.cli import beginning, render
from hotfolder.cli.options import LogLevelOption
from hotfolder.cli.plain_log import set_up_plain_log
from hotfolder.domain.errors import OperatorError
from hotfolder.installation import Step, Write

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="A name for this instance, such as studio.")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Only say what would be done, step by step.")
]


def install(
    name: NameArgument = "studio",
    log_level: LogLevelOption = None,
    dry_run: DryRunOption = False,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="With --dry-run: every line of every file.")
    ] = False,
) -> None:
    """Install the daemon as the systemd service hotfolder@NAME. Needs root.

    Writes the unit, a user of its own, a config to fill in and the key file, and explains each
    step. What is there already is kept; run it again after the folders in the config changed. The
    API key is taken from $RH_API_KEY, or asked for on a terminal.

    Example: sudo /opt/hotfolder/.venv/bin/hotfolder install studio --dry-run
    """
    set_up_plain_log(log_level)
    _need_root(dry_run)
    place = installation.SETTINGS / f"{name}.toml"
    key_place = installation.SETTINGS / f"{name}.key"
    steps = installation.steps(
        name,
        config_text=config_text(name),
        wanted=_wanted(place),
        key=_key(key_place, dry_run=dry_run),
    )
    take(steps, dry_run=dry_run, verbose=verbose)
    out = render.console()
    out.print()
    out.print("Next:")
    out.print(f"  edit {place}, and run install again if its folders are not below /srv or /mnt")
    if not key_place.exists() and not any(
        isinstance(step, Write) and step.secret for step in steps
    ):
        out.print(f"  put the API key into {key_place} (chmod 600)")
    out.print(f"  systemctl enable --now hotfolder@{name}")
    out.print(f"  journalctl -u hotfolder@{name} -f")


def uninstall(
    name: NameArgument = "studio", log_level: LogLevelOption = None, dry_run: DryRunOption = False
) -> None:
    """Take the service hotfolder@NAME away. Journal, config and files stay. Needs root.

    Example: sudo /opt/hotfolder/.venv/bin/hotfolder uninstall studio
    """
    set_up_plain_log(log_level)
    _need_root(dry_run)
    take(installation.removal(name), dry_run=dry_run)
    out = render.console()
    out.print()
    out.print(
        f"kept: {installation.SETTINGS}/{name}.toml, the journal in /var/lib/hotfolder/{name},"
    )
    out.print("and every picture. Remove the journal only if no edit of it is still wanted.")


def take(steps: list[Step], *, dry_run: bool, verbose: bool = False) -> None:
    """Take steps, or say what they would do; each with the reason, and (verbose) every line."""
    out = render.console()
    for number, step in enumerate(steps, start=1):
        done = _would(step) if dry_run else step.take()
        out.print(Text.assemble((f"{number}. ", "bold"), render.name(done)), soft_wrap=True)
        out.print(Text(f"   {step.why}", style="dim"), soft_wrap=True)
        if dry_run and isinstance(step, Write) and not step.secret:
            lines = step.text.splitlines()
            told = [f"   | {line}" for line in lines] if verbose else [_lines(len(lines))]
            out.print(Text("\n".join(told)))


def _lines(count: int) -> str:
    return f"   {count} line{'' if count == 1 else 's'}; --verbose shows them"


def _would(step: Step) -> str:
    match step:
        case Write():
            return f"would write {step.path} (root, mode {step.mode:o})"
        case installation.Call():
            return f"would run {' '.join(step.command)}"
        case installation.Remove():
            return f"would remove {step.path}"


def _need_root(dry_run: bool) -> None:
    if os.geteuid() and not dry_run:
        raise OperatorError("this writes files of the system: use sudo, or --dry-run to look")


def config_text(name: str) -> str:
    """Return a short config with this instance's state, and shares where they usually are."""
    folders = {"input": "/srv/studio/in", "output": "/srv/studio/out"}
    return beginning.starter(
        beginning.Wishes(**folders, prompt="", budget=beginning.BUDGET),
        state_dir=f"/var/lib/hotfolder/{name}",
        key_line=f"# The service reads the key from /etc/hotfolder/{name}.key by itself.",
    )


def _wanted(place: Path) -> config.Config | None:
    if not place.exists():
        return None
    return config.read(place, {}).config


def _key(place: Path, *, dry_run: bool) -> str | None:
    if place.exists():
        return None
    for variable in key.VARIABLES:
        if os.environ.get(variable, "").strip():
            return key.find(os.environ, None).get_secret_value()
    if dry_run or not sys.stdin.isatty():
        return None
    typed: str = typer.prompt("The API key (Enter = later)", default="", hide_input=True)
    return key.find({key.VARIABLES[0]: typed}, None).get_secret_value() if typed.strip() else None
