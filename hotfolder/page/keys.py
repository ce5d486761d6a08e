"""Who may see the page: codes that sign in once, sessions, and the tokens of forms.

All three carry what they say and a keyed hash of it, so that nothing of them is kept but the key,
in a file of the state directory. Whoever may read that file may sign in; deleting it signs
everybody out.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

KEY_NAME: Final = "page.key"
ADDRESS_NAME: Final = "page.address"
CODE_LIFE_S: Final = 900
SESSION_LIFE_S: Final = 60 * 86_400

_KEY_BYTES: Final = 32
_SEAL_LENGTH: Final = 32
_MOST_USED: Final = 10_000


class Role(StrEnum):
    """What a signed-in person may do: everything, or look, approve and reject."""

    OWNER = "owner"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who signed in; `id` tells this sign-in from others."""

    id: str
    role: Role


class Keyring:
    """Makes and judges codes, cookies and form tokens by the key in a state directory.

    `now_s` is the time in seconds since 1970. Raises OSError where the key cannot be kept.
    """

    def __init__(self, folder: Path, now_s: Callable[[], float]) -> None:
        self._path = folder / KEY_NAME
        self._now_s = now_s
        self._begun_s = int(now_s())
        self._used: dict[str, None] = {}
        self._file: tuple[int, int] | None = None
        self._key = b""
        self._find_key()

    @property
    def cookie_name(self) -> str:
        """The name of the cookie: cookies of one host are shared by all its ports."""
        return f"hotfolder_{self._seal('name', '')[:8]}"

    def code(self, role: Role) -> str:
        """Return a code that signs in once, within CODE_LIFE_S seconds."""
        return self._token("code", role, CODE_LIFE_S)

    def redeem(self, code: str) -> Role | None:
        """Use a code up; None where it is forged, used, or over.

        Codes from before this start count as used, since nobody knows.
        """
        found = self._judged("code", code)
        if found is None or code in self._used:
            return None
        role, expires_s, _ = found
        if expires_s - CODE_LIFE_S < self._begun_s:
            return None
        self._used[code] = None
        while len(self._used) > _MOST_USED:
            del self._used[next(iter(self._used))]
        return role

    def cookie(self, role: Role) -> str:
        """Return the value of the cookie that keeps somebody signed in."""
        return self._token("session", role, SESSION_LIFE_S)

    def session(self, cookie: str) -> Session | None:
        """Return who a cookie was given to, None where it is forged or over."""
        found = self._judged("session", cookie)
        return Session(found[2], found[0]) if found else None

    def form_token(self, session: Session) -> str:
        """Return what a form must carry to be this session's own."""
        return self._seal("form", session.id)

    def is_form_token(self, session: Session, token: str) -> bool:
        """Whether a form is this session's own."""
        return hmac.compare_digest(self.form_token(session).encode(), token.encode())

    def _token(self, what: str, role: Role, life_s: int) -> str:
        expires_s = int(self._now_s()) + life_s
        said = f"{role.value}.{expires_s:x}.{secrets.token_hex(16)}"
        return f"{said}.{self._seal(what, said)}"

    def _judged(self, what: str, token: str) -> tuple[Role, int, str] | None:
        """Return role, end and nonce of a token; None where it is forged or over."""
        said, _, seal = token.rpartition(".")
        if not token.isascii() or not hmac.compare_digest(self._seal(what, said), seal):
            return None
        role, expires, nonce = said.split(".")  # sealed, hence as it was made
        expires_s = int(expires, 16)
        return (Role(role), expires_s, nonce) if self._now_s() < expires_s else None

    def _seal(self, what: str, said: str) -> str:
        sealed = hmac.digest(self._find_key(), f"{what}\0{said}".encode(), hashlib.sha256)
        return sealed.hex()[:_SEAL_LENGTH]

    def _find_key(self) -> bytes:
        """Return the key: another one as soon as its file is another."""
        if self._file is None or self._file != self._looked_at():
            self._key = self._read() or self._made()
            self._file = self._looked_at()
        return self._key

    def _looked_at(self) -> tuple[int, int] | None:
        with suppress(FileNotFoundError):
            found = self._path.stat()
            return found.st_ino, found.st_mtime_ns
        return None

    def _read(self) -> bytes | None:
        with suppress(FileNotFoundError, ValueError):
            key = bytes.fromhex(self._path.read_text("ascii"))
            return key if len(key) == _KEY_BYTES else None
        return None

    def _made(self) -> bytes:
        key = secrets.token_bytes(_KEY_BYTES)
        temporary = self._path.with_suffix(f".{os.getpid()}")
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "w") as opened:
            opened.write(key.hex())
        temporary.replace(self._path)
        return key


class Tries:
    """Lets so many tries through in a minute, and then none."""

    def __init__(self, at_most: int, now_s: Callable[[], float]) -> None:
        self._at_most = at_most
        self._now_s = now_s
        self._at_s: list[float] = []

    def may_try(self) -> bool:
        """Count a try and return whether it may be made."""
        now_s = self._now_s()
        self._at_s = [each for each in self._at_s if now_s - each < 60]  # noqa: PLR2004  a minute
        if len(self._at_s) >= self._at_most:
            return False
        self._at_s.append(now_s)
        return True
