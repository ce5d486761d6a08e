"""Globs: what they take, and that no pair of glob and name keeps anybody waiting."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hotfolder.tree.globs import LONGEST_GLOB, MOST_GLOBS, Globs

LONGEST_NAME = 255
CPU_S = 2

HOSTILE = """
import resource
from hotfolder.tree.globs import LONGEST_GLOB, MOST_GLOBS, Globs
resource.setrlimit(resource.RLIMIT_CPU, ({cpu_s}, {cpu_s}))
globs = ["*a" * (LONGEST_GLOB // 2 - 1) + "b"] * 4 + ["*a*a*a*a*a*a*b", "**/a" * 200 + "/b"]
many = [f"*{{number}}*a*a*b" for number in range(MOST_GLOBS)]
for lines in (globs, many):
    for path in ("a" * {longest}, "/".join(["a" * {longest}] * 15)):
        assert Globs(lines).verdict(path) is None
"""


TAKEN: dict[bool | None, list[tuple[list[str], str]]] = {
    True: [
        (["*.jpg"], "a/b.jpg"),
        (["raw/"], "raw/"),
        (["# raw", "", "a/**/z"], "a/b/c/z"),
        (["[!a]?.png"], "bc.png"),
        (["\u00e9*"], "\u00e9t\u00e9.jpg"),
        (["*.jpg"], "no\udcfftext.jpg"),
        (["a?c"], "a\udcffc"),
        (["a?c"], "a\nc"),
    ],
    False: [(["*.jpg", "!keep/*.jpg"], "keep/b.jpg")],
    None: [(["/a"], "b/a"), (["raw/"], "raw")],
}


def test_the_last_glob_that_matches_decides() -> None:
    """A glob takes what git's would, also names that are no text."""
    cases = [(lines, path, verdict) for verdict in TAKEN for lines, path in TAKEN[verdict]]
    assert [case for case in cases if Globs(case[0]).verdict(case[1]) is not case[2]] == []


def test_no_glob_and_no_name_keep_anybody_waiting() -> None:
    """Globs that an engine which backtracks would try for hours take a moment."""
    code = HOSTILE.format(cpu_s=CPU_S, longest=LONGEST_NAME)
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr[-2000:]


@pytest.mark.parametrize("glob", ["[z-a]", "[?--]", "[[:foo:]]", "\\"])
def test_what_is_no_glob_is_refused(glob: str) -> None:
    """By the one error that whoever reads globs of strangers knows, whichever engine says so."""
    with pytest.raises(ValueError, match=r"glob|pattern"):
        Globs(["*.jpg", glob])


@pytest.mark.parametrize(
    "lines", [["a" * (LONGEST_GLOB + 1)], [f"{number}" for number in range(MOST_GLOBS + 1)]]
)
def test_too_many_or_too_long_globs_are_refused(lines: list[str]) -> None:
    """What is beyond the limits is said, and not half read."""
    with pytest.raises(ValueError, match="more than"):
        Globs(lines)
