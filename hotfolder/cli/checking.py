"""The command that looks before anything runs: check."""

from __future__ import annotations

from typing import Annotated

import typer

from hotfolder.cli import checked
from hotfolder.cli.options import ConfigOption, LogLevelOption
from hotfolder.cli.plain_log import set_up_plain_log


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
    checked.check(config_file, online=online)
