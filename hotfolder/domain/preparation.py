"""What a source needs before it may be uploaded, and how a result is finished, as values.

Both are parts of a plan: decided by the picture's header, the model and the rule, frozen with
the intent. The original is never changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

# Counted up when the same preparation begins to give other bytes: uploads are then made anew.
VERSION: Final = 2
# No photograph is coded well in fewer.
_LEAST_BITS_PER_PIXEL: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """How a source is made fit for its upload.

    `types` are the file types that may be sent (extensions), `max_bytes` and `max_pixels` the
    limits (0 pixels = none). `strip` names private metadata that is not sent. With `convert` False
    only that is done and no pixel touched. `reasons` say to people why.
    """

    types: tuple[str, ...] = ()
    max_bytes: int = 0
    max_pixels: int = 0
    strip: tuple[str, ...] = ()
    convert: bool = True
    reasons: tuple[str, ...] = ()

    @property
    def most_pixels(self) -> int:
        """How many pixels may be of use for what is sent: more would be coded too badly."""
        room = int(self.max_bytes * 8 / _LEAST_BITS_PER_PIXEL)
        return min(room, self.max_pixels or room)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """Return a preparation from its form in JSON, whose lists are tuples here."""
        fields: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in stored.items()
        }
        return cls(**fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """How a result is finished before it is published.

    `format` is "keep", "jpeg", "png" or "webp"; `size` "model" or "source" (the source's pixels);
    `metadata` "copy" (the source's, with a note of the edit) or "none"; `gps` and `prompt` whether
    the place and what was asked for are in it. `keep_raw`: the result as the service made it is
    published, too. `label` is "none", "metadata" (IPTC's terms say that a model edited it) or
    "visible" (also `label_text` in `label_corner`, its height `label_size` of the shorter side).
    """

    format: str = "keep"
    size: str = "model"
    metadata: str = "copy"
    gps: bool = True
    prompt: bool = False
    keep_raw: bool = False
    label: str = "metadata"
    label_text: str = "AI"
    label_corner: str = "bottom-right"
    label_size: float = 0.05

    @property
    def is_nothing(self) -> bool:
        """Whether a result is published byte for byte as the service made it."""
        as_made = (self.format, self.size, self.metadata) == ("keep", "model", "none")
        return as_made and not self.is_labelled

    @property
    def is_labelled(self) -> bool:
        """Whether people see on a result that a model had a part in it."""
        return self.label == "visible"


# Of jobs that were accepted before results were finished: they are published as they come.
AS_BEFORE: Final = Finish(metadata="none")


def upload_key(content_hash: str, preparation: Preparation | None) -> str:
    """Return what an upload is kept under: the same original, prepared the same way, once."""
    if preparation is None:
        return content_hash
    recipe = {**asdict(preparation), "reasons": (), "version": VERSION}
    text = f"{content_hash}\n{json.dumps(recipe, sort_keys=True)}"
    return hashlib.sha256(text.encode()).hexdigest()
