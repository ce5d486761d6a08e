"""The command that says where a file comes from: provenance."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hotfolder.checkup import origins
from hotfolder.cli import render
from hotfolder.cli.ending import ExitCode
from hotfolder.cli.options import JsonOption
from hotfolder.domain.errors import OperatorError


def provenance(
    file: Annotated[Path, typer.Argument(help="A picture or film, of whichever program.")],
    json: JsonOption = False,
) -> None:
    """Say what a file tells of where it comes from, and whether that is whole.

    C2PA manifests (with hotfolder[c2pa]), and marks in EXIF, IPTC and XMP. Nothing is fetched, and
    nobody is vouched for. Exit code 1: its manifest is broken.

    Example: hotfolder provenance out/ann.jpg
    """
    try:
        told = origins.of_file(file)
    except (OSError, origins.Unreadable) as error:
        raise OperatorError(f"{file}: {error}") from error
    if json:
        render.print_json({"path": str(file), "whole": told.whole, "lines": list(told.lines)})
    else:
        for line in told.lines:
            render.console().print(render.name(line), soft_wrap=True)
    if told.whole is False:
        raise typer.Exit(ExitCode.ATTENTION)
