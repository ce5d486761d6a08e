"""Finding the API key. It is never in the config, the journal, a log, an argument or an error."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from hotfolder.domain.errors import HotfolderError

VARIABLES = ("RH_API_KEY", "RUNNINGHUB_API_KEY")
CREDENTIAL = "rh_api_key"
HINT = "set RH_API_KEY, or api.key_file to a file that only you may read"


class KeyProblem(HotfolderError):
    """There is no key that may be used; the text says where one was looked for."""


def find(environment: Mapping[str, str], key_file: Path | None) -> SecretStr:
    """Return the key: from the environment, systemd's credentials, or the key file.

    Raises KeyProblem.
    """
    for name in VARIABLES:
        if environment.get(name, "").strip():
            return _checked(environment[name], f"${name}")
    credentials = environment.get("CREDENTIALS_DIRECTORY")
    if credentials and os.path.lexists(os.path.join(credentials, CREDENTIAL)):  # noqa: PTH118  never raises
        return _read(Path(credentials) / CREDENTIAL)
    if key_file is None:
        raise KeyProblem(f"there is no API key: {HINT}")
    refuse_if_open(key_file)
    return _read(key_file)


def password(path: Path) -> SecretStr:
    """Return the password in a file: its first line that is not empty. Raises KeyProblem."""
    refuse_if_open(path, "file with the password")
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = f"the password cannot be read ({type(error).__name__})"
        raise KeyProblem(f"{path}: {reason}") from None
    found = next((each.strip() for each in lines if each.strip()), "")
    if not found:
        raise KeyProblem(f"{path}: the password is empty")
    return SecretStr(found)


def _read(path: Path) -> SecretStr:
    try:
        return _checked(path.read_text("utf-8"), str(path))
    except FileNotFoundError:
        raise KeyProblem(
            f"{path}: there is no such key file: write the API key into it and chmod 600 it, or "
            f"put the key into {VARIABLES[0]}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise KeyProblem(f"{path}: the key file cannot be read ({type(error).__name__})") from None


def _checked(text: str, place: str) -> SecretStr:
    key = text.strip()
    if not key:
        raise KeyProblem(f"{place}: the key is empty")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise KeyProblem(f"{place}: this is not an API key (one word of plain characters)")
    return SecretStr(key)


def refuse_if_open(path: Path, what: str = "key file") -> None:
    """Raise KeyProblem for a file with a secret that others may read; a missing one is fine."""
    try:
        status = path.stat()
    except OSError:
        return
    if not stat.S_ISREG(status.st_mode):
        raise KeyProblem(f"{path}: the {what} is not a file")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise KeyProblem(f"{path}: others may read the {what}: run chmod 600 {path}")
    if status.st_uid not in (0, os.geteuid()):
        raise KeyProblem(f"{path}: the {what} belongs to another user")
