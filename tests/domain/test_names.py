"""Names: any source, whatever it is called, gets an output name that every share takes."""

from __future__ import annotations

import itertools
import os
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hotfolder.domain.names import candidates, fit, fit_folder, numbered, result_stem, stem_key

quick = settings(derandomize=True, max_examples=50, deadline=None, database=None)

# Names as the system gives them: any bytes but NUL and "/", decoded with surrogates.
byte_names = (
    st.binary(min_size=1, max_size=255)
    .map(lambda raw: raw.replace(b"/", b"-").replace(b"\0", b"-"))
    .map(os.fsdecode)
)
texts = st.text(max_size=30)
stems = st.one_of(
    byte_names,
    texts,
    st.sampled_from(["", ".", "..", "CON", "con.old", "é" * 127, "a" * 255, "\udcff" * 255, " . "]),
)
extensions = st.sampled_from(["jpg", "png", "webp", "tiff", ".jpg", "", "JPG", "j?g", "x" * 300])
positions = st.integers(1, 999)

BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
FORBIDDEN = set('<>:"\\|?*/\0')


@quick
@given(stem=stems, extension=extensions)
def test_every_name_fits_every_share(stem: str, extension: str) -> None:
    """A fitted name is short, visible, plain, and the same when fitted again."""
    name = fit(stem, extension)
    assert 0 < len(name.encode()) <= 255  # and no surrogate, or encoding would fail
    assert not FORBIDDEN & set(name)
    assert not any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in name)
    assert not any(unicodedata.bidirectional(character) in BIDI for character in name)
    assert not name.startswith(".")
    assert not name.endswith((".", " "))
    assert name.partition(".")[0].rstrip().upper() not in {"CON", "NUL", "AUX", "PRN", "COM1"}
    assert fit(name, "") == name


@pytest.mark.parametrize(
    ("stem", "extension", "name"),
    [
        ("ann", "jpg", "ann.jpg"),
        ("Ann Müller 3 (final).v2", "png", "Ann Müller 3 (final).v2.png"),
        ("", "jpg", "_.jpg"),
        (".hidden", "jpg", "_hidden.jpg"),
        ("..", "jpg", "__.jpg"),
        ("ann. ", "jpg", "ann__.jpg"),
        ("a:b?c", "jpg", "a_b_c.jpg"),
        ("two\nlines", "jpg", "two_lines.jpg"),
        ("two\u2028lines", "jpg", "two_lines.jpg"),
        ("ann\u202egpj.exe", "jpg", "ann_gpj.exe.jpg"),
        ("\u2066ann\u2069\u200f", "jpg", "_ann__.jpg"),
        ("👩\u200d🎨 ❤\ufe0f", "jpg", "👩\u200d🎨 ❤\ufe0f.jpg"),
        ("nul", "jpg", "_nul.jpg"),
        ("Com1.old", "jpg", "_Com1.old.jpg"),
        ("console", "jpg", "console.jpg"),
        (os.fsdecode(b"caf\xe9"), "jpg", "caf_xe9.jpg"),
        ("\ud800", "jpg", "_ud800.jpg"),
        ("é" * 200, "jpg", "é" * 125 + ".jpg"),
    ],
)
def test_names_by_example(stem: str, extension: str, name: str) -> None:
    """Good names stay as they are; each kind of bad one has a readable substitute."""
    assert fit(stem, extension) == name


@quick
@given(stem=stems, first=positions, second=positions)
def test_results_of_one_job_never_share_a_name(stem: str, first: int, second: int) -> None:
    """Shortening never cuts off what tells two results apart."""
    names = {
        fit(make(stem, number), "webp")
        for make in (result_stem, numbered)
        for number in {first + 1, second + 1}
    }
    assert len(names) == 2 * len({first, second})
    assert fit(result_stem(stem, first + 1), "jpg").endswith(f"-{first + 1}.jpg")
    assert fit(numbered(stem, first + 1), "jpg").endswith(f" ({first + 1}).jpg")


@pytest.mark.parametrize(("position", "stem"), [(1, "ann"), (2, "ann-2"), (3, "ann-3")])
def test_results_are_numbered_from_the_second(position: int, stem: str) -> None:
    """The first result keeps the source's stem."""
    assert result_stem("ann", position) == stem


def test_candidates_in_order() -> None:
    """First the own name, then the twin form, then numbers."""
    assert [*itertools.islice(candidates("ann", ".PNG"), 4)] == [
        "ann",
        "ann-png",
        "ann (2)",
        "ann (3)",
    ]
    assert [*itertools.islice(candidates("ann", ""), 2)] == ["ann", "ann (2)"]


@quick
@given(stem=stems, extension=extensions, folder=texts)
def test_candidates_differ_and_keep_their_names(stem: str, extension: str, folder: str) -> None:
    """Candidates have distinct keys, and fitting cuts nothing off them any more."""
    tried = [*itertools.islice(candidates(stem, extension), 12)]
    assert len({stem_key(folder, candidate) for candidate in tried}) == len(tried)
    for candidate in tried:
        assert fit(result_stem(candidate, 1), "jpg") == f"{candidate}.jpg"


@quick
@given(folder=st.one_of(texts, byte_names), stem=stems)
@example(folder="", stem="ᾳ\u0345")
@example(folder="", stem="İSTANBUL")
@example(folder="", stem="\u03b1\u0345\u0301")
def test_keys_ignore_case_and_composition(folder: str, stem: str) -> None:
    """What a case-insensitive or normalising share takes for one name has one key."""
    key = stem_key(folder, stem)
    for form in ("NFC", "NFD"):
        assert stem_key(folder, unicodedata.normalize(form, stem)) == key
    # Folding keeps the meaning of decomposed text only (Unicode, canonical caseless match).
    folded = [unicodedata.normalize("NFD", text).casefold() for text in (folder, stem)]
    assert stem_key(*folded) == key
    assert stem_key("", key) == key
    key.encode()  # storable as text


@pytest.mark.parametrize(
    ("one", "other"), [("ANN", "ann"), ("Ä", "a\u0308"), ("Straße", "STRASSE"), ("é", "E\u0301")]
)
def test_twins_by_example(one: str, other: str) -> None:
    """Case and composed or decomposed accents make no second name."""
    assert stem_key("a/B", one) == stem_key("A/b", other)


def test_keys_tell_folders_apart() -> None:
    """The same stem in two folders is two names."""
    assert len({stem_key(folder, "ann") for folder in ("", "a", "a/b", "ab")}) == 4


@pytest.mark.parametrize(
    ("folder", "fitted"),
    [
        ("", ""),
        ("a/b", "a/b"),
        ("Müller 2026 /day: 1", "Müller 2026_/day_ 1"),
        (os.fsdecode(b"\xff/con"), "_xff/_con"),
    ],
)
def test_folders_are_fitted_part_by_part(folder: str, fitted: str) -> None:
    """A folder that some share refuses would stop every output below it."""
    assert fit_folder(folder) == fitted
