"""What the kernel's mount table says of a folder: is it on a share, and are there shares in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotfolder.tree import mounts

if TYPE_CHECKING:
    from pathlib import Path

TABLE = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /mnt/nfs rw shared:2 - nfs4 nas:/export rw,vers=4.2
31 22 0:41 / /mnt/smb rw - cifs //nas/studio rw
32 22 0:42 / /mnt/fuse rw - fuse.sshfs me@nas: rw
33 22 0:43 / /merged rw - overlay overlay rw,lowerdir=/mnt/nfs/base:/opt,upperdir=/up,workdir=/w
34 22 0:44 / /layers rw - overlay overlay rw,lowerdir=/opt,upperdir=/up,workdir=/w
35 22 0:45 / /srv/in/nas\\040one rw - nfs nas:/one rw
36 22 8:2 / /srv/in/disk rw - ext4 /dev/sda2 rw
37 22 0:46 / /srv/in rw - tmpfs none rw
"""


@pytest.mark.parametrize(
    ("path", "remote"),
    [
        *(("/srv/photos", False), ("/mnt/nfs/a", True), ("/mnt/smb", True), ("/mnt/fuse/x", True)),
        *(("/merged/in", True), ("/layers/in", False), ("/mnt/nfsx", False)),
    ],
)
def test_what_is_remote(path: str, remote: bool) -> None:  # noqa: FBT001  the table's column
    """Network shares, FUSE, and an overlay with a layer on one: they give no events."""
    assert mounts.on(mounts.parse(TABLE), path).remote is remote


def test_shares_inside_a_local_folder() -> None:
    """They are told by their own places, escaped blanks and all."""
    own, *inside = mounts.around(mounts.parse(TABLE), "/srv/in")
    assert (own.place, own.remote) == ("/srv/in", False)
    assert [(each.place, each.remote) for each in inside] == [
        ("/srv/in/nas one", True),
        ("/srv/in/disk", False),
    ]


def test_a_mount_that_the_fstab_promises(tmp_path: Path) -> None:
    """A folder that should be a share's is not taken for it while nothing is mounted there."""
    fstab = tmp_path / "fstab"
    fstab.write_text(
        "# nas:/x /srv/other nfs\nnas:/x /srv/photos nfs defaults 0 0\n"
        "nas:/e /mnt/nfs nfs\nUUID=1 none swap sw\n/dev/sda1 / ext4\n"
    )
    table = mounts.parse(TABLE)
    assert mounts.awaited(table, "/srv/photos/in", fstab) == "/srv/photos"
    assert mounts.awaited(table, "/srv/photosx", fstab) is None
    assert mounts.awaited(table, "/srv/other", fstab) is None
    assert mounts.awaited(table, "/mnt/nfs/in", fstab) is None
    assert mounts.awaited(table, "/srv/photos", tmp_path / "none") is None


def test_what_is_mounted_later_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is read each time, and parsed only where it is another."""
    table = tmp_path / "mountinfo"
    monkeypatch.setattr(mounts, "MOUNT_TABLE", table)
    lines = TABLE.splitlines(keepends=True)
    for count in (2, 2, 3, 1):
        table.write_text("".join(lines[:count]))
        assert [each.place for each in mounts.mounted()] == ["/", "/mnt/nfs", "/mnt/smb"][:count]
