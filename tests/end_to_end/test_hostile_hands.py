"""Whoever may drop files stops nobody else's: neither another watch nor the daemon."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx

from tests import hostile_files
from tests.studio import LIMIT_S, free_port, picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.end_to_end.conftest import CommandLine
    from tests.studio import Studio

# Three times what is wanted, for busy machines; a daemon that hangs does so for much longer.
PATIENCE_S = 3.0
# Its edit is paid; the stand-in service opens it without our care and may never show a result.
TAKEN = {"running", "finished", "fetched", "done"}


def drop_hostile_files(studio: Studio) -> int:
    """Drop every hostile file, and every hostile sidecar with a picture; return how many jobs."""
    for (name, _), content in hostile_files.SIDECARS.items():
        number = len(list(studio.input.iterdir()))
        studio.drop(f"s{number:03}.{name.rpartition('.')[2]}", content)
        studio.drop(f"s{number:03}.jpg", number=number)
    for number, (_, content) in enumerate(hostile_files.made()):
        studio.drop(f"h{number:03}.jpg", content)
    return len(hostile_files.SIDECARS) + len(hostile_files.FILES)


def others(studio: Studio) -> Iterator[bool]:
    """Drop pictures into another watch, each when the last one's edit is there; say if it is."""
    for number in range(1000, 2000):
        (studio.folder / "other-in" / f"{number}.jpg").write_bytes(picture(number))
        while not (studio.folder / "other-out" / f"{number}.jpg").exists():
            yield False
        yield True


def test_hostile_files_stop_nothing_but_their_own_jobs(
    studio: Studio, hotfolder: CommandLine, record_property: Callable[[str, object], None]
) -> None:
    """Each is answered with a reason; meanwhile another watch's pass and the daemon says it lives.

    Broken pictures and sidecars wait or fail, what can be edited is, and nothing is left unsaid.
    """
    port = free_port()
    studio.configure(
        watches=["other"], limits=f'[monitor]\nlisten = "127.0.0.1:{port}"', watch="settle = 0.2"
    )
    hostile, passed, other = drop_hostile_files(studio), 0, others(studio)
    slowest_s = 0.0
    with hotfolder.daemon() as daemon:
        end_s = time.monotonic() + 2 * LIMIT_S
        while time.monotonic() < end_s:
            health = httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=PATIENCE_S)
            assert health.status_code == 200
            slowest_s = max(slowest_s, health.elapsed.total_seconds())
            passed += next(other)
            jobs = [each for each in studio.jobs() if each["watch"] == "studio"]
            answered = [each for each in jobs if each["state"] in TAKEN or each["error"]]
            if len(answered) == hostile and passed:
                break
            time.sleep(0.05)
    record_property("slowest_healthz_s", f"{slowest_s:.2f}")
    unsaid = [each["source"] for each in jobs if each not in answered]
    assert (len(answered), unsaid) == (hostile, []), daemon.err[-3000:]
    assert passed
