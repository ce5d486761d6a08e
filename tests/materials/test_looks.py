"""What planning knows of files: told by workers, once for each content."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import pytest

from hotfolder.domain.essences import VERSION
from hotfolder.kinds.formats import FileTooLarge, Picture, PictureType
from hotfolder.kinds.workshop.workshop import Workshop
from hotfolder.planning.looking import Looking
from hotfolder.planning.looks import Look, Looks, Unseen
from hotfolder.tree import files
from tests.pictures import exif, saved, scene
from tests.workers import WORKERS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Any

    from tests.workers import SharedWorker

ALL = files.LARGEST_BYTES


class Counting:
    """Counts what its worker is asked."""

    def __init__(self, asked: list[bytes]) -> None:
        self._worker: SharedWorker = WORKERS.open()
        self._asked = asked

    def ask(self, message: bytes, opened: Sequence[int], deadline_s: float) -> object:
        """Have the worker do a task."""
        self._asked.append(message)
        return self._worker.ask(message, opened, deadline_s)

    def end(self) -> None:
        """Give the worker back."""
        self._worker.end()


async def at_once(call: Callable[[], Any]) -> Any:  # noqa: ANN401  whatever the call returns
    """Make a call on the share."""
    return call()


async def test_each_content_is_looked_at_once(tmp_path: Path) -> None:
    """Everything comes of one look, and no other place or time needs another."""
    (tmp_path / "ann.jpg").write_bytes(saved(scene(), "JPEG", exif=exif()))
    (tmp_path / "again.jpg").write_bytes((tmp_path / "ann.jpg").read_bytes())
    asked: list[bytes] = []
    with closing(Workshop(open_worker=lambda: Counting(asked))) as workshop:
        looking = Looking(workshop, tmp_path)
        look = partial(looking.looks.of_source, tmp_path, "ann.jpg", ALL)
        with pytest.raises(Unseen):
            look()
        found = await looking.along(at_once, look)
        assert isinstance(found.found, Picture)
        assert (found.found.type, found.found.bytes) == (PictureType.JPEG, found.sighting.size)
        assert (found.texts["exif.Make"], found.digest is not None) == ("Leica", True)
        assert found.essence.version == VERSION
        assert look(expected=found.sha256) == found
        again = partial(looking.looks.of_source, tmp_path, "again.jpg", ALL)
        assert (await looking.along(at_once, again)).sha256 == found.sha256
    assert len(asked) == 1


async def test_a_look_counts_only_for_what_was_looked_at(tmp_path: Path) -> None:
    """A file that is another by now, though expected to be the same, is looked at anew."""
    path = tmp_path / "ann.jpg"
    path.write_bytes(saved(scene(), "JPEG"))
    with closing(Workshop(open_worker=WORKERS.open)) as workshop:
        looking = Looking(workshop, tmp_path)
        look = partial(looking.looks.of_source, tmp_path, "ann.jpg", ALL)
        found = await looking.along(at_once, look)
        path.write_bytes(b"Dear customer")
        with pytest.raises(Unseen):
            look(expected=found.sha256)
        other = await looking.along(at_once, partial(look, expected=found.sha256))
        assert str(other.found) == "the file is not a picture, whatever its name says"


async def test_a_file_larger_than_any_that_is_sent_is_known_by_its_ends(tmp_path: Path) -> None:
    """No copy of it is made; so it is taken, and told to be too large."""
    with (tmp_path / "ann.jpg").open("wb") as made:
        made.truncate(ALL + 1)
    with closing(Workshop()) as workshop:
        looking = Looking(workshop, tmp_path)
        found = await looking.look(at_once, tmp_path, "ann.jpg")
        assert isinstance(found.found, FileTooLarge)
        assert found.essence.digest == found.sha256
        assert looking.looks.of_source(tmp_path, "ann.jpg", ALL).sha256 == found.sha256


def test_what_is_remembered_is_bounded(tmp_path: Path) -> None:
    """What was used last stays; however much each picture says."""
    path = tmp_path / "ann.jpg"
    path.write_bytes(b"x")
    looks, seen = Looks(), files.look(tmp_path, "ann.jpg")
    texts = {f"exif.{number}": "x" * 1000 for number in range(10)}
    for number in range(2000):
        look = Look(f"{number:064}", seen, FileTooLarge(), texts=texts)
        looks.remember_content(look)
    kept = [number for number in range(2000) if looks.of_content(f"{number:064}", seen)]
    assert kept == list(range(2000 - len(kept), 2000))
    assert len(kept) < 1000
