"""What all that listens on a port for strangers has in common: how it hears, and why it cannot."""

from __future__ import annotations

import errno
import logging
import os
import socket
from typing import Final

from starlette.types import ASGIApp
from uvicorn.config import Config

LARGEST_HEADERS_BYTES: Final = 16 * 1024


def heard_by(app: ASGIApp) -> Config:
    """Return how uvicorn's protocol hears strangers for an application; it is loaded."""
    config = Config(
        app,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        server_header=False,
        log_config=None,
        log_level=logging.ERROR,  # what strangers send is no news
        access_log=False,
        h11_max_incomplete_event_size=LARGEST_HEADERS_BYTES,
    )
    config.load()
    return config


def why_not_there(error: OSError) -> str:
    """Return why a place cannot be listened at, and what to do; asyncio's own texts are long."""
    if error.errno == errno.EADDRINUSE:
        return f"{os.strerror(error.errno)}. Choose another port, or end what uses it."
    unknown = isinstance(error, socket.gaierror) or not error.errno
    reason = error.strerror if unknown else os.strerror(error.errno or 0)
    return f"{reason}. Is it an address of this machine?"
