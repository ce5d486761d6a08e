"""When somebody was turned away who might have had a callback, for whoever asks how things are."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from hotfolder.journal.session import Session, from_ms, to_ms

_KEY: Final = "callbacks_unheard_at"


def keep(session: Session, at: datetime) -> None:
    """Keep that it was so at a time."""
    session.change("set_meta", key=_KEY, value=str(to_ms(at)))


def last(session: Session) -> datetime | None:
    """Return when it was so last; None = never."""
    row = session.row("get_meta", key=_KEY)
    return None if row is None else from_ms(int(row["value"]))
