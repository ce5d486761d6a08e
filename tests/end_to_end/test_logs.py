"""The log: one pipe for everybody, JSON or for people, without what nobody may read in it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from hotfolder.domain.file_failures import NOT_A_PICTURE
from hotfolder.simulator import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.conftest import CommandLine
    from tests.studio import Studio

LINK = "https://results.test/ann.jpg?sign=secret&expires=1"
SPEAKERS = f"""
import logging, structlog, warnings
from hotfolder import logs
logs.configure("info")
structlog.get_logger("hotfolder.test").info("output.published", link={LINK!r}, links=[{LINK!r}])
logging.getLogger("somebody.else").warning("took %s from %s", 3, {LINK!r})
logging.getLogger("httpx").info("HTTP Request: GET %s", {LINK!r})
logging.getLogger("somebody.else").debug("a detail")
logging.addLevelName(41, "DEPRECATION WARNING")
logging.getLogger("somebody.else").log(41, "a level of its own")
warnings.warn("an old habit of " + {LINK!r})
try:
    raise ValueError({LINK!r})
except ValueError:
    structlog.get_logger("hotfolder.test").exception("step.crashed")
"""


def said(folder: Path, **environment: str) -> str:
    """Return what is logged when several libraries have something to say."""
    with (folder / "err").open("w+b") as err:
        subprocess.run(
            [sys.executable, "-c", SPEAKERS],
            stderr=err,
            check=True,
            env={**os.environ, **environment},
        )
    return (folder / "err").read_text()


def parsed(text: str) -> list[dict[str, Any]]:
    """Return the lines; each is JSON with a level and a time."""
    lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    assert all({"event", "level", "timestamp"} <= line.keys() for line in lines)
    return lines


def test_all_speak_through_one_pipe(tmp_path: Path) -> None:
    """Libraries and warnings give JSON lines, too; links are cut, and talkers are silent."""
    text = said(tmp_path)
    assert "secret" not in text
    own, other, _, warned, crashed = parsed(text)
    assert own["links"] == ["https://results.test/ann.jpg?..."]
    assert other["event"] == "took 3 from https://results.test/ann.jpg?..."
    assert "an old habit" in warned["event"]
    assert "ValueError: https://results.test/ann.jpg?..." in crashed["exception"]


def test_the_systems_journal_learns_the_priority(tmp_path: Path) -> None:
    """Each line begins with its priority where systemd's journal listens, and nowhere else."""
    (tmp_path / "err").touch()
    status = (tmp_path / "err").stat()
    lines = said(tmp_path, JOURNAL_STREAM=f"{status.st_dev}:{status.st_ino}").splitlines()
    assert [line[:3] for line in lines] == ["<6>", "<4>", "<4>", "<4>", "<3>"]
    assert len(parsed("\n".join(line[3:] for line in lines))) == 5
    assert parsed(said(tmp_path, JOURNAL_STREAM="8:1"))


def test_the_level_is_chosen(hotfolder: CommandLine, studio: Studio) -> None:
    """With --log-level warning only trouble is told, with error nothing of a lost answer."""
    studio.fault(Fault(call="submit", kind="drop_after"))
    studio.drop("ann.jpg")
    (line,) = parsed(hotfolder("once", "--log-level", "warning", "--log-format", "json").err)
    assert (line["event"], line["job"], line["source"]) == ("submit.unanswered", 1, "ann.jpg")
    studio.drop("bob.jpg", number=2)
    assert hotfolder("once", "--log-level", "error").err == ""


def test_a_person_reads_a_line_for_each_picture(hotfolder: CommandLine, studio: Studio) -> None:
    """Local time, a word, what came of it and what it cost; the steps only with --verbose."""
    studio.drop("ann.jpg")
    studio.drop("text.jpg", "no picture")
    studio.drop("film.mov", "a film")
    told = hotfolder("once")
    lines = sorted(re.sub(r"^\d\d:\d\d:\d\d ", "", each) for each in told.err.splitlines())
    assert [re.sub(r"\d+ s$", "N s", each) for each in lines] == [
        "done     ann.jpg -> out/ann.jpg  0.14 CNY  N s",
        f"failed   text.jpg: {NOT_A_PICTURE.message} {NOT_A_PICTURE.hint}",
        "skipped  film.mov: no rule of this watch takes files of this name.",
        "watching studio by scans",
    ]
    studio.drop("bob.jpg", number=2)
    assert "upload.done bob.jpg" in hotfolder("once", "-v").err
    studio.drop("cat.jpg", number=3)
    _, text = hotfolder.on_terminal("once", columns=200)
    assert "cat.jpg -> out/cat.jpg" in text
    assert '{"' not in text
    assert hotfolder("once", "--log-format", "json").err.startswith('{"')
