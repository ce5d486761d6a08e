"""What stands for the image of a picture, whatever its metadata says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# Whoever changes what an essence is made of counts it up: the journal keeps them apart.
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Essence:
    """A digest in hex; only those of one version can be compared."""

    version: int
    digest: str
