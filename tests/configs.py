"""Config files, written and read by tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hotfolder import config
from hotfolder.config import Config, Reading

if TYPE_CHECKING:
    from collections.abc import Mapping

WATCH = '[[watch]]\nname = "w"\ninput = "in"\noutput = "out"\n'


def reading(
    folder: Path, text: str | bytes, environment: Mapping[str, str] | None = None
) -> Reading:
    """Read a text as a config file."""
    path = folder / "hotfolder.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return config.read(path, environment or {})


def good(folder: Path, text: str, environment: Mapping[str, str] | None = None) -> Config:
    """Read a text that must be right."""
    found = reading(folder, text, environment)
    assert found.problems == []
    assert found.config is not None
    return found.config
