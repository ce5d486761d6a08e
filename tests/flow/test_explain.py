"""`explain PATH`: why a file is not there yet, in each case that there is."""

from __future__ import annotations

import os
import re
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.flow.test_changes import held_back, online
from tests.studio import RULE, picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.studio import Studio

EVENTS = 'detect = "events"'
Told = dict[str, Any]


async def ask(studio: Studio, name: str) -> Told:
    """Explain a file as the command does while the daemon runs."""
    lines = await studio.send("settling", watch="studio", path=name)
    return studio.explain(name, settling=lines[0] if lines else None, daemon=True)


def fifo(studio: Studio) -> None:
    """Put a FIFO under a picture's name."""
    os.mkfifo(studio.input / "ann.jpg")


def link(studio: Studio) -> None:
    """Put a link under a picture's name."""
    (studio.folder / "ann.jpg").write_bytes(picture())
    (studio.input / "ann.jpg").symlink_to(studio.folder / "ann.jpg")


def listener(studio: Studio) -> None:
    """Put a socket under a picture's name."""
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(studio.input / "ann.jpg"))


IGNORED: dict[str, str] = {
    "ann.jpg.crdownload": "temporary name of a browser",
    "ann.jpg.part": "temporary name",
    "~$ann.jpg": "lock file of an office program",
    ".ann.jpg": "hidden",
    "@eaDir/ann.jpg": "Synology",
    "#recycle/ann.jpg": "recycle bin",
    "ann.txt": "sidecar",
    "ann.docx": "no rule",
}


@pytest.mark.parametrize("daemon", [True, False])
@pytest.mark.parametrize("name", IGNORED)
async def test_what_is_ignored_says_by_what(studio: Studio, name: str, *, daemon: bool) -> None:
    """By its name alone, so the answer is the same with and without a daemon."""
    studio.drop(name, "text" if name.endswith(".txt") else None)
    if daemon:
        async with studio.running():
            told = await ask(studio, name)
    else:
        await studio.once()
        told = studio.explain(name)
    assert told["verdict"] == "ignored"
    assert IGNORED[name] in told["reason"]


@pytest.mark.parametrize(
    ("put", "reason"), [(fifo, "regular file"), (link, "link"), (listener, "regular file")]
)
async def test_what_is_no_file_says_so(
    studio: Studio, put: Callable[[Studio], None], reason: str
) -> None:
    """A FIFO, a link or a socket is never opened."""
    put(studio)
    await studio.once()
    told = studio.explain("ann.jpg")
    assert told["verdict"] == "ignored"
    assert reason in told["reason"]


async def test_a_growing_file_says_how_long(studio: Studio) -> None:
    """The daemon says what it waits for and the seconds to go."""
    studio.configure(watch=f"{EVENTS}\nsettle = 5.0")
    async with studio.running():
        path = studio.drop("ann.jpg", picture()[:-2])
        await studio.until(lambda: studio.explain("ann.jpg")["verdict"] == "unknown", "the drop")

        async def reason() -> str:
            return str((await ask(studio, "ann.jpg"))["reason"])

        while not (await reason()).startswith("just seen, "):
            pass
        with path.open("ab") as copy:
            copy.write(b"more")
        while not re.fullmatch(r"still growing, [0-9.]+ s to go", await reason()):
            pass
        assert (await ask(studio, "ann.jpg"))["verdict"] == "settling"


async def test_a_file_that_cannot_be_read_says_why(studio: Studio) -> None:
    """The system's own words: what is in the way is no picture's fault."""
    studio.configure(watch='collision = "skip"')
    studio.output.rename(studio.folder / "away")
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until(lambda: studio.jobs() == [], "the look")
        told = await ask(studio, "ann.jpg")
        while "output folder" not in told["reason"]:
            told = await ask(studio, "ann.jpg")
        assert told["verdict"] == "settling"


async def test_a_missing_sidecar_is_waited_for(studio: Studio) -> None:
    """The picture waits, and its sidecar is named as the reason."""
    studio.configure(watch='sidecar = "required"')
    studio.drop("ann.jpg")
    await studio.once()
    told = studio.explain("ann.jpg")
    assert told["verdict"] == "waiting"
    assert "sidecar" in told["reason"]


async def test_an_offline_share_says_since_when(studio: Studio) -> None:
    """For a file that nobody saw, and for one whose edit was not yet sent."""
    held_back(studio)
    studio.configure(watch=f"{EVENTS}\nscan_interval = 0.2")
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(uploaded=1)
        await studio.until(studio.holds, "nothing is sent for now")
        studio.input.rename(studio.folder / "away")
        await studio.until(lambda: not online(studio), "the watch is offline")
        for name in ("ann.jpg", "unseen.jpg"):
            told = await ask(studio, name)
            assert told["verdict"] == "offline"
            assert told["reason"].startswith("offline since 20")
        assert (await ask(studio, "ann.jpg"))["job"]["state"] == "uploaded"
        (studio.folder / "away").rename(studio.input)
        await studio.until(lambda: online(studio), "the watch is back")


async def test_where_a_moved_picture_went(studio: Studio) -> None:
    """Its old path names the new one; a new file there is another matter."""
    path = studio.drop("ann.jpg")
    await studio.once()
    (studio.input / "sorted").mkdir()
    path.rename(studio.input / "sorted" / "bob.jpg")
    await studio.once()
    told = studio.explain("ann.jpg")
    assert told["verdict"] == "unknown"
    assert "moved to sorted/bob.jpg" in told["reason"]
    assert studio.explain("sorted/bob.jpg")["job"]["outputs"] == ["ann.jpg"]
    studio.drop("ann.jpg", number=2)
    assert "not seen yet" in studio.explain("ann.jpg")["reason"]


async def test_what_nobody_saw_yet(studio: Studio) -> None:
    """With a daemon it is a matter of moments, without one it says that none runs."""
    await studio.once()
    told = studio.explain("ann.jpg")
    assert (told["verdict"], told["reason"]) == ("unknown", "there is no such file")
    studio.drop("ann.jpg")
    assert "no hotfolder is running" in studio.explain("ann.jpg")["reason"]
    assert "moments" in studio.explain("ann.jpg", daemon=True)["reason"]
    outside = studio.explain("../elsewhere.jpg")
    assert (outside["verdict"], outside["job"]) == ("unknown", None)


async def test_a_subfolder_of_a_flat_watch(studio: Studio) -> None:
    """Where subfolders are not looked into, that is the reason."""
    studio.configure(watch="recursive = false")
    studio.drop("a/ann.jpg")
    await studio.once()
    assert "not recursive" in studio.explain("a/ann.jpg")["reason"]


async def test_an_excluded_file_names_the_rules(studio: Studio) -> None:
    """That would take it but for its place; what no rule would take is told from that."""
    studio.configure(rules=[f'name = "day"\nexclude = ["drafts/"]\n{RULE}'])
    studio.drop("drafts/ann.jpg")
    studio.drop("drafts/ann.pdf", "text")
    await studio.once()
    assert studio.explain("drafts/ann.jpg")["reason"].startswith("excluded by the rule day")
    assert studio.explain("drafts/ann.pdf")["reason"].startswith("no rule")


async def test_a_folder_is_no_file(studio: Studio) -> None:
    """Neither one in the watched folder, nor that itself."""
    studio.drop("day/ann.jpg")
    await studio.once()
    assert studio.explain("day")["reason"].startswith("a folder")
    assert "the watch studio" in studio.explain("")["reason"]
