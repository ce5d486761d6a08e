"""What of an event may stand in the history and the log."""

from __future__ import annotations

from hotfolder.domain import events as ev
from hotfolder.journal.rows import encode_detail
from tests.builders import EVENTS, LINK, TOKEN
from tests.cases import every

SECRETS = (LINK, "secret=1", TOKEN)


@every("kind", EVENTS)
def test_no_event_tells_a_secret(kind: type[ev.Event]) -> None:
    """Links, payloads and tokens stand neither in the repr nor in the history."""
    event = EVENTS[kind]()
    told = f"{event!r} {encode_detail(ev.history_detail(event))}"
    assert not [secret for secret in SECRETS if secret in told]


def test_detail_keeps_what_explains() -> None:
    """Ids, charges and reasons stay in the history."""
    found = ev.history_detail(ev.TaskFound(task_id="42", by="operator"))
    assert found == {"task_id": "42", "by": "operator"}


def test_texts_of_results_are_not_told() -> None:
    """A text result may be long or private: it is stored once, as the result."""
    result = ev.RemoteResult(position=1, url=None, type="text", text="a private text")
    assert "private" not in repr(result)


def test_only_uncounted_waiting_is_ordinary() -> None:
    """Mere polls are kept out of the history, failed attempts are not."""
    poll = ev.Postponed(until=None, reason="still running", counts=False)
    assert ev.is_ordinary(poll)
    assert not any(ev.is_ordinary(make()) for make in EVENTS.values())
