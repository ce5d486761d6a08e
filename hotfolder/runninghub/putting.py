"""Puts a file behind a signed link, as the service wants LoRAs: read from the disk piece by piece.

The link leads to a store of files, which never sees the key.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from hotfolder.domain.errors import Unanswered
from hotfolder.runninghub.patience import Patience
from hotfolder.runninghub.sending import Trace, translated

_PIECE_BYTES: Final = 64 * 1024


async def put(
    link: str,
    file: Path,
    *,
    site: str,
    context: ssl.SSLContext,
    patience: Patience,
    transport: httpx.AsyncBaseTransport | None,
) -> None:
    """Put a file there. Raises OSError, NotSent, Unanswered; harmless to repeat.

    A link that is neither encrypted nor the service's own is not followed.
    """
    if urlsplit(link).scheme != "https" and not link.startswith(f"{site}/"):
        raise Unanswered("lora_put: the service names a link that is not encrypted")
    timeout = httpx.Timeout(
        patience.call_s, connect=patience.connect_s, write=patience.stall_s, pool=patience.connect_s
    )
    size = (await asyncio.to_thread(file.stat)).st_size
    headers = {"content-type": "application/octet-stream", "content-length": str(size)}
    trace = Trace()
    with translated("lora_put", trace):
        async with httpx.AsyncClient(timeout=timeout, verify=context, transport=transport) as http:
            answer = await http.put(
                link, content=_pieces(file), headers=headers, extensions={"trace": trace}
            )
    if not answer.is_success:
        raise Unanswered(f"lora_put: the store answered HTTP {answer.status_code}")


async def _pieces(file: Path) -> AsyncIterator[bytes]:
    stream = await asyncio.to_thread(file.open, "rb")
    try:
        while piece := await asyncio.to_thread(stream.read, _PIECE_BYTES):
            yield piece
    finally:
        await asyncio.to_thread(stream.close)
