"""What stands for the image of a picture, whatever its metadata says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Essence:
    """A digest in hex; only those of one version can be compared."""

    version: int
    digest: str
