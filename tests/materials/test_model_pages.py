"""What `hotfolder models` shows: each model, and a rule for it that `check` finds right."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hotfolder import config, preflight
from hotfolder.cli import model_pages, render
from hotfolder.domain.errors import HotfolderError
from hotfolder.runninghub.catalog import Catalog, Model
from tests.cases import every

if TYPE_CHECKING:
    from pathlib import Path

CATALOG = Catalog()
USABLE = [each for each in CATALOG if CATALOG.find(each.name)]


def problems(folder: Path, rules: str) -> list[str]:
    """Return what `check` says of a config with these rules."""
    for name in ("in", "out"):
        (folder / name).mkdir(exist_ok=True)
    path = folder / "hotfolder.toml"
    path.write_text(
        f'state_dir = "state"\n[[watch]]\nname = "w"\ninput = "in"\noutput = "out"\n{rules}'
    )
    try:
        preflight.check(config.read(path, {}), {"RH_API_KEY": "k" * 32})
    except HotfolderError as error:
        return str(error).splitlines()[1:]
    return []


@every("model", USABLE)
def test_the_shown_rule_is_a_good_one(model: Model, tmp_path: Path) -> None:
    """The rule passes the check as it stands, and with all that may be left out put in."""
    shown = model_pages.rule(model)
    assert problems(tmp_path, shown) == []
    assert problems(tmp_path, shown.replace("\n# ", "\n")) == []
    notes = [line for line in shown.splitlines() if "#" in line]
    assert max(map(len, notes), default=0) <= 80, "a terminal would break it"


def test_every_model_can_be_shown() -> None:
    """In the table, in full, and as JSON, retired and unconfirmed ones with their reason."""
    console = render.console()
    for model in CATALOG:
        with console.capture() as captured:
            console.print(model_pages.page(model))
        assert model.name in captured.get()
        assert ("A rule for it" in captured.get()) == (CATALOG.find(model.name) is not None)
        told = model_pages.as_json(model)
        assert json.loads(json.dumps(told)) == told
        assert told["usable"] == (CATALOG.find(model.name) is not None)
    with console.capture() as captured:
        console.print(model_pages.listed(CATALOG))
    lines = captured.get().splitlines()
    assert len(lines) == len(list(CATALOG)) + 1
    assert sum("retired: please use" in line for line in lines) == 4
    assert sum("not confirmed" in line for line in lines) == 32


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ('prompt = "{stem} of {foo}"', "watch[1].rule[1].prompt: there is no field {foo}"),
        ('prompt = "a"\nprompt_file = "p.txt"', "has both prompt and prompt_file"),
        ('prompt_file = "none.txt"', "none.txt cannot be read: No such file"),
        ('prompt_file = "empty.txt"', "empty.txt is empty or no text"),
        ('prompt_file = "foo.txt"', "watch[1].rule[1].prompt_file: there is no field {foo}"),
        ('when = { orientation = ["upright"] }', "when.orientation[1]: must be"),
        ("when = { min_rating = 9 }", "when.min_rating: must be at most 5"),
        ('references = ["a.png", "b.png"]', "rule[1].references: image takes at most 1 file"),
    ],
)
def test_a_wrong_rule_is_found(rule: str, said: str, tmp_path: Path) -> None:
    """`check` tells each with its place and what to do."""
    (tmp_path / "p.txt").write_text("p")
    (tmp_path / "foo.txt").write_text("{foo}")
    (tmp_path / "empty.txt").write_text(" \n")
    found = problems(tmp_path, f"[[watch.rule]]\n{rule}")
    assert any(said in each for each in found), found
