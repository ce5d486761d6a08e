"""The files given to the service: kept on disk, found again by their signed links."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from hotfolder.simulator import lengths
from hotfolder.simulator.answers import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

UPLOAD_PATH = "/files/"
KINDS: Mapping[str, str] = {
    **dict.fromkeys(("jpg", "jpeg", "png", "webp"), "image"),
    **dict.fromkeys(("mp3", "wav", "flac"), "audio"),
    **dict.fromkeys(("mp4", "avi", "mov", "mkv"), "video"),
    "zip": "zip",
}


@dataclass(frozen=True, kw_only=True)
class Material:
    """One file as the service holds it."""

    sha256: str
    size: int
    extension: str
    path: Path

    @property
    def kind(self) -> str:
        """Return "image", "video", "audio" or "zip"."""
        return KINDS.get(self.extension, "image")

    @property
    def seconds(self) -> float | None:
        """Return how long a film or a sound is, None where it says no length."""
        return lengths.seconds(self.path, self.extension)

    @property
    def sides(self) -> tuple[int, int] | None:
        """Return how large a film is, in pixels; None where it does not say so."""
        return lengths.sides(self.path, self.extension)

    def read(self) -> bytes:
        """Return the file's bytes."""
        return self.path.read_bytes()


@dataclass(frozen=True, kw_only=True)
class Upload:
    """One upload: the material and the link under which it can be read for a while."""

    material: Material
    sign: str
    uploaded_at: float

    @property
    def file_name(self) -> str:
        """Return the name for ComfyUI fields: `openapi/<64 hex>.<extension>`."""
        return f"openapi/{self.material.sha256}.{self.material.extension}"

    @property
    def link(self) -> str:
        """Return the path and query of the link."""
        return f"{UPLOAD_PATH}{self.file_name}?sign={self.sign}"


class MediaStore:
    """All materials of one simulator, in a temporary folder of its own.

    `result` gives the file and type under a result's link, None for any other: what came out of a
    task may go into the next one.
    """

    def __init__(self, result: Callable[[str], tuple[bytes, str] | None] = lambda _: None) -> None:
        self._result = result
        self._folder = TemporaryDirectory(prefix="hotfolder-simulator-")
        self._uploads: dict[str, Upload] = {}

    def close(self) -> None:
        """Remove the folder."""
        self._folder.cleanup()

    def keep(self, content: bytes, extension: str) -> Material:
        """Store a file's bytes; the same bytes are stored once."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = Path(self._folder.name, sha256)
        if not path.exists():
            path.write_bytes(content)
        return Material(sha256=sha256, size=len(content), extension=extension, path=path)

    def read(self, sha256: str) -> bytes:
        """Return a stored file's bytes."""
        return Path(self._folder.name, sha256).read_bytes()

    def upload(self, name: str, content: bytes, now: float, max_bytes: int) -> Upload:
        """Take an uploaded file and sign a link for it.

        Raises RefusedError if its type or size is not accepted.
        """
        extension = Path(name).suffix.lower().lstrip(".")
        if extension not in KINDS:
            raise RefusedError("301", f"file type {extension or 'unknown'}", form="message")
        if not content:
            raise RefusedError("301", "file is empty", form="message")
        if len(content) > max_bytes:
            raise RefusedError("809", form="message")
        material = self.keep(content, extension)
        upload = Upload(material=material, sign=secrets.token_hex(16), uploaded_at=now)
        self._uploads[upload.sign] = upload
        return upload

    def named(self, name: str, now: float, ttl_s: float) -> Material | None:
        """Return the newest upload of a file's name or link, None if there is none any more."""
        if name.startswith(("http://", "https://")):
            parts = urlsplit(name)
            return self.find(f"{parts.path}?{parts.query}", now, ttl_s)
        sha256 = name.rpartition("/")[2].partition(".")[0]
        uploads = (each for each in self._uploads.values() if each.material.sha256 == sha256)
        newest = max(uploads, key=lambda each: each.uploaded_at, default=None)
        is_good = newest is not None and now - newest.uploaded_at < ttl_s
        return newest.material if newest is not None and is_good else None

    def find(self, link: str, now: float, ttl_s: float) -> Material | None:
        """Return the material of an upload's link, or None if unknown or past its time."""
        parts = urlsplit(link)
        made = self._result(f"{parts.path}?{parts.query}")
        if made is not None:
            return self.keep(*made)
        upload = self._uploads.get(parse_qs(parts.query).get("sign", [""])[0])
        if upload is None or parts.path != UPLOAD_PATH + upload.file_name:
            return None
        return upload.material if now - upload.uploaded_at < ttl_s else None
