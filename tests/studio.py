"""A studio in a temporary folder: its config, its pictures, its hotfolder, and what came of it."""

from __future__ import annotations

import asyncio
import io
import os
import re
import socket
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from PIL import Image
from pydantic import SecretStr

from hotfolder import config, control, key, views
from hotfolder.bell import Ring
from hotfolder.clock import MACHINE_CLOCK
from hotfolder.composition import Environment, Parts
from hotfolder.control.control import Control
from hotfolder.domain.errors import JournalUnavailable
from hotfolder.domain.retry import PollSchedule
from hotfolder.journal import counts, reading
from hotfolder.journal.connection import FILE_NAME
from hotfolder.journal.journal import Journal
from hotfolder.journal.reader import Reader
from hotfolder.journal.session import Session
from hotfolder.runninghub.client import Client
from hotfolder.service import Service
from hotfolder.views import explaining
from tests.workers import WORKERS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from hotfolder.simulator import Fault, Ledger, RunningServer

KEY = "k" * 32
LIMIT_S = 60.0
LOOK_S = 0.02
WAL_INDEX_HEADER_BYTES = 48
MARK_FILE = re.compile(rb"\.hotfolder-[0-9a-f]{32}")
RULE = 'prompt = "Make it a summer day"'

Json = dict[str, Any]


class EagerPolls(PollSchedule):
    """Asks for tasks at once and often: the simulator's take no time."""

    def first_s(self, usual_s: float, jitter: float) -> float:
        """Return the seconds from the submit to the first query."""
        del usual_s, jitter
        return 0.02

    def next_s(self, usual_s: float, running_s: float, jitter: float) -> float:
        """Return the seconds to the next query."""
        del usual_s, running_s, jitter
        return 0.05


