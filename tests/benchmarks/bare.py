"""A bare loop over the service's four requests, without journal or safety: `overhead`'s bound.

`python -m tests.benchmarks.bare BASE_URL SOURCES TARGETS AT_ONCE TOLD` edits every file of a folder
into another and writes the seconds that it took into TOLD.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from tests.studio import KEY

ENDPOINT = "/rhart-image-x-official/edit"


async def main(base_url: str, sources: list[Path], targets: Path, at_once: int) -> float:
    """Edit all files, so many at once, and return the seconds."""
    gate = asyncio.Semaphore(at_once)
    limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    headers = {"authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(headers=headers, limits=limits, timeout=60.0) as http:
        begun_s = time.monotonic()

        async def one(source: Path) -> None:
            async with gate:
                await edit(http, base_url, source, targets / source.name)

        await asyncio.gather(*map(one, sources))
        return time.monotonic() - begun_s


async def edit(http: httpx.AsyncClient, base_url: str, source: Path, target: Path) -> None:
    """Edit one file by four requests; files are streamed."""
    with source.open("rb") as content:
        files = {"file": (source.name, content, "image/jpeg")}
        told = (await http.post(f"{base_url}/media/upload/binary", files=files)).json()
    # Another prompt than the program's, whose results the simulator has already made.
    body = {"image": told["data"]["download_url"], "prompt": "Make it a winter day"}
    task = (await http.post(base_url + ENDPOINT, json=body)).json()["taskId"]
    answer: dict[str, Any] = {}
    while not answer.get("results"):
        answer = (await http.post(f"{base_url}/query", json={"taskId": task})).json()
    async with http.stream("GET", answer["results"][0]["url"]) as response:
        with target.open("wb") as written:
            async for chunk in response.aiter_raw():
                written.write(chunk)


if __name__ == "__main__":
    base, folder, into, many, told_in = sys.argv[1:]
    took_s = asyncio.run(main(base, sorted(Path(folder).glob("*.jpg")), Path(into), int(many)))
    Path(told_in).write_text(str(took_s))
