"""People are told when they are needed: once, together, by whatever way they chose."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
import time
from contextlib import asynccontextmanager, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr

from hotfolder.config import Notify
from hotfolder.journal import leases, sightings
from hotfolder.journal.journal import Journal
from hotfolder.notices import noticing, sending
from hotfolder.notices.deriving import Notice, Topic
from hotfolder.notices.noticing import Noticing
from hotfolder.notices.sending import NotSentNotice
from hotfolder.simulator import Fault
from tests.cluster import CLUSTER
from tests.studio import KEY, LIMIT_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.studio import Studio

PASSWORD = "hunter2-hunter2"  # noqa: S105  nobody's


class Told:
    """A command that keeps what it is told, as an owner might write it."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "told"
        self._script = folder / "tell.sh"
        self._script.write_text(f'#!/bin/sh\n{{ echo "# $1"; cat; echo; }} >> {self._file}\n')
        self._script.chmod(0o700)

    def receiver(self, **more: Any) -> Notify:  # noqa: ANN401  the keys of [[notify]]
        """Return the [[notify]] that runs it."""
        return Notify(command=[str(self._script)], **more)

    @property
    def text(self) -> str:
        """Everything it was told."""
        return self._file.read_text() if self._file.exists() else ""

    @property
    def titles(self) -> list[str]:
        """The titles of what it was told."""
        return [line[2:] for line in self.text.splitlines() if line.startswith("# ")]


@asynccontextmanager
async def looking(studio: Studio, *receivers: Notify) -> AsyncIterator[Noticing]:
    """Look at a studio's journal while no daemon runs."""
    studio.state.mkdir(exist_ok=True)
    with Journal(studio.state, clock=studio.clock) as journal:
        yield Noticing(journal, lambda: receivers)


async def later(studio: Studio, noticing: Noticing, seconds: float) -> None:
    """Look again after a while."""
    studio.wait(seconds)
    await noticing.look()


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """Give a command that keeps what it is told."""
    return Told(tmp_path)


async def troubled(studio: Studio, failures: int) -> None:
    """Work on pictures of which some fail, one is in doubt and one is done."""
    studio.fault(
        Fault(call="submit", kind="drop_after", times=1),
        Fault(call="submit", kind="fail_task", code="1501", skip=1, times=failures),
    )
    studio.configure(limits="concurrency = 1")
    studio.drop_many(failures + 2)
    await studio.once()


async def test_failures_are_told_together_and_once(studio: Studio, told: Told) -> None:
    """Many failures and doubts make one message, after a while; a restart tells nothing twice."""
    async with looking(studio, told.receiver()) as noticing:
        await noticing.look()
    await troubled(studio, failures=30)
    async with looking(studio, told.receiver()) as noticing:
        await noticing.look()
        assert told.titles == []
        await later(studio, noticing, 61)
        assert told.titles == ["30 files failed (and 1 more)"]
        await later(studio, noticing, 3600)
    async with looking(studio, told.receiver()) as noticing:
        await later(studio, noticing, 3600)
    assert len(told.titles) == 1
    assert "and 10 more" in told.text
    assert "1 edit in doubt" in told.text
    assert "hotfolder resolve" in told.text


async def test_what_was_before_the_first_start_is_not_news(studio: Studio, told: Told) -> None:
    """Turning notices on does not tell of last year's failures, but of what needs a person now."""
    await troubled(studio, failures=2)
    async with looking(studio, told.receiver()) as noticing:
        await noticing.look()
        await later(studio, noticing, 61)
    assert told.titles == ["1 edit in doubt"]


async def test_a_hold_is_told_when_it_begins(studio: Studio, told: Told) -> None:
    """An empty wallet is told at once, with what to do; the same hold is not told again."""
    studio.fault(Fault(call="submit", kind="code", code="416"))
    studio.drop("ann.jpg")
    await studio.once()
    async with looking(studio, told.receiver()) as noticing:
        await noticing.look()
        await later(studio, noticing, 3600)
    (title,) = told.titles
    assert title.startswith("Everything is held: ")


async def test_a_budget_that_is_used_up_is_told(studio: Studio, told: Told) -> None:
    """Who wants to hear of budgets only is told of one, and of no other hold."""
    studio.configure(limits="daily_charge = 0.2")
    studio.drop_many(3)
    await studio.once()
    async with looking(studio, told.receiver(about=["budget"])) as noticing:
        await noticing.look()
    async with looking(studio, told.receiver(name="other", about=["hold"])) as noticing:
        await noticing.look()
    (title,) = told.titles
    assert "is held" in title
    assert "day" in title


async def test_only_what_is_wanted_is_told(studio: Studio, told: Told) -> None:
    """A receiver hears only of the topics that it names."""
    await troubled(studio, failures=1)
    async with looking(studio, told.receiver(about=["hold", "budget"])) as noticing:
        await noticing.look()
        await later(studio, noticing, 3600)
    assert told.titles == []


