"""The LoRA files given to the service: a place to put one is asked for by its MD5."""

from __future__ import annotations

import hashlib
import re
import secrets

from hotfolder.simulator.answers import RefusedError

UPLOAD_PATH = "/lora-upload/"
PUBLIC = frozenset({"flat-colours.safetensors", "film-grain.safetensors"})
_MD5 = re.compile(r"[0-9a-f]{32}")


class Loras:
    """Which LoRA files there are, and which are expected."""

    def __init__(self) -> None:
        self._expected: dict[str, str] = {}
        self._here: dict[str, int] = {}

    def place(self, md5: object, name: object) -> tuple[str, str]:
        """Return the file's name there, and path and query of where to put it."""
        if not isinstance(md5, str) or not _MD5.fullmatch(md5) or not isinstance(name, str):
            raise RefusedError("301", "loraName and md5Hex", form="msg")
        sign = secrets.token_hex(16)
        self._expected[sign] = md5
        return f"api-lora-cn/{md5}.safetensors", f"{UPLOAD_PATH}{md5}?sign={sign}"

    def put(self, md5: str, sign: str, content: bytes) -> bool:
        """Take a file; returns whether it is the one that was announced."""
        if self._expected.get(sign) != md5 or hashlib.md5(content).hexdigest() != md5:  # noqa: S324
            return False
        self._here[f"api-lora-cn/{md5}.safetensors"] = len(content)
        return True

    def has(self, name: str) -> bool:
        """Return whether a loader finds a LoRA of this name."""
        return name in PUBLIC or self._here.get(name, 0) > 0
