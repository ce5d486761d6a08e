"""Handing a notice to a receiver: an address that Apprise speaks to, or a command.

The only Apprise. An address carries passwords: it is never logged, nor is what the library says.
"""

from __future__ import annotations

import logging
import subprocess
from importlib.util import find_spec
from typing import Final

from hotfolder.domain.errors import HotfolderError
from hotfolder.notices.deriving import Notice

COMMAND_LIMIT_S: Final = 30.0
MISSING: Final = (
    "addresses need the package apprise: install it with pip install 'hotfolder[notify]'"
)


class NotSentNotice(HotfolderError):
    """A notice did not reach its receiver; the text says what is known, without the address."""


def address_problem(url: str) -> str | None:
    """Return what is wrong with an address, or None."""
    if find_spec("apprise") is None:
        return MISSING
    return None if _receiver(url) is not None else "is not an address that apprise understands"


def send_to_address(url: str, notice: Notice) -> None:
    """Send a notice to an address; blocks. Raises NotSentNotice."""
    import apprise  # noqa: PLC0415  optional, and slow to load

    receiver = _receiver(url)
    if receiver is None:
        raise NotSentNotice("the address is not understood")
    try:
        sent = receiver.notify(
            title=f"hotfolder: {_sayable(notice.title)}",
            body=_sayable(notice.text),
            body_format=apprise.NotifyFormat.TEXT,
        )
    except Exception as error:  # noqa: BLE001  a hundred services: none of them may end this one
        raise NotSentNotice(f"apprise: {type(error).__name__}") from None
    if not sent:
        raise NotSentNotice("the receiver did not take it, or did not answer")


def send_to_command(command: list[str], notice: Notice) -> None:
    """Run a command with the title as its last argument and the text as its input; blocks.

    Raises NotSentNotice.
    """
    try:
        done = subprocess.run(  # noqa: S603  the owner's own command
            [*command, _sayable(notice.title)],
            input=_sayable(notice.text).encode(),
            capture_output=True,
            check=False,
            timeout=COMMAND_LIMIT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotSentNotice(f"{command[0]}: {type(error).__name__}") from error
    if done.returncode:
        raise NotSentNotice(f"{command[0]} ended with {done.returncode}")


def _sayable(text: str) -> str:
    """Escape what cannot be told: broken bytes of file names, and zeros."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


def _receiver(url: str):  # type: ignore[no-untyped-def]  # noqa: ANN202  the library has no types
    import apprise  # noqa: PLC0415  optional, and slow to load

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    return apprise.Apprise.instantiate(url, suppress_exceptions=True)
