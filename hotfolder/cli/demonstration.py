"""The demo: real samples, the real daemon, the simulator in place of the service."""

from __future__ import annotations

import asyncio
import os
import shutil
import webbrowser
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib import resources
from pathlib import Path
from urllib.parse import quote

import jinja2
from pydantic import SecretStr
from rich.text import Text

from hotfolder import config, invocation, signals, views
from hotfolder.cli import job_pages, render
from hotfolder.cli.paging import link
from hotfolder.cli.progress import bar
from hotfolder.domain.commands import Commands
from hotfolder.domain.errors import JournalUnavailable, OperatorError
from hotfolder.domain.states import OPEN, State
from hotfolder.journal.reader import Reader
from hotfolder.page.keys import Role
from hotfolder.service import Service
from hotfolder.simulator import RunningServer, Settings, in_thread

ANY_KEY = SecretStr("demo-key-for-the-simulator-00000")
TASK_S = 1.5
TIMEOUT_S = 60.0
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")
PAGE_NAME = "before-and-after.html"
PROMPT = "Turn it into a warm summer evening"

_FIRST_LINE = "# Written by hotfolder demo."
_CONFIG = """\
{first_line} The service here is the simulator: nothing is charged.
state_dir = "state"

[api]
base_url = "{base_url}"

[limits]
min_free_mb = 0

[[watch]]
name = "demo"
input = "in"
output = "out"
settle = 0.3
sidecar_wait = 0.3

[[watch.rule]]
name = "evening"
prompt = "{prompt}"
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """A source and its output, as paths relative to the page."""

    title: str
    before: str
    after: str
    prompt: str


def show(folder: Path, *, keep: bool) -> bool:
    """Show the whole way in a folder; returns whether every picture was done.

    Raises OperatorError where the folder holds the config of something else.
    """
    out = render.console()
    _refuse_foreign(folder / config.CONFIG_NAME)
    _lay_out(folder)
    with in_thread(Settings(task_s=TASK_S, price=Decimal(0))) as server:
        wanted = _configure(folder, server)
        out.print("Three sample pictures are edited against a simulator of the service;")
        out.print("nothing leaves this machine and nothing is charged.")
        out.print()
        out.print(Text.assemble("input:  ", render.name(str(folder / "in"))), soft_wrap=True)
        out.print(Text.assemble("output: ", render.name(str(folder / "out"))), soft_wrap=True)
        out.print()
        if keep:
            asyncio.run(_stay(wanted, folder))
        else:
            asyncio.run(_once(wanted))
            _report(wanted, folder)
    with Reader(wanted.state_dir, wanted.journal.url) as reader:
        return all(each.job.state is State.DONE for each in reader.read(views.jobs))


def _refuse_foreign(path: Path) -> None:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return
    if not text.startswith(_FIRST_LINE.encode()):
        raise OperatorError(
            f"{path} is not from a demo; it was left as it is: choose another --dir"
        )


def _lay_out(folder: Path) -> None:
    (folder / "in" / "by-the-sea").mkdir(parents=True, exist_ok=True)
    (folder / "out").mkdir(exist_ok=True)
    places = {"astronaut.jpg": "in", "cat.jpg": "in", "coffee.jpg": "in/by-the-sea"}
    samples = resources.files("hotfolder").joinpath("samples")
    for name, place in places.items():
        with resources.as_file(samples.joinpath(name)) as sample:
            shutil.copyfile(sample, folder / place / name)
    (folder / "in" / "cat.txt").write_text("Make the cat wear a red scarf\n", encoding="utf-8")


def _configure(folder: Path, server: RunningServer) -> config.Config:
    path = folder / config.CONFIG_NAME
    text = _CONFIG.format(first_line=_FIRST_LINE, base_url=server.base_url, prompt=PROMPT)
    path.write_text(text, encoding="utf-8")
    reading = config.read(path, {})
    if reading.config is None:
        raise config.ConfigError(path, reading.problems)
    return reading.config


async def _once(wanted: config.Config) -> None:
    stop = signals.listen(asyncio.get_running_loop()).stop
    with bar() as progress:
        await Service(wanted, ANY_KEY).once(stop, timeout_s=TIMEOUT_S, progress=progress)


async def _stay(wanted: config.Config, folder: Path) -> None:
    stop = signals.listen(asyncio.get_running_loop()).stop
    running = asyncio.create_task(Service(wanted, ANY_KEY).run(stop))
    with bar() as progress:
        while not running.done() and not stop.is_set():
            counts = _counts(wanted)
            progress(counts)
            if counts[State.DONE] and not any(counts[state] for state in OPEN):
                break
            await asyncio.sleep(0.1)
    _report(wanted, folder)
    out = render.console()
    out.print()
    out.print(Text.assemble("Drop pictures into ", render.name(str(folder / "in"))), soft_wrap=True)
    out.print("They appear edited in the output folder, and on the page at once. Ctrl-C ends it.")
    live = f"{link(wanted, Role.OWNER)}?to=gallery"
    out.print(Text.assemble("the page: ", (live, "bold")), soft_wrap=True)
    if out.is_terminal and any(os.environ.get(each) for each in _DISPLAYS):
        webbrowser.open(live)
    await running
    pictures = _write_page(wanted, folder)
    out.print(f"The page shows {pictures} pictures now.")


def _counts(wanted: config.Config) -> Mapping[State, int]:
    try:
        with Reader(wanted.state_dir, wanted.journal.url) as reader:
            return reader.read(views.status, wanted).jobs
    except (FileNotFoundError, JournalUnavailable):  # it is just being made
        return dict.fromkeys(State, 0)


def _report(wanted: config.Config, folder: Path) -> None:
    with Reader(wanted.state_dir, wanted.journal.url) as reader:
        listed = reader.read(views.jobs)
    out = render.console()
    if any(each.job.state is not State.DONE for each in listed):
        out.print(job_pages.jobs(listed, Commands(invocation.program())))
        out.print()
    _write_page(wanted, folder)
    for each in listed:
        for output in views.outputs(each.job):
            out.print(render.name(str(folder / "out" / output)), soft_wrap=True)
    out.print()
    page = (folder / PAGE_NAME).as_uri()
    out.print(Text.assemble("before and after: ", (page, "bold")), soft_wrap=True)


def _write_page(wanted: config.Config, folder: Path) -> int:
    """Write the page and return how many pictures it shows."""
    with Reader(wanted.state_dir, wanted.journal.url) as reader:
        listed = reader.read(views.jobs)
    pairs = [_pair(each) for each in listed if views.outputs(each.job)]
    text = _page(pairs)
    (folder / PAGE_NAME).write_text(text, encoding="utf-8", errors="replace")
    return len(pairs)


def _pair(view: views.JobView) -> Pair:
    job = view.job
    return Pair(
        title=views.shown(job.source),
        before=quote(os.fsencode(f"in/{job.source}")),
        after=quote(os.fsencode(f"out/{views.outputs(job)[0]}")),
        prompt=job.plan.prompt or "",
    )


def _page(pairs: list[Pair]) -> str:
    text = resources.files("hotfolder.cli").joinpath("before_and_after.html").read_text("utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(text).render(pairs=pairs)
