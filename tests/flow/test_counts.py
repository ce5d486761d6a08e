"""Every file that is dropped is counted, and named with the reason where it is left out."""

from __future__ import annotations

import os
import re
from io import StringIO
from typing import TYPE_CHECKING, Any

from structlog.testing import capture_logs

from hotfolder import views
from hotfolder.cli import render, status_page
from hotfolder.domain.commands import Commands
from hotfolder.domain.sightings import LINK
from tests.studio import RULE, picture

if TYPE_CHECKING:
    from tests.studio import Studio

ONLY_JPEG = RULE + '\nmatch = ["*.jpg"]\nexclude = ["raw/*"]\nwhen = { min_width = 20 }'


def watch(studio: Studio) -> dict[str, Any]:
    """Return what `status --json` says of the only watch."""
    (found,) = studio.status()["watches"]
    return dict(found)


def counts(studio: Studio) -> dict[str, int]:
    """Return the columns that are not empty."""
    return {key: count for key, count in watch(studio)["counts"].items() if count}


async def test_no_dropped_file_is_without_a_trace(studio: Studio) -> None:
    """Done, failed, waiting or skipped with a reason, in one column each; litter is no file."""
    studio.configure(rules=(ONLY_JPEG,))
    for number, name in enumerate(("fine.jpg", "sub/fine.jpg", "raw/ann.jpg", "ann.heic")):
        studio.drop(name, picture(number))
    studio.drop("small.jpg", picture(7, side=8))
    studio.drop("film.mov", "a film")
    studio.drop("cut.jpg", picture(8)[:-40])
    studio.drop("empty.jpg", b"")
    studio.drop("text.jpg", "no picture at all")
    studio.drop("skip.jpg", picture(9))
    studio.drop("skip.toml", "skip = true")
    for litter in (".DS_Store", "Thumbs.db", "ann.jpg.part"):
        studio.drop(litter, "litter")
    with capture_logs() as logged:
        await studio.once()
    assert counts(studio) == {"files": 10, "done": 2, "skipped": 5, "waiting": 2, "failed": 1}
    skipped = {each["path"]: each["reason"] for each in watch(studio)["skipped"]}
    assert {path: reason.split(" ")[0] for path, reason in skipped.items()} == {
        "ann.heic": "no",
        "film.mov": "no",
        "raw/ann.jpg": "excluded",
        "skip.jpg": "its",
        "small.jpg": "no",
    }
    told = [each["source"] for each in logged if each["event"] == "source.skipped"]
    assert sorted(told) == sorted(skipped)
    with capture_logs() as logged:
        await studio.once()
    assert not [each for each in logged if each["event"] == "source.skipped"]


async def test_a_link_is_left_out_and_said_so(studio: Studio) -> None:
    """It is counted and named, found by a scan or told by an event, until it is a file or gone."""
    studio.configure(watch='notes = "waiting"')
    studio.drop("ann.jpg")
    (studio.folder / "bob.jpg").write_bytes(picture(2))
    (studio.input / "bob.jpg").symlink_to(studio.folder / "bob.jpg")
    (studio.input / "others").symlink_to(studio.folder)
    await studio.once()
    assert counts(studio) == {"files": 3, "done": 1, "skipped": 2}
    assert {each["reason"] for each in watch(studio)["skipped"]} == {LINK}
    assert f"Left out:\n  bob.jpg: {LINK}" in (studio.output / "_hotfolder.txt").read_text()
    async with studio.running():
        (studio.input / "others").unlink()
        os.mkfifo(studio.input / "pipe.jpg")
        await studio.until(lambda: counts(studio)["skipped"] == 2, "an event tells of both")
        (studio.input / "bob.jpg").unlink()
        studio.drop("bob.jpg", number=2)
        await studio.until(lambda: counts(studio) == {"files": 3, "done": 2, "skipped": 1}, "done")


async def test_what_waits_and_is_taken_away_asks_for_nothing(studio: Studio) -> None:
    """By a scan or by an event: it is no longer counted, listed or noted."""
    studio.configure(watch='notes = "waiting"')
    for name in ("cut.jpg", "later.jpg"):
        studio.drop(name, picture(8)[:-40])
    await studio.once()
    assert counts(studio) == {"files": 2, "waiting": 2}
    (studio.input / "cut.jpg").unlink()
    await studio.once()
    assert counts(studio) == {"files": 1, "waiting": 1}
    assert studio.outputs() == ["later.jpg.waiting.txt"]
    async with studio.running():
        (studio.input / "later.jpg").unlink()
        await studio.until(lambda: not counts(studio), "an event tells that it is gone")
        await studio.until(lambda: not studio.told(), "nobody is asked for anything")


async def test_the_counts_follow_files_and_rules(studio: Studio) -> None:
    """A file that is taken away, or taken by a rule later, is no longer among the skipped."""
    studio.configure(rules=(ONLY_JPEG,))
    for number, name in enumerate(("a/one.png", "a/two.png", "three.png", "four.gif")):
        studio.drop(name, number=number)
    await studio.once()
    assert counts(studio) == {"files": 4, "skipped": 4}
    (studio.input / "four.gif").unlink()
    studio.configure(rules=(RULE,))
    await studio.once()
    assert counts(studio) == {"files": 3, "done": 3}
    studio.configure(rules=(ONLY_JPEG,))
    studio.drop("five.gif", "x")
    async with studio.running():
        await studio.until(lambda: counts(studio) == {"files": 4, "done": 3, "skipped": 1}, "seen")
        studio.drop("six.gif", "x")
        await studio.until(lambda: counts(studio).get("skipped") == 2, "an event tells of it")
        (studio.input / "six.gif").unlink()
        await studio.until(lambda: counts(studio).get("skipped") == 1, "and that it is gone")


async def test_a_removed_watch_is_told_apart(studio: Studio) -> None:
    """What is still open in it is counted under its old name, and in no other watch."""
    studio.drop("text.jpg", "no picture at all")
    await studio.once()
    await studio.act("pause", watch="studio")
    studio.drop("ann.jpg")
    await studio.once()
    (studio.folder / "new").mkdir()
    text = (studio.folder / "config.toml").read_text().replace('name = "studio"', 'name = "other"')
    studio.reconfigure(text.replace(f'"{studio.input}"', f'"{studio.folder}/new"'))
    await studio.once()
    status = studio.status()
    assert [each["name"] for each in status["watches"]] == ["other"]
    assert status["watches"][0]["counts"]["files"] == 0
    (removed,) = status["removed"]
    assert (removed["name"], removed["counts"]["failed"]) == ("studio", 1)
    out = StringIO()
    seen = studio.read(views.status, studio.config)
    render.console(out).print(status_page.status(seen, start=None, commands=Commands()))
    assert re.search(r"^studio \(no longer in the config\) +2 ", out.getvalue(), re.MULTILINE)
    assert "watch:studio (no longer in the config)" in out.getvalue()
