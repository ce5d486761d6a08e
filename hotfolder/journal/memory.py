"""What the daemon remembers over a restart that belongs to no job, watch or submit."""

from __future__ import annotations

from hotfolder.journal.session import Session

_CURRENCY = "currency"


def told(session: Session, receiver: str) -> str | None:
    """Return what a receiver of notices knows already, as it was kept."""
    return _recalled(session, receiver)


def keep_told(session: Session, receiver: str, value: str) -> None:
    """Keep what a receiver of notices knows."""
    session.change("set_meta", key=receiver, value=value)


def currency(session: Session) -> str | None:
    """Return the account's currency, as last heard."""
    return _recalled(session, _CURRENCY)


def keep_currency(session: Session, value: str) -> None:
    """Keep the account's currency."""
    session.change("set_meta", key=_CURRENCY, value=value)


def _recalled(session: Session, key: str) -> str | None:
    row = session.row("get_meta", key=key)
    return None if row is None else str(row["value"])
