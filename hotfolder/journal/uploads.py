"""Links to uploaded content, which is uploaded once and reused while its link is good."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from hotfolder.domain.events import UploadLink
from hotfolder.journal.session import Session, from_ms, to_ms

LINK_LIFE: Final = timedelta(hours=24)  # as the service promises


def keep(session: Session, link: UploadLink) -> None:
    """Keep where a content can be read by the service."""
    session.change(
        "put_upload",
        content_hash=link.content_hash,
        site=link.site,
        url=link.url,
        file_name=link.file_name,
        expires_at=to_ms(link.expires_at),
    )


def find(session: Session, content_hash: str, site: str, good_until: datetime) -> UploadLink | None:
    """Return the link to a content at a site, if it lives beyond `good_until`."""
    row = session.row(
        "find_upload", content_hash=content_hash, site=site, good_until=to_ms(good_until)
    )
    if row is None:
        return None
    return UploadLink(
        content_hash=content_hash,
        site=site,
        url=row["url"],
        file_name=row["file_name"],
        expires_at=from_ms(row["expires_at"]),
    )
