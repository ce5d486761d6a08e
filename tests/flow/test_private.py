"""State is its owner's alone, whatever was there before; what only the owner can mend is told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from hotfolder import config
from hotfolder.journal import backup
from hotfolder.outputs import disk
from hotfolder.preflight import exposures

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.studio import Studio


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    """Let new files be readable for all, as most systems have it."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    """Return what of a folder others may use."""
    return [
        str(each.relative_to(folder.parent))
        for each in (folder, *folder.rglob("*"))
        if each.stat().st_mode & 0o077
    ]


async def test_state_is_its_owners_alone(studio: Studio) -> None:
    """Everything that a run makes: journal, log, spool, copies."""
    studio.drop("ann.jpg")
    await studio.once()
    backup.take_daily(studio.state, studio.state / "backups", studio.clock(), 7)
    assert list((studio.state / "backups").iterdir())
    assert open_to_others(studio.state) == []


async def test_what_stood_open_is_closed(studio: Studio) -> None:
    """A state directory that was made by hand, and a journal of an older version."""
    studio.drop("ann.jpg")
    await studio.once()
    backup.take_daily(studio.state, studio.state / "backups", studio.clock(), 7)
    for each in (studio.state, *studio.state.rglob("*")):
        each.chmod(0o755 if each.is_dir() else 0o644)
    own = studio.state / "mine.txt"
    own.write_text("not ours")
    own.chmod(0o644)
    found = [each.words for each in exposures(studio.folder / "config.toml", studio.config)]
    assert [str(studio.state) in each for each in found] == [True, True, True]
    await studio.once()
    assert open_to_others(studio.state) == ["state/mine.txt"]
    assert list(exposures(studio.folder / "config.toml", studio.config)) == []


async def test_a_copy_is_its_owners_alone(studio: Studio) -> None:
    """Wherever `backup` is told to write it."""
    studio.drop("ann.jpg")
    await studio.once()
    copy = studio.folder / "copy.db"
    backup.take(studio.state, copy)
    assert copy.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_stays_open_is_refused(tmp_path: Path) -> None:
    """It is another user's, and may not be closed: nothing is written into it."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    tmp_path.chmod(0o755)
    for each in (tmp_path.parent, tmp_path.parent.parent):
        each.chmod(each.stat().st_mode | 0o111)
    number = os.fork()
    if not number:
        os.setuid(65534)
        try:
            disk.make_private(folder)
        except PermissionError:
            os._exit(7)
        os._exit(0)
    _, status = os.waitpid(number, 0)
    assert os.waitstatus_to_exitcode(status) == 7


def stated(folder: Path, text: str) -> list[str]:
    """Return what is told of a config."""
    path = folder / "config.toml"
    (folder / "in").mkdir(exist_ok=True)
    path.write_text(
        f'state_dir = "state"\n{text}\n[[watch]]\nname = "a"\ninput = "in"\noutput = "out"\n'
        '[[watch.rule]]\nprompt = "x"\n'
    )
    path.chmod(0o644)
    read = config.read(path, {})
    assert read.config is not None, read.problems
    return [each.words for each in exposures(path, read.config)]


def test_a_password_in_an_open_config_is_told(tmp_path: Path) -> None:
    """An address of [[notify]] holds one; a file of its own is refused elsewhere."""
    (told,) = stated(tmp_path, '[[notify]]\nurl = "mailto://ann:secret@example.org"')
    assert "passwords" in told
    assert "secret" not in told


@pytest.mark.parametrize(
    ("address", "count"),
    [
        ("http://service.example/openapi/v2", 1),
        ("http://192.168.1.2/openapi/v2", 1),
        ("https://service.example/openapi/v2", 0),
        ("http://127.0.0.1:8765/openapi/v2", 0),
        ("http://localhost:8765/openapi/v2", 0),
    ],
)
def test_a_key_in_the_clear_is_told(tmp_path: Path, address: str, count: int) -> None:
    """Plain http to another machine shows the key to whoever is on the way."""
    assert len(stated(tmp_path, f'[api]\nbase_url = "{address}"')) == count