async def test_a_folder_that_is_away_for_long_is_told(studio: Studio, told: Told) -> None:
    """A share that is away for longer than `offline_minutes` is told, a shorter time is not."""
    await studio.once()
    async with looking(studio, told.receiver(offline_minutes=10)) as noticing:
        await noticing.look()
        journal = noticing._journal  # noqa: SLF001  the intake's word
        number = await journal.run(lambda session: session.rows("watches")[0]["id"])
        await journal.run(sightings.note_watch, number, online=False, detect="scan", reason="gone")
        await later(studio, noticing, 300)
        assert told.titles == []
        await later(studio, noticing, 400)
        await later(studio, noticing, 400)
    assert told.titles == ["The folder of studio is away"]


async def test_the_day_is_summed_up(studio: Studio, told: Told) -> None:
    """Once a day, at the time the owner set, with what was done and charged."""
    clock = studio.clock
    at = clock().astimezone()
    receiver = told.receiver(about=["summary"], summary_at=f"{at:%H:%M}")
    async with looking(studio, receiver) as noticing:
        await noticing.look()
        assert told.titles == []
    studio.drop_many(3)
    await studio.once()
    async with looking(studio, receiver) as noticing:
        await later(studio, noticing, 86_400)
        await later(studio, noticing, 60)
        assert len(told.titles) == 1
        assert told.titles[0].startswith("3 done, 0 failed since ")
        assert "charged: 0." in told.text
        await later(studio, noticing, 86_400)
    assert len(told.titles) == 2


class Mailbox:
    """A mail server's memory."""

    def __init__(self) -> None:
        self.mails: list[str] = []

    async def handle_DATA(  # noqa: N802  aiosmtpd's name
        self,
        _server: object,
        _session: object,
        envelope: Any,  # noqa: ANN401  without types
    ) -> str:
        """Keep a mail."""
        self.mails.append(envelope.content.decode())
        return "250 taken"


async def test_mail_is_sent(studio: Studio) -> None:
    """A mail to a real server: subject and text as they are, and neither key nor password."""
    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(mailbox, hostname="127.0.0.1", port=port)
    server.start()
    try:
        url = f"mailto://127.0.0.1:{port}?from=hotfolder@studio.test&to=ann@studio.test"
        await troubled(studio, failures=1)
        async with looking(studio, Notify(url=SecretStr(url))) as noticing:
            await noticing.look()
            await later(studio, noticing, 61)
    finally:
        server.stop()
    (mail,) = mailbox.mails
    assert "Subject: hotfolder: 1 edit in doubt" in mail
    assert KEY not in mail


@contextmanager
def web_receiver(port: int = 0) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Receive what is posted to a port."""
    posted: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1], posted
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("way", ["command", "address"])
async def test_file_names_that_are_no_text_are_told(studio: Studio, told: Told, way: str) -> None:
    """Their broken bytes are shown as numbers; neither they nor a receiver end the service."""
    with web_receiver() as (port, posted):
        address = Notify(url=SecretStr(f"json://127.0.0.1:{port}"))
        receiver = told.receiver() if way == "command" else address
        async with looking(studio, receiver) as noticing:
            await noticing.look()
        studio.drop(os.fsdecode(b"ann-\xff.jpg"), b"no picture")
        await studio.once()
        async with looking(studio, receiver) as noticing:
            await noticing.look()
            await later(studio, noticing, 61)
    said = told.text if way == "command" else posted[0]["message"]
    assert "ann-\\xff.jpg" in said


async def test_an_address_that_is_no_text_is_tried_later(studio: Studio) -> None:
    """A file of a receiver's address in another encoding ends nothing."""
    file = studio.folder / "address"
    file.write_bytes(b"json://localhost/\xff")
    studio.fault(Fault(call="submit", kind="code", code="416"))
    studio.drop("ann.jpg")
    await studio.once()
    receiver = Notify.model_validate({"url_file": str(file)})
    async with looking(studio, receiver) as noticing:
        await noticing.look()


async def test_a_web_service_is_told(studio: Studio) -> None:
    """A generic JSON receiver gets title and text."""
    with web_receiver() as (port, posted):
        await troubled(studio, failures=1)
        url = f"json://ann:{PASSWORD}@127.0.0.1:{port}/hook"
        async with looking(studio, Notify(url=SecretStr(url))) as noticing:
            await noticing.look()
            await later(studio, noticing, 61)
    (told,) = posted
    assert told["title"] == "hotfolder: 1 edit in doubt"
    assert "job " in told["message"]


