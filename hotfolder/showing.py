"""Opens the page over a running daemon: its own thread, its own reader of the journal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog

from hotfolder.config import Config, Web, listen_place
from hotfolder.control.control import Control
from hotfolder.domain.clock import Clock
from hotfolder.domain.errors import JournalError
from hotfolder.domain.hosts import is_loopback
from hotfolder.domain.jobs import Job
from hotfolder.drops import FOLDER_NAME, Along, Drops
from hotfolder.journal.reader import Reader
from hotfolder.page.app import Page
from hotfolder.page.behind import Behind
from hotfolder.page.keys import ADDRESS_NAME, Keyring
from hotfolder.page.serving import listener, serving
from hotfolder.planning.looking import Looking
from hotfolder.planning.looks import Looks
from hotfolder.planning.preview import Preview
from hotfolder.threads import DaemonThreads
from hotfolder.thumbnails import Thumbnails
from hotfolder.tree.threads import ShareThreads
from hotfolder.views import explaining
from hotfolder.views.explanation import Explanation

T = TypeVar("T")

EXPLAIN_TIMEOUT_S: Final = 3.0
PLAN_TIMEOUT_S: Final = 20.0
LARGEST_PASSWORD_BYTES: Final = 1024
EVERYWHERE: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104  to be told from names

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.page")


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """What the page is shown over; `config` gives the one in force."""

    config: Callable[[], Config]
    control: Control
    thumbnails: Thumbnails
    looking: Looking
    threads: ShareThreads
    clock: Clock
    zone: tzinfo | None

    @asynccontextmanager
    async def open(self, web: Web) -> AsyncIterator[None]:
        """Serve the page while the block runs. Raises OperatorError where it cannot."""
        if not web.listen:
            yield
            return
        folder = self.config().state_dir
        host, port = listen_place(web.listen)
        place = listener(host, port, is_default="listen" not in web.model_fields_set)
        looking = _Looking(folder, self.config().journal.url, self.clock)
        drops = Drops(self.config, folder / FOLDER_NAME, self.clock, self._along())
        keyring = Keyring(folder, lambda: self.clock().timestamp())
        page = Page(
            self._behind(looking, drops),
            keyring,
            hosts=[*web.hosts, host],
            password=partial(_password, web.password_file),
            now=self.clock,
        )
        address = _address(host, place.getsockname()[1], web)
        (folder / ADDRESS_NAME).write_text(address, "utf-8")
        log.info("page.listening", address=address)
        if not is_loopback(host):
            log.warning("page.plain", hint="put TLS in front of it: what is typed can be read")
        try:
            async with serving(page.app, place, page.run):
                yield
        finally:
            (folder / ADDRESS_NAME).unlink(missing_ok=True)
            looking.close()
            drops.close()

    def _behind(self, looking: _Looking, drops: Drops) -> Behind:
        loop = asyncio.get_running_loop()
        return Behind(
            config=self.config,
            zone=self.zone,
            read=looking.read,
            changes=looking.changes,
            grant=lambda action, wish: _across(loop, self.control.grant(action, wish)),
            explain=lambda job: _across(loop, self._explained(job)),
            show=_Shown(loop, self.thumbnails),
            drop=drops,
        )

    def _along(self) -> Along:
        loop = asyncio.get_running_loop()

        async def along(watch: str, plan: Callable[[Looks], Preview]) -> Preview:
            run = partial(self.threads.run, f"{watch}:page", timeout_s=PLAN_TIMEOUT_S)
            plan_on = partial(plan, self.looking.looks)
            return await _across(loop, self.looking.along(run, plan_on))

        return along

    async def _explained(self, job: Job) -> Explanation | None:
        """Look at the folder, too, for as long as it answers soon."""
        look = partial(_explained, self.config(), job, self.clock)
        with suppress(OSError, RuntimeError, JournalError):
            return await self.threads.run(f"{job.watch}:page", look, timeout_s=EXPLAIN_TIMEOUT_S)
        return None


@dataclass(frozen=True, slots=True)
class _Shown:
    """The thumbnails, asked from the page's loop."""

    loop: asyncio.AbstractEventLoop
    thumbnails: Thumbnails

    async def before(self, job: Job, side: int) -> bytes:
        """Return a small JPEG of a job's source."""
        return await _across(self.loop, self.thumbnails.before(job, side))

    async def after(self, job: Job, position: int, side: int) -> bytes:
        """Return a small JPEG of a result."""
        return await _across(self.loop, self.thumbnails.after(job, position, side))

    async def opened(self, job: Job, position: int) -> tuple[int, str]:
        """Return a result's descriptor and type."""
        return await _across(self.loop, self.thumbnails.opened(job, position))


class _Looking:
    """Reads the journal in a thread of its own, with a connection that may only read."""

    def __init__(self, folder: Path, url: str, clock: Clock) -> None:
        self._folder = folder
        self._url = url
        self._clock = clock
        self._thread = DaemonThreads(1, "page-reader")
        self._reader: Reader | None = None

    async def read(self, operation: Callable[..., T], *args: Any) -> T:  # noqa: ANN401  the operation's
        """Return what an operation finds. Raises JournalError."""
        return await self._run(lambda reader: reader.read(operation, *args))

    async def changes(self) -> int:
        """Return a number that is another after every change."""
        return await self._run(lambda reader: reader.changes())

    def close(self) -> None:
        """Close the connection, after what is being read."""
        self._thread.submit(self._forget)
        self._thread.shutdown(wait=False)

    async def _run(self, look: Callable[[Reader], T]) -> T:
        return await asyncio.wrap_future(self._thread.submit(self._looked, look))

    def _looked(self, look: Callable[[Reader], T]) -> T:
        try:
            if self._reader is None:
                self._reader = Reader(self._folder, self._url, clock=self._clock)
            return look(self._reader)
        except (JournalError, OSError) as error:
            self._forget()
            if isinstance(error, JournalError):
                raise
            raise JournalError("it is not there") from error

    def _forget(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()


async def _across(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> T:
    """Have the daemon's loop do something and wait for it in this one."""
    asked = asyncio.run_coroutine_threadsafe(work, loop)
    return await asyncio.wrap_future(asked)


def _explained(config: Config, job: Job, clock: Clock) -> Explanation:
    path = Path(job.input_root) / job.source
    with Reader(config.state_dir, config.journal.url, clock=clock) as reader:
        return reader.read(explaining.explain, config, path, settling=None, daemon=True)


def _password(file: Path | None) -> str:
    if file is None:
        return ""
    with suppress(OSError, UnicodeDecodeError), file.open("rb") as opened:
        return opened.read(LARGEST_PASSWORD_BYTES).decode("utf-8").strip()
    return ""


def _address(host: str, port: int, web: Web) -> str:
    """Return where the page is, by a name that it answers to."""
    name = host
    if host in EVERYWHERE:
        name = next(iter(web.hosts), "127.0.0.1")
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"
