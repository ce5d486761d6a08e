"""By which hash an image is known: metadata come and go, and the picture stays the same one.

A content hash is of bytes, an essence of the image in them. An identity is the first content hash
that an image had at its place; jobs are unique by it, and edits are reused by it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hotfolder.domain.essences import Essence
from hotfolder.domain.materials import Material
from hotfolder.journal.drafts import Settled
from hotfolder.journal.engine import Value
from hotfolder.journal.session import Session

PORTION: Final = 2000
HELD_PORTION: Final = 20


@dataclass(frozen=True, slots=True)
class Lacking:
    """A source whose content has no essence yet; `content_hash` None = it was never read."""

    source: int
    path: str
    content_hash: str | None


def essence(session: Session, content_hash: str, version: int) -> Essence | None:
    """Return the essence of a content, if it is known in a version."""
    row = session.row("essence_of", content_hash=content_hash, version=version)
    return None if row is None else Essence(version, row["digest"])


def learn(session: Session, content_hash: str, known: Essence) -> None:
    """Keep the essence of a content."""
    session.change(
        "put_essence", content_hash=content_hash, version=known.version, digest=known.digest
    )


def learn_held(session: Session, held: Lacking, content_hash: str, size: int) -> None:
    """Keep what stands where a source is held back, unless it was replaced since it was seen."""
    session.change("know_held", source=held.source, content_hash=content_hash, size=size)


def identify(session: Session, settled: Settled) -> str:
    """Return by which hash a source's image is known.

    At its place, else where it was moved from, else anywhere; an image that is new is known by
    the hash of its bytes.
    """
    version, digest = _essence(settled)
    for path in filter(None, (settled.path, settled.moved_from)):
        row = session.row(
            "identity_at",
            watch=settled.watch,
            path=os.fsencode(path),
            content_hash=settled.content_hash,
            version=version,
            digest=digest,
        )
        if row is not None:
            return str(row["identity"])
    first = session.row("first_of_essence", version=version, digest=digest)
    return str(first["content_hash"]) if first else settled.content_hash


def of_reference(session: Session, material: Material) -> str:
    """Return by which hash a reference's image is known: references of one image are one."""
    row = session.row("reference_by_bytes", content_hash=material.content_hash)
    known = material.essence
    if row is None and known is not None:
        row = session.row("reference_by_essence", version=known.version, digest=known.digest)
    return material.content_hash if row is None else str(row["identity"])


def digest(identified: Sequence[str]) -> str:
    """Return what stands for the images of a set: of one its identity.

    In which order they are sent does not belong to it.
    """
    if len(identified) == 1:
        return identified[0]
    return hashlib.sha256("\n".join(sorted(identified)).encode()).hexdigest()


def is_undecided(session: Session, settled: Settled) -> bool:
    """Whether this may be a picture that was paid for, with other metadata: nobody can tell.

    So it is where an older program paid for what stood at the path, and its bytes changed before
    their essence was known. What is held back or left out stays so, unless it is surely another.
    """
    version, digest = _essence(settled)
    place: dict[str, Value] = {"watch": settled.watch, "path": os.fsencode(settled.path)}
    row = session.row("find_source", **place)
    if row is None or session.row(
        "identity_at", content_hash=settled.content_hash, version=version, digest=digest, **place
    ):
        return False
    if row["backlog"] and row["inode"] != "":
        before = session.row("essence_of", content_hash=row["content_hash"], version=version)
        return before is None or before["digest"] == digest
    return session.row("paid_unknown", version=version, **place) is not None


def take_bytes(session: Session, source: int, identity: str, settled: Settled) -> None:
    """Let the jobs of an image send its newest bytes from here on."""
    new: dict[str, Value] = {
        "content_hash": settled.content_hash,
        "source": source,
        "identity": identity,
    }
    session.change("set_bytes", size=settled.sighting.size, **new)


def lacking(session: Session, watch: int, after: int, version: int) -> Sequence[Lacking] | None:
    """Return the next sources, by number, whose content has no essence; None = there are no more.

    A portion may have none.
    """
    (last,) = session.rows("last_source")
    if after >= (last["id"] or 0):
        return None
    rows = session.rows(
        "essences_lacking", watch=watch, after=after, upto=after + PORTION, version=version
    )
    return [Lacking(row["id"], os.fsdecode(row["path"]), row["content_hash"]) for row in rows]


def held_lacking(session: Session, watch: int, after: int) -> Sequence[Lacking]:
    """Return the next sources held back or left out that were never read."""
    rows = session.rows("held_lacking", watch=watch, after=after, limit=HELD_PORTION)
    return [Lacking(row["id"], os.fsdecode(row["path"]), None) for row in rows]


def references_lacking(session: Session, watch: int, version: int) -> Sequence[tuple[str, str]]:
    """Return the paths and hashes of what a watch's jobs sent besides, where no essence is known.

    That is what an older program sent.
    """
    rows = session.rows("references_lacking", watch=watch, version=version)
    return [(os.fsdecode(row["path"]), row["content_hash"]) for row in rows]


def _essence(settled: Settled) -> tuple[int | None, str | None]:
    known = settled.essence
    return (known.version, known.digest) if known else (None, None)
