"""Output folders that were the place of a mount: while that is away, the bare folder is not theirs.

What is written into a bare mount point is hidden as soon as the share is back.
"""

from __future__ import annotations

from hotfolder.journal.session import Session

_MOUNTED = "mounted:"


def was_mounted(session: Session, output_root: str) -> bool:
    """Return whether something was mounted at an output folder when it was last used."""
    return session.row("get_meta", key=_MOUNTED + output_root) is not None


def note_mounted(session: Session, output_root: str) -> None:
    """Keep that something is mounted at an output folder."""
    session.change("set_meta", key=_MOUNTED + output_root, value="1")


def forget(session: Session, output_root: str) -> None:
    """Let an output folder be used whatever is mounted there."""
    session.change("drop_meta", key=_MOUNTED + output_root)
