"""Files of many texts: lines, and tables as spreadsheets write them."""

from __future__ import annotations

import time
from contextlib import nullcontext

import pytest

from hotfolder.kinds import rows
from hotfolder.kinds.rows import NoRows, Row

HEADER = "prompt,name,params.resolution\n"


def table(text: str, encoding: str = "utf-8") -> list[Row]:
    """Return the rows of a table."""
    return rows.read(text.encode(encoding), is_table=True)


def prompts(found: list[Row]) -> list[str]:
    """Return what rows say."""
    return [each.fields.get("prompt", each.wrong) for each in found]


def test_lines_are_texts() -> None:
    """Blank lines and comments are none; each is known by where it stands."""
    found = rows.read(b"# ideas\r\na fox\r\n\r\n  an owl \r\n", is_table=False)
    assert found == [Row(2, {"prompt": "a fox"}), Row(4, {"prompt": "an owl"})]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_spreadsheets_write(separator: str, encoding: str) -> None:
    """Any separator, with a byte order mark or without."""
    text = f'Prompt{separator}name\r\n"a, b; c"{separator}fox\r\nEin F\u00fcchslein{separator}\r\n'
    assert table(text, encoding) == [
        Row(2, {"prompt": "a, b; c", "name": "fox"}),
        Row(3, {"prompt": "Ein F\u00fcchslein"}),
    ]


def test_a_separator_may_be_stated() -> None:
    """As some spreadsheets write it; rows are counted with that line."""
    assert table("sep=;\nprompt;name\na fox;x\n") == [Row(3, {"prompt": "a fox", "name": "x"})]


def test_a_cell_may_have_several_lines() -> None:
    """The rows after it are counted as an editor shows them."""
    found = table('prompt\n"a\nb"\n"say ""hi"""\n')
    assert found == [Row(2, {"prompt": "a\nb"}), Row(4, {"prompt": 'say "hi"'})]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a fox,x,1k,more", "more than the 3 columns"),
        ("a fox\0,x,1k", "no text has"),
        ("y" * 70_000 + ",x,1k", "cannot be read"),
    ],
)
def test_a_bad_row_says_why(line: str, reason: str) -> None:
    """Those before it are good."""
    good, bad = table(f"{HEADER}an owl,o,1k\n{line}\n")
    assert good.fields["prompt"] == "an owl"
    assert bad.number == 3
    assert reason in bad.wrong


def test_a_column_that_is_not_known() -> None:
    """Only the rows that say something there are wrong."""
    good, bad = table("prompt,colour\na fox,\nan owl,red\n")
    assert (good.wrong, bad.number) == ("", 3)
    assert "'colour'" in bad.wrong
    twice = table("prompt,prompt\na fox,an owl\n")
    assert "two columns" in twice[0].wrong


def test_a_short_row_lacks_what_it_does_not_say() -> None:
    """No row must fill all columns."""
    assert table(f"{HEADER}a fox\n") == [Row(2, {"prompt": "a fox"})]


@pytest.mark.parametrize(
    "content", [b"", b" \n\n", b"f\xfcr\n", b"a fox\nan owl\n", b"prompt\n" + b"x" * 2**24]
)
def test_what_is_no_table(content: bytes) -> None:
    """Empty, in another encoding, without a header, or too large."""
    with pytest.raises(NoRows):
        rows.read(content, is_table=True)


@pytest.mark.parametrize("is_table", [True, False])
def test_ten_thousand_rows_and_hostile_ones_are_read_at_once(*, is_table: bool) -> None:
    """In time that grows with the size alone."""
    many = "prompt\n" + "".join(f"a fox in the snow, {each}\n" for each in range(10_000))
    begun_s = time.process_time()
    assert len(rows.read(many.encode(), is_table=is_table)) >= 10_000
    for each in ('prompt\n"' + "a" * 15_000_000, "prompt\n" + '"' * 1_000_001, "," * 2_000_000):
        with pytest.raises(NoRows) if each.startswith(",") and is_table else nullcontext():
            rows.read(each.encode(), is_table=is_table)
    print(f"{time.process_time() - begun_s:.2f} s")  # noqa: T201  for -rP
