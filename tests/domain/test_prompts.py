"""Prompts as templates: fields, their defaults, and braces that are meant as braces."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotfolder.domain.prompts import PLACE_FIELDS, LacksField, fields, fill, unknown

VALUES = {"stem": "ann", "folder": "", "exif.Model": "X100", "iptc.Headline": "{stem} & {{co}}"}
quick = settings(derandomize=True, max_examples=200, deadline=None, database=None)


@pytest.mark.parametrize(
    ("template", "prompt"),
    [
        ("Make {stem} gold", "Make ann gold"),
        ("{ stem }/{folder}/{exif.Model}", "ann//X100"),
        ("{iptc.Headline}", "{stem} & {{co}}"),
        ("{exif.Model|a camera}", "X100"),
        ("{exif.Lens|a lens}", "a lens"),
        ("{exif.Lens|}.", "."),
        ("{{stem}}", "{stem}"),
        ("{{{stem}}}", "{ann}"),
        ("{{ and }} mean {{}}", "{ and } mean {}"),
        ('{"a": {"b": 1}}', '{"a": {"b": 1}}'),
        ("{red|blue} {1} {} } { a b }", "{red|blue} {1} {} } { a b }"),
        ("unclosed {stem", "unclosed {stem"),
        ("", ""),
    ],
)
def test_filling(template: str, prompt: str) -> None:
    """Fields are filled in once; doubled braces become one, and all others stay."""
    assert fill(template, VALUES.get) == prompt


@pytest.mark.parametrize("template", ["{exif.Lens}", "{missing} {stem}"])
def test_a_field_that_is_not_there_is_named(template: str) -> None:
    """A prompt is not filled with a hole, unless the template says so."""
    with pytest.raises(LacksField, match=r"^(exif\.Lens|missing)$"):
        fill(template, VALUES.get)


def test_unknown_fields_are_told_once() -> None:
    """A misspelt field is named, with the way to mean a brace."""
    known = (*PLACE_FIELDS, "exif.Model")
    assert unknown("{stem} {exif.Model|x} {{no}} {red|blue}", known) == []
    (told,) = unknown("{Stem} {Stem}", known)
    assert told == "there is no field {Stem} (to mean a brace, write {{)"
    assert fields("{a} {{b}} {c.d|e}") == ["a", "c.d"]


@quick
@given(st.text(alphabet='{}ab" |.', max_size=30))
def test_any_text_can_be_meant(text: str) -> None:
    """With its braces doubled in pairs a text without fields means itself."""
    if not fields(text) and "{{" not in text and "}}" not in text:
        assert fill(text, VALUES.get) == text
