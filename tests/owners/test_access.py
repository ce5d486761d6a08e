"""Modes, group and times of outputs."""

from __future__ import annotations

import grp
import hashlib
import os
import stat
from typing import TYPE_CHECKING

import pytest

from hotfolder.outputs.access import Access, group_number
from hotfolder.outputs.publish import publish
from hotfolder.outputs.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path


def put(folder: Path, access: Access) -> Path:
    """Publish a result into a new folder."""
    (folder / "out").mkdir()
    with Spool(folder / "spool").open_part("a") as part:
        part.write(b"picture")
        spooled = part.commit()
    sha256 = hashlib.sha256(b"picture").hexdigest()
    publish(spooled.path, sha256, folder / "out", "a/ann.jpg", token="1", access=access)  # noqa: S106  no secret
    return folder / "out" / "a" / "ann.jpg"


def mode(path: Path) -> int:
    """Return the permission bits of a path."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    ("umask", "file", "folder"), [(0o002, 0o664, 0o775), (0o077, 0o600, 0o700)]
)
def test_modes_are_the_configs(tmp_path: Path, umask: int, file: int, folder: int) -> None:
    """The umask of the config counts, whatever the program's own is."""
    output = put(tmp_path, Access(umask=umask))
    assert (mode(output), mode(output.parent)) == (file, folder)


def test_nothing_said_is_the_programs_umask(tmp_path: Path) -> None:
    """Without a word, files are as any program would leave them."""
    current = os.umask(0o022)
    try:
        assert mode(put(tmp_path, Access())) == 0o644
    finally:
        os.umask(current)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files to any group")
def test_the_group_is_the_configs(tmp_path: Path) -> None:
    """Files and new folders belong to the group."""
    number = group_number("daemon")
    output = put(tmp_path, Access(group=number))
    assert output.stat().st_gid == output.parent.stat().st_gid == number


def test_groups_have_names_and_numbers() -> None:
    """An unknown name is told as such."""
    assert group_number("1234") == 1234
    assert group_number(grp.getgrgid(0).gr_name) == 0
    with pytest.raises(ValueError, match="no group"):
        group_number("no such group")


def test_an_output_may_carry_its_sources_time(tmp_path: Path) -> None:
    """Archives sort by the time of a file."""
    output = put(tmp_path, Access(mtime_ns=1_000_000_000_123_456_789))
    assert output.stat().st_mtime_ns == 1_000_000_000_123_456_789
