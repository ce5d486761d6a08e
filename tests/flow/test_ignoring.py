"""What is never a source: litter, files still under way, what an ignore file says, odd files."""

from __future__ import annotations

import hashlib
import os
import socket
from typing import TYPE_CHECKING

import pytest

from hotfolder.tree.ignore import ignored
from tests.studio import picture

if TYPE_CHECKING:
    from tests.studio import Studio

LITTER = [
    *("._ann.jpg", ".DS_Store", "Thumbs.db", "desktop.ini", "@eaDir/ann.jpg/x.jpg", ".hidden.jpg"),
    *(".@__thumb/a.jpg", "@__thumb/a.jpg", "#recycle/a.jpg", ".Trash-1000/a.jpg", ".Trashes/a.jpg"),
    *(".stfolder/a.jpg", ".stversions/a.jpg", "__MACOSX/a.jpg", ".AppleDouble/a.jpg"),
    *("SYNOPHOTO_THUMB_XL.jpg", "SYNO@x_THUMB_y.jpg", ".fseventsd/a.jpg", "Icon\r"),
    *(".Spotlight-V100/a.jpg", "a/b/@eaDir/c.jpg"),
]
UNDER_WAY = [
    *("ann.jpg.part", "ann.jpg.partial", "ann.jpg.crdownload", "ann.jpg.filepart", "ann.jpg.tmp"),
    *("ann.jpg.download", "~$ann.jpg", ".ann.jpg.Ab12Cd", ".syncthing.ann.jpg.tmp"),
    *("~syncthing~ann.jpg.tmp", "ANN.JPG.PART"),
]


@pytest.mark.parametrize("name", [*LITTER, *UNDER_WAY])
def test_what_is_ignored_by_its_name(name: str) -> None:
    """Each has a reason that a person understands."""
    assert ignored(name)


@pytest.mark.parametrize(
    "name", ["ann.jpg", "a/b.jpg", "part.jpg", "Icon.jpg", "x~$.jpg", "#1.jpg"]
)
def test_what_is_not_ignored(name: str) -> None:
    """Names that merely look alike are pictures."""
    assert ignored(name) is None


async def test_a_temporary_name_becomes_a_source_by_its_final_one(studio: Studio) -> None:
    """`explain` says what it is taken for until then."""
    for name in ("one.jpg.crdownload", ".two.jpg.Ab12Cd", "three.jpg.part"):
        studio.drop(name, picture(len(name)))
    await studio.once()
    assert studio.jobs() == []
    told = studio.explain("one.jpg.crdownload")
    assert told["verdict"] == "ignored"
    assert told["reason"] == "temporary name of a browser"
    assert studio.explain(".two.jpg.Ab12Cd")["reason"] == "temporary name of rsync"
    (studio.input / "one.jpg.crdownload").rename(studio.input / "one.jpg")
    (studio.input / ".two.jpg.Ab12Cd").rename(studio.input / "two.jpg")
    await studio.once()
    assert studio.states() == {"done": 2}


async def test_an_ignore_file_has_gitignores_rules(studio: Studio) -> None:
    """Nested ones, too: the nearest decides, and what lies in an ignored folder stays ignored."""
    studio.drop(".hotfolderignore", "# drafts\n*-draft.jpg\n/private/\nb*/\n!keep-draft.jpg\n")
    studio.drop("day/.hotfolderignore", "!good-draft.jpg\nraw.jpg\n")
    kept = ["ann.jpg", "keep-draft.jpg", "day/good-draft.jpg", "day/private/a.jpg", "raw.jpg"]
    for number, name in enumerate(kept):
        studio.drop(name, number=number)
    for name in ("x-draft.jpg", "private/keep-draft.jpg", "b1/a.jpg", "day/raw.jpg"):
        studio.drop(name, number=99)
    await studio.once()
    assert sorted(job["source"] for job in studio.jobs()) == sorted(kept)
    assert studio.explain("day/raw.jpg")["reason"] == "ignored by day/.hotfolderignore"
    assert studio.explain("private/keep-draft.jpg")["reason"] == "ignored by .hotfolderignore"


@pytest.mark.parametrize("detect", ["events", "scan"])
async def test_a_changed_ignore_file_counts_at_once(studio: Studio, detect: str) -> None:
    """What it no longer ignores is edited."""
    interval = "0.3" if detect == "scan" else "300.0"
    studio.configure(watch=f'detect = "{detect}"\nscan_interval = {interval}')
    studio.drop(".hotfolderignore", "b*\n")
    studio.drop("a.jpg", number=1)
    studio.drop("deep/b.jpg", number=2)
    async with studio.running():
        await studio.until_states(done=1)
        studio.drop(".hotfolderignore", "# nothing\n")
        await studio.until_states(done=2)


@pytest.mark.parametrize("content", [b"\xff\xfe\xff", b"[z-a]"])
async def test_an_ignore_file_that_cannot_be_understood_pays_for_nothing(
    studio: Studio, content: bytes
) -> None:
    """All in its folder waits, and is told why; the rest goes on."""
    studio.drop("a.jpg", number=1)
    studio.drop("day/b.jpg", number=2)
    (studio.input / "day" / ".hotfolderignore").write_bytes(content)
    await studio.once()
    assert [job["source"] for job in studio.jobs()] == ["a.jpg"]
    assert "cannot be understood" in studio.explain("day/b.jpg")["reason"]


async def test_only_regular_files_inside_the_folder_are_read(studio: Studio) -> None:
    """Links out of it and in a loop, pipes, sockets and devices hang nothing and leak nothing."""
    outside = studio.folder / "outside"
    outside.mkdir()
    (outside / "secret.jpg").write_bytes(picture(7))
    (studio.input / "link.jpg").symlink_to(outside / "secret.jpg")
    (studio.input / "folder").symlink_to(outside)
    (studio.input / "loop").symlink_to(studio.input)
    (studio.input / "self.jpg").symlink_to("self.jpg")
    os.mkfifo(studio.input / "pipe.jpg")
    if os.geteuid() == 0:
        os.mknod(studio.input / "zero.jpg", 0o600 | 0o020000, os.makedev(1, 5))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(studio.input / "socket.jpg"))
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(done=1)
    listener.close()
    assert [job["source"] for job in studio.jobs()] == ["ann.jpg"]
    assert "links are not followed" in studio.explain("link.jpg")["reason"]
    assert studio.explain("pipe.jpg")["reason"].startswith("not a regular file")


async def test_a_file_swapped_for_a_link_leaks_nothing(studio: Studio) -> None:
    """Whenever it is swapped, what stands outside is never uploaded."""
    secret = studio.folder / "secret.jpg"
    secret.write_bytes(picture(200))
    studio.configure(watch='detect = "scan"\nscan_interval = 0.1')
    link = studio.input / ".link"
    async with studio.running():
        for number in range(30):
            path = studio.drop(f"p{number}.jpg", number=number)
            link.symlink_to(secret)
            await studio.send("settling", watch="studio", path=path.name)
            link.rename(path)
        studio.drop("last.jpg", number=99)
        await studio.until(lambda: studio.states().get("done"), "the last is done")
    sent = {each for task in studio.ledger().tasks for each in task.input_sha256}
    assert hashlib.sha256(picture(200)).hexdigest() not in sent
