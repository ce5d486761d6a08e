"""Trying whether a receiver can be reached."""

from __future__ import annotations

from hotfolder.config import Notify
from hotfolder.domain.redaction import Redactor
from hotfolder.notices.deriving import Notice, Topic
from hotfolder.notices.noticing import hand_over


def send(receiver: Notify, redactor: Redactor) -> None:
    """Send a trial notice; blocks for a minute at most. Raises NotSentNotice."""
    notice = Notice(
        topic=Topic.SUMMARY,
        title="a trial notice",
        text="This is a trial: whoever reads it will be told when hotfolder needs a person.",
    )
    hand_over(receiver, notice, redactor)
