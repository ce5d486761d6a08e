"""Under which names pages are shown, and that they lead nowhere else."""

from __future__ import annotations

import socket

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from hotfolder.web.guarding import guarded, known_names, under_names
from hotfolder.web.metrics import Metrics, Now
from hotfolder.web.monitor import monitor

NAMES = known_names("127.0.0.1", ["nas.example.net"])


async def silent() -> Now:
    """Answer as a journal that does not."""
    raise TimeoutError


async def asked(host: str, path: str = "/healthz") -> httpx.Response:
    """Ask the monitor under a name."""
    app = monitor(silent, Metrics(), NAMES)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as http:
        return await http.get(f"http://127.0.0.1{path}", headers={"host": host})


@pytest.mark.parametrize(
    "host",
    [
        *(
            "127.0.0.1",
            "127.0.0.1:9464",
            "192.168.1.5:9464",
            "[::1]:9464",
            "[fe80::1]",
            "localhost",
        ),
        *("localhost", "LOCALHOST:9464", "nas.example.net:9464", "nas.example.net."),
        socket.gethostname(),
    ],
)
async def test_known_names_are_answered(host: str) -> None:
    """Addresses, this machine's own names and those that the owner names."""
    assert (await asked(host)).status_code == 503  # the page, of a journal that does not answer


@pytest.mark.parametrize(
    "host", ["evil.test", "evil.test:9464", "localhost.evil.test", "127.0.0.1.evil.test", "", "::"]
)
async def test_a_strangers_name_is_not_answered(host: str) -> None:
    """A browser that was led here by a name gets nothing to read."""
    assert (await asked(host)).status_code in (421, 503 if host == "::" else 421)


@pytest.mark.parametrize("path", ["/healthz/", "//evil.test/healthz/", "/metrics/"])
async def test_no_page_leads_elsewhere(path: str) -> None:
    """A slash too many is no redirect to whatever host was named."""
    answer = await asked("127.0.0.1", path)
    assert answer.status_code == 404
    assert "location" not in answer.headers


async def test_two_hosts_are_none() -> None:
    """A request with two names is refused."""

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("here")(scope, receive, send)

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(under_names(page, NAMES)), base_url="http://127.0.0.1"
    ) as http:
        headers = [("host", "127.0.0.1"), ("host", "evil.test")]
        assert (await http.get("/", headers=headers)).status_code == 421
        assert (await http.get("/")).text == "here"


async def test_a_failing_page_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever asked gets 500; the log gets no traceback."""

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        del send
        raise ValueError(await Request(scope, receive).body())

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(guarded(broken)), base_url="http://127.0.0.1"
    ) as http:
        assert (await http.post("/", content=b"x")).status_code == 500
    assert capsys.readouterr().out.count("\n") == 1
