"""The further parameters of a model: their values, as JSON has them."""

from __future__ import annotations

JsonScalar = str | int | float | bool | None
JsonTable = dict[str, JsonScalar | list[JsonScalar]]
Params = dict[str, JsonScalar | list[JsonScalar] | list[JsonTable]]
