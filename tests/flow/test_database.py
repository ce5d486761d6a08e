"""The daemon over a journal in PostgreSQL, which another machine shares, or goes on with."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import threading
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from structlog.testing import capture_logs

from hotfolder.composition.composition import KEY_BYTES
from hotfolder.domain.errors import (
    JournalElsewhere,
    JournalTakenOver,
    JournalUnavailable,
    OperatorError,
)
from hotfolder.domain.failpoints import no_failpoint
from hotfolder.outputs import disk, publish
from hotfolder.simulator import Fault
from tests.cluster import CLUSTER
from tests.relay import Relay
from tests.studio import LIMIT_S
from tests.visitor import visiting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hotfolder.outputs.access import Access
    from tests.studio import Studio

CUT_OFF = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND datname = current_database()
"""
SLOW = Fault(call="submit", kind="slow", seconds=1.5)


@pytest.fixture
def database(studio: Studio) -> str:
    """Give the studio a journal in a database, and return its url."""
    url = CLUSTER.database()
    studio.configure(journal=url)
    return url


def on_another_machine(studio: Studio, **config: Any) -> None:  # noqa: ANN401  of configure
    """Let what is started from now on be on a machine with a state directory of its own."""
    studio.state = studio.folder / "other-state"
    studio.configure(journal=studio.config.journal.url, **config)


def take_over(url: str) -> None:
    """Let others have what is followed, as another machine does once the seat ran out."""
    with psycopg.connect(url, autocommit=True) as opened:
        opened.execute("UPDATE hotfolder.seat SET until = '-infinity', beats = -2")


def cut_off(url: str) -> None:
    """End every connection to a database."""
    with psycopg.connect(url, autocommit=True) as opened:
        opened.execute(CUT_OFF)


def hidden(studio: Studio) -> list[str]:
    """Return what is left of writing outputs."""
    return [each.name for each in studio.output.glob(".*.part")]


def followed(studio: Studio) -> list[str]:
    """Return what the newest daemon follows."""
    parts = studio.parts
    return [] if parts is None else [each.watch.name for each in parts.watches.watchers]


@asynccontextmanager
async def beside(studio: Studio, **config: Any) -> AsyncIterator[None]:  # noqa: ANN401  of configure
    """Run one more daemon on another machine, while the block runs."""
    on_another_machine(studio, **config)
    stop = asyncio.Event()
    daemon = asyncio.create_task(studio.service().run(stop))
    try:
        await studio.until(lambda: studio.parts is not None, "it runs")
        yield
    finally:
        stop.set()
        await daemon


@pytest.mark.usefixtures("database")
async def test_a_picture_goes_its_way(studio: Studio) -> None:
    """From the folder to its output, as over a file; and nothing of a file is made."""
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.outputs() == ["ann.jpg"]
    assert studio.states() == {"done": 1}
    assert not (studio.state / "journal.db").exists()


@pytest.mark.usefixtures("database")
async def test_a_server_that_starts_last_is_waited_for(studio: Studio) -> None:
    """The daemon says once that it waits, and begins by itself; `once` says it and ends."""
    studio.drop("ann.jpg")
    stop = asyncio.Event()
    CLUSTER.control(CLUSTER.folder, "stop", "-m", "immediate")
    try:
        with pytest.raises(JournalUnavailable):
            await studio.once()
        with capture_logs() as lines:
            daemon = asyncio.create_task(studio.service().run(stop))
            await studio.until(lambda: lines[-1]["event"] == "journal.awaited", "it waits")
    finally:
        CLUSTER.control(CLUSTER.folder, "start")
    await studio.until_states(done=1)
    stop.set()
    await daemon
    assert studio.outputs() == ["ann.jpg"]


async def test_who_waited_in_the_middle_of_its_start_stands_by(
    studio: Studio, database: str
) -> None:
    """What another machine followed at the first try is still taken over when that ends."""
    cut: list[int] = []

    def drawn(size: int) -> bytes:
        if size == KEY_BYTES and not cut:
            cut.append(size)
            cut_off(database)
        return secrets.token_bytes(size)

    async with AsyncExitStack() as closing:
        async with studio.running():
            studio.edge(random=drawn)
            await closing.enter_async_context(beside(studio))
            assert (cut, followed(studio)) == ([KEY_BYTES], [])
        await studio.until(lambda: followed(studio) == ["studio"], "it follows the watch")


