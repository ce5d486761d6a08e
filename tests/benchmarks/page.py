"""The page beside a long history: its first bytes, the next pair of a review, and what it costs."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from hotfolder.journal.connection import FILE_NAME
from hotfolder.page.keys import Keyring, Role
from hotfolder.simulator import Settings
from tests.benchmarks.arena import LOOK_S, PATIENCE_S, arena
from tests.benchmarks.frame import Measured, benchmark
from tests.benchmarks.history import put_history
from tests.browser import opened, page_of
from tests.end_to_end.daemon import Daemon
from tests.studio import Studio, free_port

JOBS, JOBS_SHORT = 100_000, 1000
PAIRS, PAIRS_SHORT = 1000, 10
OPEN, OPEN_SHORT = 50, 5
OPEN_S, OPEN_SHORT_S = 30.0, 2.0
IDLE_LOOK_S, IDLE_SHARE = 2.0, 0.05
ADDRESSES = ("/", "/gallery", "/jobs/1", "/needs", "/review", "/money", "/wall/studio", "/manual")
TICKS = os.sysconf("SC_CLK_TCK")
# Decides on the pair that is shown, and returns the milliseconds until the next one is, whole.
NEXT_PAIR = """
async () => {
  const shown = () => document.querySelector('.pairs .at');
  const images = () => [...document.querySelectorAll('.reviewing .compare img')];
  const before = shown(), began = performance.now();
  document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'a', bubbles: true }));
  for (;;) {
    await new Promise(requestAnimationFrame);
    const whole = images().filter((each) => each.complete && each.naturalWidth);
    if (shown() !== before && whole.length === 2) return performance.now() - began;
    if (performance.now() - began > 60000) throw new Error('no next pair is shown');
  }
}
"""


@dataclass(frozen=True, kw_only=True)
class Served:
    """A daemon whose page is served at an address."""

    studio: Studio
    daemon: Daemon
    address: str

    def cpu_s(self) -> float:
        """Return what the daemon has taken of a processor until now."""
        stat = Path(f"/proc/{self.daemon.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / TICKS

    @contextmanager
    def signed_in(self) -> Iterator[httpx.Client]:
        """Give a visitor who is signed in as the owner."""
        code = Keyring(self.studio.state, time.time).code(Role.OWNER)
        own = {"origin": self.address, "accept": "text/html"}
        with httpx.Client(base_url=self.address, timeout=PATIENCE_S, trust_env=False) as client:
            client.post(f"/enter/{code}", headers=own).raise_for_status()
            yield client


@contextmanager
def served(jobs: int = 0, watch: str = "") -> Iterator[Served]:
    """Run a daemon with its page, beside so many finished jobs, until the block ends."""
    with arena(Settings(task_s=0.0)) as studio:
        port = free_port()
        web = f'listen = "127.0.0.1:{port}"'
        studio.configure(limits="backlog = 0", web=web, watch=watch)
        if jobs:
            put_history(studio, done=jobs)
            _publish(studio)
        address = f"http://127.0.0.1:{port}"
        with Daemon(studio) as daemon:
            _wait_for(address)
            yield Served(studio=studio, daemon=daemon, address=address)


def _publish(studio: Studio) -> None:
    """Let all results of a history be published, one a second."""
    with closing(sqlite3.connect(studio.state / FILE_NAME)) as journal, journal:
        journal.execute(
            "UPDATE result SET output_name = CAST('p' || id || '.jpg' AS BLOB), published_at = id"
        )


def _wait_for(address: str) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        with suppress(httpx.TransportError):
            httpx.get(f"{address}/sign-in", trust_env=False)
            return
        time.sleep(LOOK_S)


@benchmark("page", unit="ms to the first byte", aim="under 100 ms each, no list without limits")
def page(*, short: bool) -> Measured:
    """Ask for each page beside 100,000 finished jobs, once warm: the slowest."""
    beside = {}
    with served(JOBS_SHORT if short else JOBS) as there, there.signed_in() as client:
        for address in ADDRESSES:
            client.get(address).raise_for_status()
            begun_s = time.monotonic()
            with client.stream("GET", address) as answer:
                beside[f"{address} ms"] = 1000 * (time.monotonic() - begun_s)
                beside[f"{address} bytes"] = len(answer.read())
    ours = max(value for name, value in beside.items() if name.endswith("ms"))
    return Measured(ours=ours, beside=beside)


@benchmark("review", unit="ms to the next pair", aim="under 100 ms")
def review(*, short: bool) -> Measured:
    """Review 1,000 pairs in a real browser, from the key to both pictures: the median."""
    count = PAIRS_SHORT if short else PAIRS
    with served(watch="review = true") as there, opened() as browser, page_of(browser) as shown:
        there.studio.drop_many(count)
        while there.studio.status()["review"]["waiting"] < count:
            time.sleep(LOOK_S)
        code = Keyring(there.studio.state, time.time).code(Role.OWNER)
        shown.goto(f"{there.address}/enter/{code}")
        shown.get_by_role("button", name="Enter").click()
        shown.get_by_role("navigation").get_by_role("link", name=re.compile("Review")).click()
        shown.locator(".pairs .at").wait_for()
        took_ms = sorted(shown.evaluate(NEXT_PAIR) for _ in range(count - 1))
    p99 = took_ms[int(0.99 * len(took_ms))]
    return Measured(ours=statistics.median(took_ms), beside={"p99": p99, "most": took_ms[-1]})


@benchmark("page-open", unit="percent of a core", aim="a submit is not delayed")
def page_open(*, short: bool) -> Measured:
    """Keep 50 pages open while nothing happens, then edit one picture beside them."""
    return asyncio.run(_page_open(short=short))


async def _page_open(*, short: bool) -> Measured:
    count, for_s = (OPEN_SHORT, OPEN_SHORT_S) if short else (OPEN, OPEN_S)
    with served(JOBS_SHORT if short else JOBS) as there, there.signed_in() as client:
        alone_s = await _edited(there.studio, 1)
        await _until_idle(there)
        async with AsyncExitStack() as stack:
            listener = await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url=there.address,
                    cookies=client.cookies,
                    timeout=PATIENCE_S,
                    trust_env=False,
                    limits=httpx.Limits(max_connections=None),
                )
            )
            for _ in range(count):
                opened_stream = listener.stream("GET", "/live/now")
                (await stack.enter_async_context(opened_stream)).raise_for_status()
            before_s = there.cpu_s()
            await asyncio.sleep(for_s)
            share = (there.cpu_s() - before_s) / for_s
            watched_s = await _edited(there.studio, 2)
    beside = {"pages": count, "s to an output, none open": alone_s, "s to an output": watched_s}
    return Measured(ours=100 * share, beside=beside)


async def _until_idle(there: Served) -> None:
    """Wait until the daemon has done what it does after its start: a copy of a long history."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        before_s = there.cpu_s()
        await asyncio.sleep(IDLE_LOOK_S)
        if there.cpu_s() - before_s < IDLE_SHARE * IDLE_LOOK_S:
            return
    raise TimeoutError("the daemon does not come to rest")


async def _edited(studio: Studio, number: int) -> float:
    """Drop a picture and return the seconds until its output is there."""
    begun_s = time.monotonic()
    studio.drop(f"late{number}.jpg", number=number)
    while not (studio.output / f"late{number}.jpg").exists():
        await asyncio.sleep(LOOK_S / 5)
        if time.monotonic() > begun_s + PATIENCE_S:
            raise TimeoutError("no output comes")
    return time.monotonic() - begun_s
