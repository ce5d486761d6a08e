"""Tokens that nobody can guess and that prove by themselves that they are ours.

A token is a nonce and its keyed hash: a forged one is told from a real one without a look into
the journal and without a hint of how near it came.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Final

NONCE_BYTES: Final = 16
SEAL_BYTES: Final = 16
Random = Callable[[int], bytes]  # gives so many random bytes

_LENGTH: Final = 43  # of 32 bytes in URL-safe Base64 without its padding


def sealed(nonce: bytes, key: bytes) -> str:
    """Return the token of a nonce of NONCE_BYTES random bytes."""
    return base64.urlsafe_b64encode(nonce + _seal(nonce, key)).decode("ascii").rstrip("=")


def is_ours(token: str, key: bytes) -> bool:
    """Return whether a token was sealed with this key."""
    if len(token) != _LENGTH or not token.isascii():
        return False
    try:
        content = base64.urlsafe_b64decode(token + "=")
    except ValueError:
        return False
    nonce, seal = content[:NONCE_BYTES], content[NONCE_BYTES:]
    return hmac.compare_digest(_seal(nonce, key), seal)


def _seal(nonce: bytes, key: bytes) -> bytes:
    return hmac.digest(key, nonce, hashlib.sha256)[:SEAL_BYTES]
