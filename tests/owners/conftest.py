"""What the tests of owners share: a simulated service with its client and customer, a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotfolder.runninghub.patience import Patience
from hotfolder.simulator import Settings, in_thread
from tests import calling
from tests.calling import ANSWER_TIMEOUT_S, connected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from hotfolder.runninghub.client import Client
    from hotfolder.simulator import RunningServer


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep this machine's proxies out of the way."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def service() -> Iterator[RunningServer]:
    """Give a service whose tasks end at once."""
    with in_thread(Settings(task_s=0, key=calling.KEY, retry_after_s=4)) as server:
        yield server


@pytest.fixture
async def client(service: RunningServer) -> AsyncIterator[Client]:
    """Give a client of the service that is not patient with submits."""
    async with connected(service.base_url, patience=Patience(submit_s=ANSWER_TIMEOUT_S)) as made:
        yield made