async def test_a_start_is_begun_again_whose_server_went_away_in_the_middle(
    studio: Studio, database: str
) -> None:
    """All was open, and nothing had begun: the daemon does not end, but opens all of it anew."""
    tried: list[str] = []

    @asynccontextmanager
    async def serve(*_arguments: object) -> AsyncIterator[None]:
        tried.append("")
        if len(tried) == 1:
            CLUSTER.control(CLUSTER.folder, "stop", "-m", "immediate")
        yield

    studio.configure(journal=database, limits='[monitor]\nlisten = "127.0.0.1:1"')
    studio.edge(serve=serve)
    studio.drop("ann.jpg")
    stop = asyncio.Event()
    try:
        with capture_logs() as lines:
            daemon = asyncio.create_task(studio.service().run(stop))
            await studio.until(lambda: lines[-1]["event"] == "journal.awaited", "it waits")
    finally:
        CLUSTER.control(CLUSTER.folder, "start")
    await studio.until_states(done=1)
    stop.set()
    await daemon
    assert studio.outputs() == ["ann.jpg"]


async def test_who_waits_for_a_server_can_be_stopped(studio: Studio) -> None:
    """Nothing was begun, so nothing is left to wait for."""
    studio.configure(journal="postgresql://hotfolder@127.0.0.1:1/nothing")
    stop = asyncio.Event()
    with capture_logs() as lines:
        daemon = asyncio.create_task(studio.service().run(stop))
        await studio.until(lambda: lines[-1]["event"] == "journal.awaited", "it waits")
        stop.set()
        await daemon
    assert [each["event"] for each in lines].count("journal.awaited") == 1


@pytest.mark.usefixtures("database")
async def test_another_machine_takes_nothing_twice(studio: Studio) -> None:
    """It follows the same folder, knows what was done there, and does the rest."""
    studio.drop("ann.jpg")
    await studio.once()
    on_another_machine(studio)
    studio.drop("bob.jpg", number=2)
    await studio.once()
    assert studio.states() == {"done": 2}
    assert (len(studio.ledger().tasks), studio.ledger().paid_twice()) == (2, ())


@pytest.mark.usefixtures("database")
async def test_once_leaves_alone_what_another_machine_has(studio: Studio) -> None:
    """It says where the daemon is."""
    async with studio.running():
        on_another_machine(studio)
        with pytest.raises(JournalElsewhere, match=r"studio: .* follows it"):
            await studio.once()


@pytest.mark.usefixtures("database")
async def test_another_machine_goes_on(studio: Studio) -> None:
    """It follows nothing while the first runs, and everything as soon as that ends."""
    async with AsyncExitStack() as closing:
        async with studio.running():
            await closing.enter_async_context(beside(studio))
            assert followed(studio) == []
        await studio.until(lambda: followed(studio) == ["studio"], "it follows the watch")
        studio.drop("ann.jpg")
        await studio.until_states(done=1)
    assert studio.outputs() == ["ann.jpg"]


async def test_two_machines_share_the_work(studio: Studio, database: str) -> None:
    """Each does what comes to its own watch, and both together keep the account's limit."""
    studio.simulator.update_settings(concurrent_limit=2)
    config: dict[str, Any] = {"watches": ["two"], "limits": "concurrency = 2\ngrace = 5.0"}
    studio.configure(journal=database, **config)
    async with studio.running():
        await studio.send("handover", watch="two")
        first = studio.parts
        async with beside(studio, **config):
            await studio.until(lambda: followed(studio) == ["two"], "it follows the second")
            assert first is not None
            assert [each.watch.name for each in first.watches.watchers] == ["studio"]
            for number in range(4):
                studio.drop(f"p{number}.jpg", number=number)
                studio.drop(f"../two-in/q{number}.jpg", number=10 + number)
            await studio.until_states(done=8)
            assert None not in {each["followed_by"] for each in studio.status()["watches"]}
    assert len(studio.ledger().tasks) == 8
    assert (studio.ledger().rejected, studio.ledger().paid_twice()) == ((), ())


async def test_who_reaches_no_service_keeps_nobody_else_from_it(
    studio: Studio, database: str
) -> None:
    """What is followed from there waits and says so; the other machine's work is done."""
    relay = Relay(studio.base_url)
    config: dict[str, Any] = {"watches": ["two"], "limits": "grace = 5.0"}
    studio.configure(journal=database, **config)
    async with studio.running():
        await studio.send("handover", watch="two")
        studio.base_url = relay.base_url
        async with beside(studio, **config):
            await studio.until(lambda: followed(studio) == ["two"], "it follows the second")
            for number in range(8):
                studio.drop(f"../two-in/q{number}.jpg", number=10 + number)
            await studio.until(lambda: studio.status()["holds"], "the silence is noticed")
            studio.drop_many(8)
            await studio.until_states(done=8, accepted=8)
            here = socket.gethostname()
            assert studio.hold()["reason"] == f"On {here}: The service does not answer."
            assert len(studio.outputs()) == 8
            await relay.open()
            studio.wait(120)
            await studio.until_states(done=16)
            assert studio.status()["holds"] == []
    await relay.close()


