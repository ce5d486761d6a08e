"""How a stranger's text is spelt for people."""

from __future__ import annotations

import pytest

from hotfolder.domain.spelling import cell, quoted, shown


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    """A spreadsheet shows the text behind an apostrophe instead of working it out."""
    assert cell(text) == f"'{text}"
    assert cell("CNY") == "CNY"


def test_a_quoted_name_calls_nobody() -> None:
    """Calls of chats are broken up, controls are escaped, and a long name is cut."""
    line = quoted("a\n@everyone <!channel>\x1b.jpg", 100)
    assert "@everyone" not in line
    assert "<!" not in line
    assert "\\n" in line
    assert "\\x1b" in line
    assert len(quoted("x" * 1000, 100)) == 100


def test_plain_names_stay() -> None:
    """What may be printed is not touched."""
    assert shown("Ännchen 1 (2).jpg") == quoted("Ännchen 1 (2).jpg", 100) == "Ännchen 1 (2).jpg"
