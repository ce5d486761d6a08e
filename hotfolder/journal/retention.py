"""How long the history of ended jobs is kept.

Jobs and sources themselves are never removed: they are what keeps a picture from being paid for
again when it turns up once more.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from hotfolder.journal.session import Session, to_ms

MOST_AT_ONCE: Final = 2000  # lines; the journal's thread has others to serve


def retire(session: Session, before: datetime) -> int:
    """Remove a part of the history of jobs that ended before a time; returns how many lines.

    Links to uploads that nobody can use any more go, too.
    """
    session.change("forget_expired_uploads", before=to_ms(before))
    return session.change("retire_history", before=to_ms(before), limit=MOST_AT_ONCE)
