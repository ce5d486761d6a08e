"""The command that says what each file would get: plan."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from hotfolder import config
from hotfolder.cli import plan_pages, render
from hotfolder.cli.configured import own_state, valid_config
from hotfolder.cli.options import ConfigOption, JsonOption, LogLevelOption, set_up_log
from hotfolder.cli.plain_log import LogLevel
from hotfolder.config import Config, Watch
from hotfolder.domain.clock import utc_now
from hotfolder.domain.errors import OperatorError
from hotfolder.journal.reader import Reader
from hotfolder.journal.session import Session
from hotfolder.planning import preview
from hotfolder.planning.outlook import Expected, Expecting
from hotfolder.tree import files
from hotfolder.views import explaining


def plan(
    what: Annotated[
        str | None,
        typer.Argument(metavar="[PATH|WATCH]", help="A file, a folder, or a watch's name."),
    ] = None,
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    json: JsonOption = False,
) -> None:
    """Show what each file would get, without sending anything or entering it anywhere.

    Rule, model, prompt, parameters, conversion, output name and price; of all watches where nothing
    is named. The output's ending is that of the result. What is done already, or the same as
    another one, costs nothing; the last line is the sum.

    Example: hotfolder plan portraits --json
    """
    set_up_log(log_level, LogLevel.WARNING)
    wanted = valid_config(config_file)
    try:
        found = asyncio.run(_expected(wanted, what))
    except (OSError, files.RootGone) as error:
        raise OperatorError(f"it cannot be read: {error}") from error
    if json:
        render.print_json([plan_pages.listed(each) for each in found])
    else:
        render.console().print(plan_pages.page(found))


async def _expected(wanted: Config, what: str | None) -> list[Expected]:
    looked = [
        (watch, [each async for each in preview.of_many(watch, sources, utc_now())])
        for watch, sources in _named(wanted, what)
    ]
    try:
        with own_state(wanted), Reader(wanted.state_dir, wanted.journal.url) as reader:
            return reader.read(_told, looked)
    except FileNotFoundError:
        return _told(None, looked)


def _told(
    session: Session | None, looked: list[tuple[Watch, list[preview.Preview]]]
) -> list[Expected]:
    expecting = Expecting(session)
    return [each for watch, found in looked for each in expecting.expected(watch, found)]


def _named(wanted: Config, what: str | None) -> Iterator[tuple[Watch, Iterable[str]]]:
    watch = wanted.watch_named(what) if what else None
    if what is None or watch is not None:
        for each in [watch] if watch else wanted.watch:
            yield each, preview.sources(each, "")
        return
    path = Path(what)
    for each in wanted.watch:
        if path.is_dir() and path.resolve() == each.input.resolve():
            yield each, preview.sources(each, "")
            return
    found = explaining.place(path, wanted)
    if found is None:
        names = config.meant(what, [each.name for each in wanted.watch])
        raise OperatorError(f"{what} is neither a watch nor in the input of one{names}")
    seen, relative = found
    watch = next(each for each in wanted.watch if each.name == seen.name)
    yield watch, preview.sources(watch, relative) if path.is_dir() else [relative]
