"""A customer of the simulated service, whose clock stands until it is set forward."""

from __future__ import annotations

import ssl
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import httpx

if TYPE_CHECKING:
    from hotfolder.simulator import RunningServer

KEY = "k" * 32
GROK = "rhart-image-x-official/edit"
NANO = "rhart-image-n-g31-flash/image-to-image"
# For clients that speak no TLS: to read the roots of trust for each would take them 20 ms.
NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
CAT = files("hotfolder").joinpath("samples", "cat.jpg").read_bytes()


class Clock:
    """A clock that stands until it is set forward."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


class Customer:
    """The few calls every test makes."""

    def __init__(self, server: RunningServer, clock: Clock) -> None:
        self.server = server
        self.simulator = server.simulator
        self.clock = clock
        self.http = httpx.Client(
            headers={"Authorization": f"Bearer {KEY}"}, trust_env=False, verify=NO_TLS, timeout=60
        )

    def post(self, path: str, body: object) -> Any:  # noqa: ANN401  (JSON)
        """Post JSON to a V2 path and return the answer's JSON."""
        return self.http.post(f"{self.server.base_url}/{path}", json=body).json()

    def upload(self, content: bytes = CAT, name: str = "cat.jpg") -> Any:  # noqa: ANN401  (JSON)
        """Upload a file and return the answer's JSON."""
        url = f"{self.server.base_url}/media/upload/binary"
        return self.http.post(url, files={"file": (name, content)}).json()

    def link(self, content: bytes = CAT, name: str = "cat.jpg") -> str:
        """Upload a file and return its link."""
        return str(self.upload(content, name)["data"]["download_url"])

    def submit(self, prompt: str = "make it gold", link: str | None = None) -> Any:  # noqa: ANN401
        """Submit the Grok edit and return the answer's JSON."""
        return self.post(GROK, {"prompt": prompt, "image": link or self.link()})

    def query(self, task_id: object) -> Any:  # noqa: ANN401  (JSON)
        """Query a task and return the answer's JSON."""
        return self.post("query", {"taskId": task_id})

    def finish(self, answer: Any) -> Any:  # noqa: ANN401  (JSON)
        """Let time pass until a submitted task has ended, and return its query's JSON."""
        self.clock.now += 100
        return self.query(answer["taskId"])
