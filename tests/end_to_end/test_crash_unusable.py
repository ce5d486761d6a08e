"""A daemon killed while a result that is none lies in the spool: it is kept, told, fetched anew."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from tests.end_to_end.daemon import Daemon
from tests.end_to_end.test_crash import Bench, driver, server
from tests.flow.test_results import HOUR_S, VIDEO, other, spooled
from tests.materials.test_proving import PAGE
from tests.studio import Studio

if TYPE_CHECKING:
    from pathlib import Path

    from hotfolder.simulator import RunningServer
    from tests.end_to_end.driver import Driver

__all__ = ["driver", "server"]  # fixtures of this module, too


async def comes_whole_in_the_end(studio: Studio) -> None:
    """Go on after a kill: the result is fetched again an hour later, and nothing is left."""

    def passes() -> bool:
        studio.wait(HOUR_S)
        return studio.states() == {"done": 1}

    async with studio.running():
        await studio.until(passes, "the film")
    assert studio.outputs() == ["ann.mp4"]
    assert spooled(studio) == {}


def unusable(studio: Studio) -> bool:
    """Return whether the job says that what came is no result."""
    return (studio.job("ann.jpg")["error"] or {}).get("code") == "result_unusable"


async def test_a_kill_before_it_is_told(
    tmp_path: Path, server: RunningServer, driver: Driver
) -> None:
    """Whatever came by then is fetched once more and judged again."""
    bench = Bench(tmp_path / "before", server, driver, 7001)
    bench.studio.configure(rules=[f'{VIDEO}\nprompt = "{bench.prompt}"'])
    bench.studio.fault(other(PAGE, contains=bench.prompt, times=2))
    assert bench.once("download.answered", 1)
    await comes_whole_in_the_end(bench.studio)
    assert len(bench.tasks()) == 1


async def test_a_kill_after_it_is_told(tmp_path: Path, server: RunningServer) -> None:
    """What a person may want to see lies there byte for byte when it is started again."""
    studio, prompt = Studio(tmp_path, server), "she turns, number 7002"
    studio.configure(rules=[f'{VIDEO}\nprompt = "{prompt}"'])
    studio.fault(other(PAGE, contains=prompt, times=1))
    studio.drop("ann.jpg", number=7002)
    with Daemon(studio) as daemon:
        await studio.until(lambda: unusable(studio), "it is told")
        daemon.signal(signal.SIGKILL)
        daemon.end()
    assert spooled(studio) == {"1-1-unusable": PAGE}
    await comes_whole_in_the_end(studio)
    assert [task.prompt for task in studio.ledger().tasks].count(prompt) == 1