class JumpingClock:
    """The time of this machine, what it slept since, and what its wall clock was set by."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._set_by = timedelta()

    def __call__(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC) + self._ahead + self._set_by

    def elapsed_s(self) -> float:
        """Return the seconds that passed, those of `forward` included."""
        return MACHINE_CLOCK.elapsed_s() + self._ahead.total_seconds()

    def awake_s(self) -> float:
        """Return the seconds that passed for this machine, which slept while `forward`."""
        return MACHINE_CLOCK.awake_s()

    def start(self) -> str:
        """Return what tells this start of the machine from others."""
        return "the only start"

    def set_by(self, seconds: float) -> None:
        """Set the wall clock forward, or back, without any time passing."""
        self._set_by += timedelta(seconds=seconds)

    def forward(self, seconds: float) -> None:
        """Let time pass while this machine sleeps."""
        self._ahead += timedelta(seconds=seconds)


def picture(number: int = 1, kind: str = "JPEG", side: int = 32) -> bytes:
    """Return a small real picture that shows its number, hence differs from those of others.

    Its blocks of 8 x 8 pixels are the number's digits, black and white. All PNGs have one size.
    """
    written = io.BytesIO()
    digits = Image.new("L", (4, 4))
    digits.putdata([255 * (number >> place & 1) for place in range(16)])
    image = digits.resize((side, side), Image.Resampling.NEAREST).convert("RGB")
    options: Json = {"JPEG": {"comment": str(number)}, "PNG": {"compress_level": 0}}
    image.save(written, kind, **options.get(kind, {}))
    return written.getvalue()


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Studio:
    """One folder of pictures with one hotfolder over a simulated service.

    `environment` is what the service is run with; tests replace parts of it. While it runs, setting
    `reload` takes over what was configured since.
    """

    def __init__(self, folder: Path, server: RunningServer) -> None:
        self.folder = folder
        self.input = folder / "in"
        self.output = folder / "out"
        self.state = folder / "state"
        self.simulator = server.simulator
        self.base_url = server.base_url
        self.webhook = ""
        self.clock = JumpingClock()
        self.newest_service: Service | None = None
        self._known: dict[object, tuple[tuple[int, bytes] | None, list[Any]]] = {}
        self.environment = Environment(
            clock=self.clock,
            jitter=lambda: 0.0,
            schedule=EagerPolls(confirm_after_s=0.05),
            open_worker=WORKERS.open,
            learn_every_s=0.3,
        )
        for each in (self.input, self.output):
            each.mkdir(exist_ok=True)
        self.configure()

    # -- setting up

    def configure(
        self,
        *,
        rules: Sequence[str] = (RULE,),
        watch: str = "",
        limits: str = "",
        api: str = "",
        watches: Sequence[str] = (),
        callbacks: bool = False,
        web: str = 'listen = ""',
        journal: str = "",
    ) -> None:
        """Write the config: further lines of the watch and of the limits, the rules' lines.

        With `callbacks` the daemon listens for them. `watches` are names of further watches,
        each with folders of its own and these rules. `web` are the lines of the page's table,
        `journal` is the url of a database.
        """
        text = f'state_dir = "{self.state}"\n[api]\n' + _lines(api, f'base_url = "{self.base_url}"')
        if callbacks:
            self.webhook = self.webhook or f"127.0.0.1:{free_port()}"
            text += f'webhook_url = "http://{self.webhook}/hook"\n'
            text += f'webhook_listen = "{self.webhook}"\n'
        text += f'[web]\n{web}\n[journal]\nurl = "{journal}"\n'
        text += "[limits]\n" + _lines(limits, "min_free_mb = 0", "grace = 5.0")
        text += _watch("studio", self.input, self.output, watch, rules)
        for name in watches:
            for end in ("in", "out"):
                (self.folder / f"{name}-{end}").mkdir(exist_ok=True)
            places = self.folder / f"{name}-in", self.folder / f"{name}-out"
            text += _watch(name, *places, watch, rules)
        self.reconfigure(text)

    def reconfigure(self, text: str) -> None:
        """Write the whole config."""
        path = self.folder / "config.toml"
        path.write_text(text)
        read = config.read(path, {})
        assert read.config is not None, read.problems
        self.config = read.config

    def edge(self, **changes: Any) -> None:  # noqa: ANN401  the fields of Environment
        """Replace some of the edges."""
        self.environment = replace(self.environment, **changes)

    def drop(self, name: str, content: bytes | str | None = None, *, number: int = 1) -> Path:
        """Put a file into the input folder: a picture unless a content is given."""
        path = self.input / name
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = "PNG" if name.lower().endswith(".png") else "JPEG"
        content = picture(number, kind) if content is None else content
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def drop_many(self, count: int) -> None:
        """Put so many different pictures into the input folder."""
        for number in range(count):
            self.drop(f"p{number:03}.jpg", number=number)

    def fault(self, *faults: Fault) -> None:
        """Switch faults of the service on."""
        for each in faults:
            self.simulator.add_fault(each)

    # -- running

    @property
    def parts(self) -> Parts | None:
        """What is open of the newest daemon, None while none runs."""
        return None if self.newest_service is None else self.newest_service.parts

    def service(self) -> Service:
        """Return a fresh daemon."""
        service = Service(
            self.config,
            SecretStr(KEY),
            self.environment,
            reread=lambda: self.config,
            find_key=self._find_key,
        )
        self.newest_service = service
        return service

    def _find_key(self, wanted: config.Config) -> SecretStr:
        file = wanted.api.key_file
        return SecretStr(KEY) if file is None else key.find({}, file)

    async def once(self, timeout_s: float = LIMIT_S, *, release: bool = False) -> None:
        """Take what is there and work until nothing goes on by itself."""
        async with asyncio.timeout(timeout_s + LIMIT_S):
            await self.service().once(asyncio.Event(), timeout_s=timeout_s, release=release)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the daemon while the block runs, then drain it."""
        stop, self.reload = asyncio.Event(), asyncio.Event()
        service = self.service()
        daemon = asyncio.create_task(service.run(stop, self.reload))
        try:
            await self.until(lambda: daemon.done() or _follows(service), "the daemon follows")
            yield
        finally:
            stop.set()
            async with asyncio.timeout(LIMIT_S):
                await daemon

    def wait(self, seconds: float) -> None:
        """Let time pass; a daemon that runs looks at once for what is due then."""
        self.clock.forward(seconds)
        if self.parts is not None:
            self.parts.bell.ring(Ring.DUE)

    def journal(self) -> Journal:
        """Open the journal to write in it while no daemon runs."""
        return Journal(self.state, self.config.journal.url, clock=self.clock)

    async def act(self, action: str, **wish: Any) -> list[str]:  # noqa: ANN401  a wish's fields
        """Grant an operator's wish while no daemon runs."""
        client = Client(self.base_url, SecretStr(KEY))
        try:
            with self.journal() as journal:
                acting = Control(journal, client, watch=self.config.watch_named)
                return await acting.grant(action, wish)
        finally:
            await client.aclose()

    async def send(self, action: str, **wish: Any) -> list[str]:  # noqa: ANN401  a wish's fields
        """Send an operator's wish to the running daemon."""
        return await asyncio.to_thread(control.send, self.state, action, wish)

    async def until(
        self, condition: Callable[[], object], what: str, limit_s: float = LIMIT_S
    ) -> None:
        """Wait for a condition, for a limited time; what it asks for may not be there yet."""
        end_s = time.monotonic() + limit_s
        while not _holds(condition):
            assert time.monotonic() < end_s, f"in vain: {what}; {self.summary()}"
            await asyncio.sleep(LOOK_S)

    async def works_until(self, **counts: int) -> None:
        """Run the daemon until there are so many jobs of these states, and none of any other."""
        async with self.running():
            await self.until_states(**counts)

    async def until_states(self, **counts: int) -> None:
        """Wait until there are so many jobs of these states, and none of any other."""
        await self.until(lambda: self.states() == counts, f"states {counts}")

    # -- what came of it

    def read(self, operation: Callable[..., Any], *arguments: object, **named: object) -> Any:  # noqa: ANN401  of any operation
        """Read the journal."""
        with Reader(self.state, self.config.journal.url, clock=self.clock) as reader:
            return reader.read(operation, *arguments, **named)

    def jobs(self) -> list[Json]:
        """Return the jobs as `jobs --json` shows them; all files are counted as what they are."""
        return list(self._look(_jobs))

    def _look(self, operation: Callable[[Session], list[Any]]) -> list[Any]:
        """Return what an operation reads; nothing is read anew but after a commit."""
        standing = self._standing()
        known, found = self._known.get(operation, (None, []))
        if standing is None or standing != known:
            try:
                found = self.read(operation)
            except (FileNotFoundError, JournalUnavailable):  # just being made
                found = []
            self._known[operation] = standing, found
        return found

    def _standing(self) -> tuple[int, bytes] | None:
        """Return what differs after every commit: the header of the write-ahead log's index.

        None while nobody has the journal open. Whoever waits asks often, and to read takes long.
        """
        file = self.state / FILE_NAME
        try:
            with file.with_name(f"{FILE_NAME}-shm").open("rb") as index:
                return file.stat().st_ino, index.read(WAL_INDEX_HEADER_BYTES)
        except OSError:
            return None

    def job(self, source: str) -> Json:
        """Return the newest job of a source; raises LookupError while there is none."""
        found = [each for each in self.jobs() if each["source"] == source]
        return found[-1]

    def states(self) -> dict[str, int]:
        """Return how many jobs there are in each state that has some."""
        return dict(self._look(_states))

    def status(self) -> Json:
        """Return what `status --json` shows."""
        return views.status_json(self.read(views.status, self.config))

    def told(self) -> list[str]:
        """Return the codes of what `status` tells of single jobs, the oldest job first."""
        listed = self.read(views.status, self.config).attention
        return [each.failure.code for each in listed if each.failure is not None]

    def holds(self) -> list[str]:
        """Return the scopes that are held."""
        return [each["scope"] for each in self.status()["holds"]]

    def hold(self) -> Json:
        """Return the only hold."""
        (found,) = self.status()["holds"]
        return dict(found)

    def hold_code(self) -> str:
        """Return the code of the only hold."""
        (found,) = self.read(views.status, self.config).holds
        return str(found.failure.code)

    def trials(self) -> int:
        """Return how many trials the only hold has had."""
        return int(self.read(lambda session: session.rows("holds")[0]["trials"]))

    def explain(self, name: str, **told: Any) -> Json:  # noqa: ANN401  what the daemon said
        """Return what `explain --json` shows of a file of the input folder."""
        told = {"settling": None, "daemon": False, **told}
        path = self.input / name
        return views.explanation_json(self.read(explaining.explain, self.config, path, **told))

    def history(self, source: str) -> list[str]:
        """Return the names of what happened to the newest job of a source."""
        lines = self.read(reading.history, self.job(source)["id"])
        return [line.name for line in lines]

    def tried(self, source: str, times: int) -> bool:
        """Return whether the newest job of a source was put off so many times."""
        return self.history(source).count("Postponed") >= times

    def outputs(self) -> list[str]:
        """Return what stands in the output folder, hidden files included, but for the mark."""
        return sorted(
            os.fsdecode(os.path.relpath(os.path.join(os.fsencode(folder), name), root))  # noqa: PTH118
            for root in [os.fsencode(self.output)]
            for folder, _, names in os.walk(root)
            for name in names
            if not MARK_FILE.fullmatch(name)
        )

    def ledger(self) -> Ledger:
        """Return what the service remembers."""
        return self.simulator.ledger()

    def summary(self) -> str:
        """Return what is to be said when something is not as it should be."""
        lines = [f"{job['source']!a} {job['state']} {job['error']}" for job in self.jobs()]
        return "\n".join([f"outputs {self.outputs()}", f"tasks {len(self.ledger().tasks)}", *lines])