async def test_a_receiver_that_hangs_or_is_gone_is_tried_later(
    studio: Studio, told: Told, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail server that says nothing delays no other receiver; what it missed is told later.

    The log says which receiver, and neither its address nor its password.
    """
    monkeypatch.setattr(noticing, "SEND_LIMIT_S", 0.5)
    await troubled(studio, failures=1)
    silent = socket.create_server(("127.0.0.1", 0))
    port = silent.getsockname()[1]
    hanging = Notify(name="office", url=SecretStr(f"json://ann:{PASSWORD}@127.0.0.1:{port}/hook"))
    async with looking(studio, hanging, told.receiver()) as looked:
        await looked.look()
        async with asyncio.timeout(LIMIT_S):
            await later(studio, looked, 61)
        assert told.titles == ["1 edit in doubt"]
        silent.close()
        monkeypatch.setattr(noticing, "SEND_LIMIT_S", 60.0)
        with web_receiver(port) as (_, posted):
            await later(studio, looked, 3600)
    assert [each["title"] for each in posted] == ["hotfolder: 1 edit in doubt"]
    logged = capsys.readouterr().out
    assert "receiver=office" in logged
    assert PASSWORD not in logged


EVIL = "a\n\x1b[31m@everyone <!channel>\u202e.jpg"


async def test_a_strangers_name_calls_nobody(studio: Studio) -> None:
    """Line ends, escapes and calls to everyone in a file's name are only letters in a notice."""
    told = Told(studio.folder)
    studio.configure(watch='sidecar = "none"')
    studio.fault(Fault(call="submit", kind="drop_after"))
    studio.drop(EVIL)
    await studio.once()
    async with looking(studio, told.receiver()) as looked:
        await looked.look()
        await later(studio, looked, 61)
    assert "\\n\\x1b[31m@" in told.text
    for each in ("\x1b", "@everyone", "<!channel>", "\u202e"):
        assert each not in told.text
    assert told.titles == ["1 edit in doubt"]


def run_for(script: str, folder: Path, limit_s: float) -> None:
    """Hand a notice to a shell script."""
    file = folder / "tell.sh"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o700)
    notice = Notice(topic=Topic.HOLD, title="Everything is held", text="x" * 100_000)
    sending.send_to_command([str(file)], notice, limit_s=limit_s)


def test_a_command_gets_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the daemon's environment only what a program needs to find its way is passed on."""
    for name in ("RH_API_KEY", "RUNNINGHUB_API_KEY", "CREDENTIALS_DIRECTORY", "PGPASSWORD"):
        monkeypatch.setenv(name, KEY)
    monkeypatch.setenv("LC_TIME", "C.UTF-8")
    run_for(f"env > {tmp_path}/env; cat > /dev/null", tmp_path, 60.0)
    passed = (tmp_path / "env").read_text()
    assert KEY not in passed
    assert "PATH=" in passed
    assert "LC_TIME=C.UTF-8" in passed


def test_a_command_that_never_ends_is_ended(tmp_path: Path) -> None:
    """With all that it began; what it says meanwhile is not kept."""
    script = f"yes & echo $! > {tmp_path}/child\nyes"
    with pytest.raises(NotSentNotice, match="not done within"):
        run_for(script, tmp_path, 1.0)
    child = int((tmp_path / "child").read_text())
    end_s = time.monotonic() + LIMIT_S
    while not _is_dead(child):
        assert time.monotonic() < end_s


def _is_dead(number: int) -> bool:
    try:
        return "State:\tZ" in Path(f"/proc/{number}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_receiver_that_drips_is_given_up(tmp_path: Path) -> None:
    """One byte now and then keeps each wait of Apprise short, and the whole would have no end."""
    del tmp_path
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ending = threading.Event()
        thread = threading.Thread(target=_drip, args=(server, ending))
        thread.start()
        notice = Notice(topic=Topic.HOLD, title="Everything is held", text="x")
        with pytest.raises(NotSentNotice, match="not done within"):
            sending.send_to_address(f"json://127.0.0.1:{port}/", notice, limit_s=8.0)
        ending.set()
        thread.join(LIMIT_S)


def _drip(server: socket.socket, ending: threading.Event) -> None:
    connection, _ = server.accept()
    with connection, suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        while not ending.wait(0.2):
            connection.sendall(b"x")


async def test_a_watch_that_nobody_follows_is_told(studio: Studio, told: Told) -> None:
    """Its machine is gone, and the others' configs say something else of it: once."""
    url = CLUSTER.database()
    studio.configure(journal=url)
    await studio.once()
    other = studio.folder / "other-state"
    other.mkdir()
    with Journal(other, url, clock=studio.clock) as journal:
        names = ["studio", "another"]
        noticing = Noticing(journal, lambda: [told.receiver()], watches=lambda: names)
        await noticing.look()
        assert told.titles == []
        for _ in range(2):
            await later(studio, noticing, 601)
        assert told.titles == ["Nobody follows studio"]
        assert "followed it last" in told.text
        refused = await journal.run(leases.take, {"studio": "another config"})
        assert not refused.followed
        await journal.run(leases.give_away, "studio")
        assert (await journal.run(leases.take, {"studio": "another config"})).followed
        await later(studio, noticing, 601)
        await journal.run(leases.leave, "studio")
        for _ in range(2):
            await later(studio, noticing, 601)
        assert told.titles == ["Nobody follows studio"] * 2
        names.clear()
        for _ in range(2):
            await later(studio, noticing, 601)
    assert len(told.titles) == 2
