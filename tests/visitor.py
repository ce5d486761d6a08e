"""Somebody who visits the page of a studio, by HTTP alone."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx

from hotfolder.page.keys import Keyring, Role
from tests.customer import NO_TLS
from tests.studio import LIMIT_S, RULE, free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tests.studio import Studio

HTML = {"accept": "text/html"}


class Visitor:
    """A browser's requests, without the browser."""

    def __init__(self, client: httpx.AsyncClient, address: str) -> None:
        self.client = client
        self.own = {"origin": address, **HTML}

    async def enter(self, studio: Studio, role: Role = Role.OWNER) -> None:
        """Sign in by a link."""
        code = Keyring(studio.state, lambda: time.time() + 1).code(role)
        entered = await self.client.post(f"/enter/{code}", headers=self.own)
        assert entered.status_code == 200, entered.text

    async def get(self, path: str) -> httpx.Response:
        """Return what stands at an address."""
        return await self.client.get(path, headers=HTML)

    async def text(self, path: str) -> str:
        """Return a page that must be there."""
        found = await self.get(path)
        assert found.status_code == 200, found.text
        return found.text

    async def press(self, button: str, *, on: str, **more: str) -> httpx.Response:
        """Press a button of a page: its value, with the page's own token."""
        given = {"token": token_of(await self.text(on)), "back": on, "one": button, **more}
        return await self.client.post("/act", data=given, headers=self.own, follow_redirects=True)


async def status_of(ask: httpx.Request, said: dict[str, str], body: bytes = b"") -> int:
    """Send the head of a request, whatever it promises, and a body; return the answer's status."""
    kept = {name: value for name, value in ask.headers.items() if name != "content-length"}
    lines = [f"{name}: {value}" for name, value in {**kept, **said}.items()]
    head = "\r\n".join([f"{ask.method} {ask.url.raw_path.decode()} HTTP/1.1", *lines, "", ""])
    reader, writer = await asyncio.open_connection(ask.url.host, ask.url.port)
    writer.write(head.encode() + body)
    answer = await asyncio.wait_for(reader.readline(), LIMIT_S)
    writer.close()
    return int(answer.split()[1])


def forget_small(studio: Studio) -> None:
    """Forget what was made small, as if others had taken its room since."""
    for each in (studio.state / "thumbnails").iterdir():
        each.unlink()


def token_of(page: str) -> str:
    """Return the token in the form of a page."""
    found = re.search(r'name="token" value="([0-9a-f]+)"', page)
    assert found is not None, page
    return found[1]


@asynccontextmanager
async def visiting(
    studio: Studio, web: str = "", limits: str = "", rules: Sequence[str] = (RULE,), watch: str = ""
) -> AsyncIterator[Visitor]:
    """Run the daemon with its page while the block runs, and give somebody not signed in."""
    address = f"127.0.0.1:{free_port()}"
    web = f'listen = "{address}"\n{web}'
    journal = studio.config.journal.url
    studio.configure(web=web, limits=limits, rules=rules, watch=watch, journal=journal)
    async with (
        studio.running(),
        httpx.AsyncClient(
            base_url=f"http://{address}", timeout=LIMIT_S, trust_env=False, verify=NO_TLS
        ) as client,
    ):
        yield Visitor(client, f"http://{address}")
