"""The titles that models want of a result, where nobody says one: the source's own name."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

from hotfolder.domain.params import Params
from hotfolder.runninghub.catalog import Model

# Parameters that get the name of the file where a model wants them and nobody says more.
TITLES: Final = ("title", "name")


def titled(model: Model, params: Params, relative: str) -> Params:
    """Return params with the source's stem for a title or name, where the model wants one."""
    stem = PurePosixPath(relative).stem.encode("utf-8", "replace").decode()
    wanted = (model.params[each] for each in TITLES if each in model.params)
    named = {each.key: stem for each in wanted if each.key == "title" or each.required}
    return {**{key: each for key, each in named.items() if not model.params[key].options}, **params}
