"""Which watch a folder is: known by its root first, by its name second.

A root is known by the marker in it, where one can be written, else by the file system that it is
on. So a watch that is renamed, or a share that is mounted elsewhere, keeps its jobs and pays for
nothing; and what stands in a share's place while it is away is taken for no share.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from hotfolder.domain.failures import OTHER_JOURNAL, RESTORED, Failure
from hotfolder.journal import holds, reading
from hotfolder.journal.engine import Row
from hotfolder.journal.session import Session

JOURNAL_ID: Final = "journal_id"
_OUTRUN: Final = "outrun_journal_id"
_FORMER: Final = "former_journal_id:"
_MET: Final = "met:"
_ASIDE: Final = ":aside"  # no name in a config contains a colon
_DISTRUSTED: Final = (RESTORED, OTHER_JOURNAL)

NOT_THE_SAME: Final = (
    "this is not the folder that was watched: there is no .hotfolder-id in it, and it is on "
    "another disk or share. Mount the share that belongs here; or if this folder is to take its "
    "place, run release for this watch"
)


@dataclass(frozen=True, slots=True)
class Marker:
    """What the marker in a root says: the folder's id, its journal's, and how much that knew.

    `lines` is the journal's newest line of history when the marker was written.
    """

    folder: str
    journal: str
    lines: int


@dataclass(frozen=True, slots=True)
class Recognised:
    """The number of the watch that a root belongs to, and the marker that it should have."""

    watch: int
    marker: Marker


class Stranger(Exception):
    """The folder is not the one that was watched; the text says why."""


def recognise(
    session: Session, name: str, found: Marker | None, place: str, taken: Collection[int]
) -> Recognised:
    """Return which watch a root belongs to, and keep what it is known by from now on.

    `name` is the watch's in the config, `place` identifies the file system, `taken` are the
    watches that are followed elsewhere: a marker that names one of them was copied with its
    folder. A watch that was known by another root gives its name to the one that was known by
    this, unless another machine follows that. Where another journal kept the record of a root, its
    watch is held. Raises Stranger.
    """
    own = own_id(session)
    if found is not None and found.journal == own and found.lines > reading.newest_event(session):
        distrust(session)
    (watch,) = session.rows("watch_by_name", name=name)
    owner = session.row("watch_by_root", root_id=found.folder) if found else None
    if owner is not None and owner["id"] in taken:
        found = owner = None
    if found is None:
        _require_place(watch, place)
        return _known(session, watch["id"], watch["root_id"] or session.new_id(), own, place)
    if owner is not None and owner["id"] != watch["id"]:
        _require_unfollowed(session, owner["name"])
        _take_over(session, watch, owner)
        watch = owner
    if found.journal == own:
        holds.drop(session, holds.watch_scope(name), OTHER_JOURNAL.code)
    elif owner is None or not _has_met(session, found):
        _hold(session, name, OTHER_JOURNAL)
        session.change("set_meta", key=f"{_MET}{found.folder}:{found.journal}", value="1")
    known = _known(session, watch["id"], found.folder, own, place)
    return replace(known, marker=found) if _is_held(session, name) else known


def forget(session: Session, watch: str) -> None:
    """Let whatever folder stands at a watch's root from now on be the one that is watched."""
    (row,) = session.rows("watch_by_name", name=watch)
    session.change("know_root", watch=row["id"], root_id=None, root_place=None)


def _known(session: Session, watch: int, folder: str, journal: str, place: str) -> Recognised:
    session.change("know_root", watch=watch, root_id=folder, root_place=place)
    return Recognised(watch, Marker(folder, journal, reading.newest_event(session)))


def own_id(session: Session) -> str:
    """Return the journal's own id, which it has from then on."""
    row = session.row("get_meta", key=JOURNAL_ID)
    return str(row["value"]) if row else _take_id(session)


def distrust(session: Session) -> list[str]:
    """Hold every watch of a journal that was put back from an older copy; returns their names."""
    names = [each.name for each in reading.watches(session)]
    for each in names:
        _hold(session, each, RESTORED)
    session.change("set_meta", key=_OUTRUN, value=own_id(session))
    return names


def trust(session: Session) -> None:
    """Give a journal that a person trusts again an id that no folder knows yet."""
    row, own = session.row("get_meta", key=_OUTRUN), own_id(session)
    if row is not None and row["value"] == own:
        session.change("set_meta", key=_FORMER + own, value="1")
        _take_id(session)


def _has_met(session: Session, found: Marker) -> bool:
    """Return whether another journal's marker was held before, or is of a former id of this one."""
    keys = f"{_MET}{found.folder}:{found.journal}", _FORMER + found.journal
    return any(session.row("get_meta", key=key) for key in keys)


def _take_id(session: Session) -> str:
    own = session.new_id()
    session.change("set_meta", key=JOURNAL_ID, value=own)
    return own


def _require_place(watch: Row, place: str) -> None:
    """Raise Stranger where a root without a marker is not the one that was known."""
    known = watch["root_place"] is not None and watch["any_source"]
    if known and watch["root_place"] != place:
        raise Stranger(NOT_THE_SAME)


def _require_unfollowed(session: Session, name: str) -> None:
    """Raise Stranger where another machine follows the folder by its other name."""
    found = session.row("follower_elsewhere", watch=name)
    if found is not None:
        raise Stranger(
            f"{found['machine']} follows this folder as watch {name}: give the watch the same name "
            f"in the configs of both machines"
        )


def _take_over(session: Session, watch: Row, owner: Row) -> None:
    """Give the name and folders of the config to the watch that was known by the root."""
    for number, name, source in (
        (watch["id"], f"{watch['name']}{_ASIDE}", owner),
        (owner["id"], watch["name"], watch),
        (watch["id"], owner["name"], owner),
    ):
        session.change(
            "name_watch",
            watch=number,
            name=name,
            root=source["root"],
            output_root=source["output_root"],
        )
    for failure in _DISTRUSTED:
        if session.change("drop_hold", scope=holds.watch_scope(owner["name"]), code=failure.code):
            _hold(session, watch["name"], failure)


def _hold(session: Session, name: str, failure: Failure) -> None:
    if not _is_held(session, name):
        holds.stop(session, holds.watch_scope(name), failure)


def _is_held(session: Session, name: str) -> bool:
    scope = holds.watch_scope(name)
    return any(session.row("is_held", scope=scope, code=each.code) for each in _DISTRUSTED)
