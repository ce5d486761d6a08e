"""Commands within hints: named, completed for a terminal, and put otherwise by other faces."""

from __future__ import annotations

from hotfolder.domain.commands import Commands, about, put, unnamed
from hotfolder.domain.failures import BACKLOG, IN_DOUBT, PAUSED

ELSEWHERE = Commands("/opt/hf/bin/hotfolder", "/etc/hf/two.toml")


def test_a_command_works_as_it_is_written() -> None:
    """The program of this installation is named, its job, and the config if that is needed."""
    told = ELSEWHERE.completed(about(IN_DOUBT.hint, job="17", watch="one"))
    assert "`/opt/hf/bin/hotfolder resolve 17 --resend -c /etc/hf/two.toml`" in told
    assert Commands().completed(BACKLOG.hint) == BACKLOG.hint


def test_a_watch_is_quoted_for_a_shell() -> None:
    """Names with blanks or quotes are one word; "" leaves the place out."""
    assert "`hotfolder release 'May & June'`" in about(BACKLOG.hint, watch="May & June")
    assert about(PAUSED.hint, watch="") == "`hotfolder resume` lets it go on."


def test_what_is_no_command_stays_as_it_is() -> None:
    """File names, backquotes and words that look like places are left alone."""
    text = "`rm JOB` of WATCH, `hotfolder"
    assert about(text, job="1", watch="one") == text
    assert put(text, lambda words: words.upper()) == text


def test_a_name_is_taken_back() -> None:
    """So what is said of several watches alike can be told once."""
    for name in ("one", "May & June"):
        assert unnamed(about(BACKLOG.hint, watch=name), name) == BACKLOG.hint
