"""The command that leads to the page."""

from __future__ import annotations

import os
import time
from typing import Annotated

import typer

from hotfolder.cli.configured import other_user, own_state, valid_config
from hotfolder.cli.options import ConfigOption, LogLevelOption
from hotfolder.cli.plain_log import set_up_plain_log
from hotfolder.config import Config
from hotfolder.domain.errors import OperatorError
from hotfolder.journal.lock import is_locked
from hotfolder.page.keys import ADDRESS_NAME, KEY_NAME, Keyring, Role


def page(
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    viewer: Annotated[
        bool, typer.Option("--viewer", help="For somebody who may look, and pay for nothing.")
    ] = False,
    sign_out: Annotated[
        bool,
        typer.Option(
            "--sign-out", help="Sign everybody out, then print a link.", show_default=False
        ),
    ] = False,
) -> None:
    """Print a link that signs a browser in to the page of the running daemon.

    It works once, for a quarter of an hour. The page shows what goes on, the results beside their
    originals, what needs a person, and the money.

    Example: hotfolder page --viewer
    """
    set_up_plain_log(log_level)
    wanted = valid_config(config_file)
    with own_state(wanted):
        typer.echo(link(wanted, Role.VIEWER if viewer else Role.OWNER, sign_out=sign_out))


def link(wanted: Config, role: Role, *, sign_out: bool = False) -> str:
    """Return a link that signs in once. Raises OperatorError where no page is served."""
    if not wanted.web.listen:
        raise OperatorError('the page is off: give listen in [web] an address, "127.0.0.1:8484"')
    if not wanted.state_dir.exists() or not is_locked(wanted.state_dir):
        raise OperatorError("no hotfolder is running: start one with hotfolder run")
    if sign_out and wanted.state_dir.stat().st_uid != os.geteuid():
        raise other_user(wanted)  # the daemon could not read a key of somebody else
    if sign_out:
        (wanted.state_dir / KEY_NAME).unlink(missing_ok=True)
    try:
        address = (wanted.state_dir / ADDRESS_NAME).read_text("utf-8")
        keyring = Keyring(wanted.state_dir, time.time)
    except FileNotFoundError as error:
        raise OperatorError("this hotfolder serves no page yet: try again in a moment") from error
    except PermissionError as error:
        raise other_user(wanted) from error
    return f"{address}/enter/{keyring.code(role)}"