def _jobs(session: Session) -> list[Json]:
    assert counts.differences(session) == 0
    return [views.job_json(each) for each in views.jobs(session)]


def _states(session: Session) -> list[tuple[str, int]]:
    assert counts.differences(session) == 0
    return [(row["state"], row["count"]) for row in session.rows("count_states")]


def _holds(condition: Callable[[], object]) -> bool:
    try:
        return bool(condition())
    except LookupError:
        return False


def _follows(service: Service) -> bool:
    """Whether every watch was scanned, hence events are listened to and nothing is old news."""
    parts = service.parts
    if parts is None or not parts.watches.watchers:
        return False
    return all(each.scanned and each.status.online for each in parts.watches.watchers)


def _watch(name: str, source: Path, output: Path, more: str, rules: Sequence[str]) -> str:
    text = f'[[watch]]\nname = "{name}"\ninput = "{source}"\noutput = "{output}"\n'
    text += _lines(more, "settle = 0.05", "sidecar_wait = 0.0", 'notes = "none"')
    return text + "".join(f"[[watch.rule]]\n{rule}\n" for rule in rules)


def _lines(given: str, *usual: str) -> str:
    """Return the given lines with the usual ones for the keys that they leave out."""
    keys = {_key(line) for line in given.splitlines()}
    lines = [line for line in usual if _key(line) not in keys]
    return "\n".join([*lines, given, ""])


def _key(line: str) -> str:
    return line.partition("=")[0].strip()
