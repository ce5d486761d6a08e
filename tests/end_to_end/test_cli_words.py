"""What commands say to a person who mistyped, watches, or tries whether notices arrive."""

from __future__ import annotations

import re
import signal
from functools import partial
from typing import TYPE_CHECKING

from hotfolder import config
from hotfolder.cli import installing
from hotfolder.config import Rule
from hotfolder.installation import Write
from hotfolder.runninghub.catalog import DEFAULT_MODEL
from tests.studio import RULE

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.end_to_end.conftest import CommandLine, Terminal
    from tests.studio import Studio


def test_unknown_words_lead_to_those_that_may_be_meant(
    hotfolder: CommandLine, studio: Studio
) -> None:
    """Keys, models, watches and commands; the default model first where its name fits."""
    text = hotfolder.config.read_text()
    hotfolder.config.write_text(
        f"statedir = '/x'\n{text}".replace("[limits]", "[limits]\nbakclog = 5")
    )
    said = hotfolder("check").err
    assert "statedir: is not a known key; did you mean state_dir?" in said
    assert "limits.bakclog: is not a known key; did you mean backlog?" in said
    hotfolder.config.write_text(text.replace(RULE, f'{RULE}\nmodel = "grok-imagine"'))
    assert f"did you mean {DEFAULT_MODEL}" in hotfolder("check").err
    hotfolder.config.write_text(text)
    for words in (
        *(["jobs", "--watch"], ["retry", "--watch"], ["cancel", "--watch"], ["review", "--watch"]),
        *(["resolve", "--abandon", "--watch"], ["release"], ["pause"], ["resume"], ["plan"]),
    ):
        said = " ".join(hotfolder(*words, "studoi").err.split())
        assert "did you mean studio?" in said, words
    assert "did you mean status?" in " ".join(hotfolder("statsu").err.split())
    studio.drop("ann.jpg")
    studio.drop("ann.toml", 'model = "no-such-model-at-all"')
    assert hotfolder("once").code == 1
    assert (
        "cannot be used: there is no model no-such-model" in hotfolder("explain", "in/ann.jpg").out
    )


def test_what_is_piped_is_not_padded_and_times_are_as_people_write_them(
    hotfolder: CommandLine, studio: Studio
) -> None:
    """No line of a table ends with blanks; no time has fractions, zones or a T."""
    studio.drop("ann.jpg")
    assert hotfolder("once").code == 0
    for words in (["status"], ["jobs"], ["charges"], ["explain", "in/ann.jpg"], ["plan"]):
        out = hotfolder(*words).out
        assert not [line for line in out.splitlines() if line.endswith(" ")], words
        assert not re.search(r"\d:\d\d\.\d|\+00:00|\dT\d|True|False", out), words
    assert len(hotfolder("jobs", "--last", "1", "--json").json) == 1
    assert len(hotfolder("jobs", "--since", "1h", "--json").json) == 1
    assert hotfolder("jobs", "--since", "2999-01-01", "--json").json == []
    assert "is no time: write 2h" in hotfolder("jobs", "--since", "soon").err


def test_check_online_says_what_cannot_be_reached(hotfolder: CommandLine, studio: Studio) -> None:
    """Not a class of errors but the address, and what to look at."""
    text = hotfolder.config.read_text()
    hotfolder.config.write_text(text.replace(studio.base_url, "http://127.0.0.1:9/openapi/v2"))
    said = " ".join(hotfolder("check", "--online").err.split())
    assert "nothing is reached at http://127.0.0.1:9/openapi/v2: no connection. Check" in said


def test_status_is_watched_on_a_terminal_only(hotfolder: CommandLine, studio: Studio) -> None:
    """It shows what happens meanwhile, and leaves at Ctrl-C."""
    assert hotfolder("status", "--watch").code == 2
    with hotfolder.at_terminal("status", "--watch", columns=100) as terminal:
        terminal.until(partial(_tells, terminal, "NOT RUNNING"), "the first look")
        studio.drop("ann.jpg")
        assert hotfolder("once").code == 0
        terminal.until(partial(_tells, terminal, "once came to its end"), "a later look")
        terminal.process.send_signal(signal.SIGINT)
    assert terminal.process.returncode == 0, terminal.text[-2000:]


def test_a_trial_notice_is_sent_to_each_receiver(hotfolder: CommandLine, studio: Studio) -> None:
    """One that gets it says so by what it writes; one that fails says why, with exit code 1."""
    assert hotfolder("notify", "--test").code == 2
    heard = studio.folder / "heard"
    with hotfolder.config.open("a") as file:
        file.write(f'\n[[notify]]\nname = "good"\ncommand = ["sh", "-c", "cat > {heard}", "x"]\n')
        file.write('[[notify]]\nname = "bad"\ncommand = ["false"]\n')
    assert hotfolder("notify", "good", "--test").out == "good: sent\n"
    assert "trial" in heard.read_text()
    ended = hotfolder("notify", "--test")
    assert ended.code == 1
    assert "bad: not sent: false ended with 1" in ended.err


def test_a_dry_run_of_install_names_files_and_shows_their_lines_on_demand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hundreds of lines bury the steps."""
    step = Write(path=tmp_path / "unit", text="a line\n" * 200, why="it is needed")
    installing.take([step], dry_run=True)
    said = capsys.readouterr().out
    assert "would write" in said
    assert "200 lines; --verbose shows them" in said
    assert "a line" not in said
    installing.take([step], dry_run=True, verbose=True)
    assert capsys.readouterr().out.count("| a line\n") == 200
    assert not step.path.exists()


def test_the_config_of_install_is_short_and_limits_a_day(tmp_path: Path) -> None:
    """Some 20 lines, understood as they are, with a budget and no `match` that leaves out any."""
    text = installing.config_text("second")
    assert len(text.splitlines()) <= 25
    path = tmp_path / "second.toml"
    path.write_text(text.replace("/var/lib/hotfolder", str(tmp_path)))
    wanted = config.read(path, {}).config
    assert wanted is not None
    assert wanted.state_dir == tmp_path / "second"
    assert wanted.limits.daily_charge > 0
    assert wanted.api.key_file is None
    (watch,) = wanted.watch
    assert (str(watch.input), str(watch.output)) == ("/srv/studio/in", "/srv/studio/out")
    assert [each.match for each in watch.rule] == [Rule().match]


def _tells(terminal: Terminal, words: str) -> bool:
    return words in terminal.text