async def test_who_lost_the_journal_before_the_call_sends_nothing(
    studio: Studio, database: str
) -> None:
    """A machine suspended between intent and call: it asks once more, and leaves a doubt behind."""

    def suspend(point: str) -> None:
        if point == "mark.after":
            take_over(database)

    studio.edge(failpoint=suspend)
    studio.drop("ann.jpg")
    with pytest.raises(JournalTakenOver, match="did not answer"):
        await studio.service().run(asyncio.Event())
    assert not studio.ledger().requests.get("submit")
    on_another_machine(studio)
    studio.edge(failpoint=no_failpoint)
    await studio.once()
    assert studio.states() == {"in_doubt": 1}
    assert studio.ledger().tasks == ()


async def test_an_answer_after_the_takeover_is_not_lost(studio: Studio, database: str) -> None:
    """The first lost the journal during its paid call: the second finds a doubt with its answer."""
    studio.fault(SLOW)
    studio.drop("ann.jpg")
    first = asyncio.create_task(studio.service().run(asyncio.Event()))
    await studio.until(lambda: studio.ledger().requests.get("submit"), "the paid call")
    take_over(database)
    with pytest.raises(JournalTakenOver, match="did not answer"):
        await first
    on_another_machine(studio)
    async with studio.running():
        await studio.until_states(done=1)
    assert studio.outputs() == ["ann.jpg"]
    assert len(studio.ledger().tasks) == 1


async def test_two_machines_at_one_output_show_nothing_half_done(
    studio: Studio, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first, cut off, names its copy just when the second has begun to write its own."""
    copied, begun, named = threading.Event(), threading.Event(), threading.Event()
    copy, put_in_place, seen = publish._copy, publish._put_in_place, list[int]()  # noqa: SLF001

    def copying(result: Any, folder: int, temporary: str, access: Access) -> None:  # noqa: ANN401
        if copied.is_set():
            os.close(disk.create(folder, temporary, 0o666))
            begun.set()
            assert named.wait(LIMIT_S)
            seen.extend(each.stat().st_size for each in studio.output.glob("ann*"))
        copy(result, folder, temporary, access)
        if not copied.is_set():
            copied.set()
            assert begun.wait(LIMIT_S)

    def putting(*given: Any) -> None:  # noqa: ANN401
        try:
            put_in_place(*given)
        finally:
            named.set()

    monkeypatch.setattr(publish, "_copy", copying)
    monkeypatch.setattr(publish, "_put_in_place", putting)
    studio.configure(journal=database, limits="grace = 0.1")
    studio.drop("ann.jpg")
    first = asyncio.create_task(studio.service().run(asyncio.Event()))
    await studio.until(copied.is_set, "its copy")
    take_over(database)
    with pytest.raises(JournalTakenOver, match="did not answer"):
        await first
    on_another_machine(studio)
    studio.drop("bob.jpg", number=2)
    await studio.once()
    assert 0 not in seen
    assert hidden(studio) == []
    assert studio.states() == {"done": 2}
    assert sorted(each.name for each in studio.output.glob("*.jpg")) == ["ann.jpg", "bob.jpg"]


async def test_one_machine_alone_hands_nothing_over(studio: Studio) -> None:
    """Nobody is there to take it."""
    await studio.once()
    with pytest.raises(OperatorError, match="this machine's alone"):
        await studio.act("handover", watch="studio")


@pytest.mark.usefixtures("database")
async def test_the_page_shows_who_follows_what(studio: Studio) -> None:
    """It reads the shared journal, as the command line does."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        assert f"followed by {socket.gethostname()}" in await visitor.text("/")


@pytest.mark.usefixtures("database")
async def test_what_lies_in_the_other_spool_is_fetched_again(studio: Studio) -> None:
    """An edit that waits for a person is published by whoever follows its watch by then."""
    studio.configure(journal=studio.config.journal.url, watch="review = true")
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"fetched": 1}
    on_another_machine(studio, watch="review = true")
    studio.state.mkdir()
    await studio.act("approve", jobs=[1])
    studio.wait(60)
    await studio.once()
    assert (studio.outputs(), studio.states()) == (["ann.jpg"], {"done": 1})
    assert len(studio.ledger().tasks) == 1


async def test_the_same_work_on_two_machines_is_paid_once(studio: Studio, database: str) -> None:
    """What one machine has paid for, the other takes for its own watch."""
    studio.drop("ann.jpg")
    await studio.once()
    studio.state = studio.folder / "other-state"
    (studio.folder / "two-in").mkdir()
    studio.configure(journal=database, watches=["two"])
    text = (studio.folder / "config.toml").read_text()
    first, second = text.index('[[watch]]\nname = "studio"'), text.index('[[watch]]\nname = "two"')
    studio.reconfigure(text[:first] + text[second:])
    studio.drop("../two-in/ann.jpg")
    await studio.once()
    assert studio.states() == {"done": 2}
    assert len(studio.ledger().tasks) == 1
    assert [each.name for each in (studio.folder / "two-out").glob("*.*")] == ["ann.jpg"]
