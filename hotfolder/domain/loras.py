"""LoRAs of the owner: a param names a file by its MD5 until the service has told its own name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hotfolder.domain.params import Params

_WRITTEN: Final = re.compile(r"\{lora:([0-9a-f]{32}):(/.+)\}")


@dataclass(frozen=True, slots=True)
class Lora:
    """A LoRA: where its file is, and the MD5 of what is in it."""

    md5: str
    path: str

    @property
    def written(self) -> str:
        """What stands for it in a param."""
        return f"{{lora:{self.md5}:{self.path}}}"

    @property
    def key(self) -> str:
        """What its upload is kept under."""
        return f"lora:{self.md5}"


def of(value: object) -> Lora | None:
    """Return the LoRA that stands in a param, None for any other value."""
    found = _WRITTEN.fullmatch(value) if isinstance(value, str) else None
    return Lora(found[1], found[2]) if found else None


def used(params: Params) -> dict[str, Lora]:
    """Return the LoRAs among params, by parameter."""
    found = ((key, of(value)) for key, value in params.items())
    return {key: lora for key, lora in found if lora is not None}


def named(params: Params, names: Mapping[str, str]) -> Params:
    """Return params with the service's names of LoRAs, by the keys of their uploads."""
    return params | {key: names[each.key] for key, each in used(params).items()}
