"""The command that says why a file is where it is: explain."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hotfolder.cli import explained
from hotfolder.cli.options import ConfigOption, JsonOption, LogLevelOption
from hotfolder.cli.plain_log import set_up_plain_log


def explain(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A file in a watched folder.")],
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    json: JsonOption = False,
) -> None:
    """Say why a file is where it is: ignored, settling, waiting for what, done where.

    Example: hotfolder explain in/ann.jpg
    """
    set_up_plain_log(log_level)
    explained.explain(path, config_file, json=json)
