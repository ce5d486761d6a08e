"""A process of its own that hands one notice to one address, by Apprise: the only one.

Apprise limits each wait, not the whole: a receiver that drips would be spoken to for ever. So it
runs where it can be ended, without the environment of the daemon. It reads a JSON object with
address, title and body; the exit code says what came of it.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any, Final

SENT: Final = 0
NOT_TAKEN: Final = 3
NOT_UNDERSTOOD: Final = 4
FAILED: Final = 5


def receiver(address: str) -> Any:  # noqa: ANN401  the library has no types
    """Return what Apprise understands an address as, or None."""
    import apprise  # noqa: PLC0415  optional, and slow to load

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    return apprise.Apprise.instantiate(address, suppress_exceptions=True)


def speak(address: str, title: str, body: str) -> int:
    """Send a notice to an address and return the exit code for it; blocks."""
    import apprise  # noqa: PLC0415  optional, and slow to load

    found = receiver(address)
    if found is None:
        return NOT_UNDERSTOOD
    try:
        sent = found.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT)
    except Exception:  # noqa: BLE001  a hundred services, and each has errors of its own
        return FAILED
    return SENT if sent else NOT_TAKEN


if __name__ == "__main__":
    sys.exit(speak(**json.load(sys.stdin)))
