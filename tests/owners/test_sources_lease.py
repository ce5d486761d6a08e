"""Asking the kernel whether a file is being written: a hint that disturbs nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hotfolder.tree import files

ASKED = 2000
NOBODY = 65534
REPOSITORY = Path(__file__).parents[2]

# Opens the file for writing again and again, as a signal-naive program would, until told to end.
WRITER = """
import os, sys
count = 0
while os.path.exists(sys.argv[2]):
    file = os.open(sys.argv[1], os.O_WRONLY)
    os.write(file, b"x")
    os.close(file)
    count += 1
print(count)
"""
ASKER = """
import sys
from pathlib import Path
from hotfolder.tree import files
for _ in range(int(sys.argv[2])):
    files.is_being_written(Path(sys.argv[1]), "ann.jpg")
print("alive")
"""


def test_a_file_open_for_writing_is_told(tmp_path: Path) -> None:
    """Open for writing: yes. Open for reading only, or closed: no."""
    path = tmp_path / "ann.jpg"
    path.write_bytes(b"x")
    assert files.is_being_written(tmp_path, "ann.jpg") is False
    with path.open("rb"):
        assert files.is_being_written(tmp_path, "ann.jpg") is False
    with path.open("ab"):
        assert files.is_being_written(tmp_path, "ann.jpg") is True
    assert files.is_being_written(tmp_path, "ann.jpg") is False


def test_another_process_is_told_as_well(tmp_path: Path) -> None:
    """A copy program is another process: that is the case that matters."""
    path = tmp_path / "ann.jpg"
    path.write_bytes(b"x")
    opened = "import sys; file = open(sys.argv[1], 'ab'); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", opened, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        assert files.is_being_written(tmp_path, "ann.jpg") is True
        writer.communicate(b"\n")
    assert files.is_being_written(tmp_path, "ann.jpg") is False


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")
def test_without_an_answer_there_is_no_error(tmp_path: Path) -> None:
    """The kernel tells only the file's owner: for another user's file it is not known."""
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    (tmp_path / "ann.jpg").write_bytes(b"x")
    with (tmp_path / "ann.jpg").open("ab"):
        os.seteuid(NOBODY)  # the file system's own user goes along
        try:
            assert files.is_being_written(tmp_path, "ann.jpg") is None
        finally:
            os.seteuid(0)


def test_asking_disturbs_no_writer_and_kills_nobody(tmp_path: Path) -> None:
    """A writer that opens in between gets its file, and the asker outlives its own lease."""
    path, going_on = tmp_path / "ann.jpg", tmp_path / "going-on"
    path.write_bytes(b"x")
    going_on.touch()
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(going_on)], stdout=subprocess.PIPE
    )
    asked = subprocess.run(
        [sys.executable, "-c", ASKER, str(tmp_path), str(ASKED)],
        check=False,
        capture_output=True,
        cwd=REPOSITORY,
    )
    going_on.unlink()
    written, _ = writer.communicate()
    assert (asked.returncode, asked.stdout.strip()) == (0, b"alive")
    assert writer.returncode == 0
    assert int(written) > 0


def test_no_descriptor_is_left(tmp_path: Path) -> None:
    """The lease and its file are given back, whatever the answer."""
    path = tmp_path / "ann.jpg"
    path.write_bytes(b"x")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    with path.open("ab"):
        files.is_being_written(tmp_path, "ann.jpg")
    files.is_being_written(tmp_path, "ann.jpg")
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
