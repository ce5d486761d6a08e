"""Handing a notice to a receiver: an address that Apprise speaks to, or a command.

Each is a process of its own, without the daemon's environment (the key may be in it), with so much
time and no more; what it says is not listened to. An address carries passwords: it is never logged.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from hotfolder.domain.errors import HotfolderError
from hotfolder.notices import speaking

if TYPE_CHECKING:
    from hotfolder.notices.deriving import Notice

MISSING: Final = (
    "addresses need the package apprise: install it with "
    f"{shlex.quote(sys.executable)} -m pip install apprise"
)
# What a program needs to find its way, its words, its desktop and its network; nothing else.
PASSED_ON: Final = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR"),
    *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY"),
    *("ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
)
_WHY: Final = {
    speaking.NOT_TAKEN: "the receiver did not take it, or did not answer",
    speaking.NOT_UNDERSTOOD: "the address is not understood",
}


class NotSentNotice(HotfolderError):
    """A notice did not reach its receiver; the text says what is known, without the address."""


def address_problem(url: str) -> str | None:
    """Return what is wrong with an address, or None."""
    if find_spec("apprise") is None:
        return MISSING
    known = speaking.receiver(url) is not None
    return None if known else "is not an address that apprise understands"


def send_to_address(url: str, notice: Notice, *, limit_s: float) -> None:
    """Send a notice to an address; blocks, at most `limit_s` seconds. Raises NotSentNotice."""
    if find_spec("apprise") is None:
        raise NotSentNotice(MISSING)
    wanted = {
        "address": url,
        "title": f"hotfolder: {_sayable(notice.title)}",
        "body": _sayable(notice.text),
    }
    code = _run(
        [sys.executable, "-P", "-m", speaking.__name__],
        json.dumps(wanted).encode(),
        {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        limit_s,
    )
    if code != speaking.SENT:
        raise NotSentNotice(_WHY.get(code, "apprise failed"))


def send_to_command(command: list[str], notice: Notice, *, limit_s: float) -> None:
    """Run a command with the title as its last argument and the text as its input; blocks.

    Raises NotSentNotice, after `limit_s` seconds at the latest.
    """
    code = _run([*command, _sayable(notice.title)], _sayable(notice.text).encode(), {}, limit_s)
    if code:
        raise NotSentNotice(f"{command[0]} ended with {code}")


def _run(command: Sequence[str], heard: bytes, more: Mapping[str, str], limit_s: float) -> int:
    """Run a program, and end it with all that it began where it takes too long."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in PASSED_ON or name.startswith("LC_")
    }
    try:
        begun = subprocess.Popen(  # noqa: S603  the owner's own command, or our own program
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**kept, **more},
            start_new_session=True,
        )
    except OSError as error:
        raise NotSentNotice(f"{command[0]}: {error.strerror}") from error
    with begun:
        try:
            begun.communicate(heard, timeout=limit_s)
        except subprocess.TimeoutExpired:
            raise NotSentNotice(f"{command[0]}: not done within {limit_s:.0f} s") from None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(begun.pid, signal.SIGKILL)
    return begun.returncode


def _sayable(text: str) -> str:
    """Escape what cannot be told: broken bytes of file names, and zeros."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
