"""Templates of output names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.domain.templates import STEM_FIELDS, fill_stem, template_problem


@pytest.mark.parametrize(
    ("template", "stem"),
    [
        ("{stem}.{ext}", "ann"),
        ("{stem}.{rule}.{ext}", "ann.summer"),
        ("{watch} {name}.{ext}", "portraits ann.jpg"),
        ("edited-{stem}.{ext}", "edited-ann"),
        ("{{{stem}}}.{ext}", "{ann}"),
        ("always.{ext}", "always"),
    ],
)
def test_good_templates(template: str, stem: str) -> None:
    """Fields are filled in, doubled braces are braces, text is kept."""
    assert template_problem(template) is None
    assert fill_stem(template, name="ann.jpg", rule="summer", watch="portraits") == stem


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{stem}", 'must end with ".{ext}"'),
        ("{stem}.jpg", 'must end with ".{ext}"'),
        ("", 'must end with ".{ext}"'),
        ("{stem}{ext}", 'must end with ".{ext}"'),
        (".{ext}", "name before"),
        ("a/{stem}.{ext}", "without folders"),
        ("..\\{stem}.{ext}", "without folders"),
        ("{stem.{ext}", "brace"),
        ("{stem}}.{ext}", "brace"),
        ("{date}.{ext}", "no field {date}"),
        ("{}.{ext}", "no field {}"),
        ("{stem.upper}.{ext}", "no field {stem.upper}"),
        ("{stem[0]}.{ext}", "no field {stem[0]}"),
        ("{stem:d}.{ext}", "plain fields"),
        ("{stem:>99999999999}.{ext}", "plain fields"),
        ("{stem!x}.{ext}", "plain fields"),
        ("{stem:{rule}}.{ext}", "plain fields"),
    ],
)
def test_bad_templates_say_why(template: str, words: str) -> None:
    """What cannot be filled in for every source is refused when the config is read."""
    assert words in str(template_problem(template))


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("ann.jpg", "ann"),
        ("ann.b.jpg", "ann.b"),
        ("ann", "ann"),
        (".hidden", ".hidden"),
        ("{rule}.jpg", "{rule}"),
        ("a\udcff.jpg", "a\udcff"),
    ],
)
def test_stem_of_a_source(name: str, stem: str) -> None:
    """The stem is the name without its last extension, never empty, and never a template itself."""
    assert fill_stem("{stem}.{ext}", name=name, rule="r", watch="w") == stem


@given(
    st.lists(st.sampled_from([*(f"{{{field}}}" for field in STEM_FIELDS), "{", "}", "!", ":", "x"]))
)
def test_what_passes_can_be_filled(parts: list[str]) -> None:
    """No template that passes the check can fail later, in the middle of the night."""
    template = f"{''.join(parts)}.{{ext}}"
    if template_problem(template) is None:
        assert fill_stem(template, name="ann.jpg", rule="r", watch="w")
