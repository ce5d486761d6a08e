"""A daemon to be killed: runs a service until nothing goes on, or dies at a given point.

    python -m tests.end_to_end.driver CONFIG run|once [POINT N]

With POINT and N the process kills itself at the N-th passing of that failure point.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path

from pydantic import SecretStr

from hotfolder import config
from hotfolder.domain.failpoints import Failpoint, no_failpoint
from hotfolder.service import Edges, Service, stop_on_signals
from tests.studio import KEY, LIMIT_S, EagerPolls


def killing(point: str, number: int) -> Failpoint:
    """Return a failure point that ends this process at the `number`-th passing of `point`."""
    left = number
    gate = threading.Lock()

    def pass_by(name: str) -> None:
        nonlocal left
        if name != point:
            return
        with gate:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    return pass_by


async def main(path: Path, mode: str, failpoint: Failpoint) -> None:
    """Run the daemon, or once."""
    read = config.read(path, {})
    assert read.config is not None, read.problems
    edges = Edges(jitter=lambda: 0.0, schedule=EagerPolls(), failpoint=failpoint)
    service = Service(read.config, SecretStr(KEY), edges)
    stop = stop_on_signals(asyncio.get_running_loop())
    if mode == "run":
        await service.run(stop)
    else:
        await service.once(stop, timeout_s=LIMIT_S)


if __name__ == "__main__":
    _, given, way, *rest = sys.argv
    asyncio.run(main(Path(given), way, killing(rest[0], int(rest[1])) if rest else no_failpoint))
