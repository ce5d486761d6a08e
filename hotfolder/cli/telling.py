"""The log as a person reads it: a line for each picture, and for whatever a person should know.

Each line has the local time, a word and a sentence. The steps on the way are told only with
`--verbose`. The same events are JSON for machines, under names that stay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

Event = Mapping[str, Any]

_COLOURS: Final = {
    "done": "32",
    "failed": "31",
    "in doubt": "1;33",
    "held": "33",
    "waits": "33",
    "offline": "31",
    "warning": "33",
    "error": "31",
}
_WIDTH: Final = 8
# What every event has, and what is said elsewhere in a line.
_SAID: Final = frozenset({"event", "level", "timestamp", "job", "watch", "source", "exception"})


class Telling:
    """Puts events into lines; `outputs` are the names of the watches' output folders.

    With `verbose` the steps are told, too; `colour` says whether a terminal shows it. Of one that
    `ends_by_itself` it is not told that it stops.
    """

    def __init__(
        self,
        outputs: Mapping[str, str],
        *,
        verbose: bool,
        colour: bool,
        ends_by_itself: bool = False,
    ) -> None:
        self._unsaid = frozenset({"service.draining"} if ends_by_itself else ())
        self._outputs = outputs
        self._verbose = verbose
        self._colour = colour

    def line(self, event: Event) -> str | None:
        """Return what is told of an event, None = nothing."""
        if event["event"] in self._unsaid:
            return None
        told = _TOLD.get(event["event"])
        if told is not None:
            word, sentence = told(self, event)
        elif self._verbose or event["level"] in ("warning", "error", "critical"):
            word = event["level"] if event["level"] != "info" else "."
            parts = (event["event"], self._about(event), _rest(event))
            sentence = " ".join(filter(None, parts))
        else:
            return None
        when = datetime.fromisoformat(event["timestamp"]).astimezone()
        lines = f"{when:%H:%M:%S} {self._coloured(word)} {sentence}".rstrip()
        return f"{lines}\n{event['exception']}" if event.get("exception") else lines

    def _coloured(self, word: str) -> str:
        code = _COLOURS.get(word)
        padded = word.ljust(_WIDTH)
        return f"\x1b[{code}m{padded}\x1b[0m" if code and self._colour else padded

    def _about(self, event: Event) -> str:
        """Return which picture, or watch, an event is about."""
        watch, source = str(event.get("watch", "")), event.get("source")
        if source is None:
            return watch
        return f"{watch}: {source}" if len(self._outputs) > 1 else str(source)

    def done(self, event: Event) -> tuple[str, str]:
        """Tell where an edit stands, what it cost and how long it took."""
        folder = self._outputs.get(str(event.get("watch")), "")
        listed = [f"{folder}/{each}" if folder else each for each in event.get("outputs", ())]
        paid = f"{event['charge']} {event.get('currency') or ''}" if event.get("charge") else ""
        if event.get("reused"):
            paid = "nothing paid: it was edited before"
        took = f"{event['seconds']} s" if "seconds" in event else ""
        where = f"{self._about(event)} -> {', '.join(listed) or 'no output'}"
        word = "done" if event["event"] == "job.done" else "in part"
        return word, "  ".join(filter(None, (where, paid.strip(), took)))

    def failed(self, event: Event) -> tuple[str, str]:
        """Tell why an edit did not succeed, or why it is tried again."""
        word = "failed" if event.get("state", "failed") == "failed" else "again"
        return word, f"{self._about(event)}: {_why(event)}"

    def doubtful(self, event: Event) -> tuple[str, str]:
        """Tell that nobody knows what became of an edit."""
        return "in doubt", f"{self._about(event)}: {_why(event)}"

    def waits(self, event: Event) -> tuple[str, str]:
        """Tell what a picture waits for."""
        return "waits", f"{self._about(event)}: {_why(event)}"

    def skipped(self, event: Event) -> tuple[str, str]:
        """Tell that a file is left out."""
        if "count" in event:
            return "skipped", f"{event['count']} more files of {event['watch']}: {_why(event)}"
        return "skipped", f"{self._about(event)}: {_why(event)}"

    def held(self, event: Event) -> tuple[str, str]:
        """Tell that nothing is sent any more in a scope."""
        return "held", f"{_where(event)}: {_why(event)}"

    def goes_on(self, event: Event) -> tuple[str, str]:
        """Tell that it is sent again."""
        return "goes on", _where(event)

    def watching(self, event: Event) -> tuple[str, str]:
        """Tell that a folder is followed."""
        how = "by events" if event.get("detect") == "events" else "by scans"
        return "watching", f"{event['watch']} {how}"

    def offline(self, event: Event) -> tuple[str, str]:
        """Tell that a folder is not there."""
        return "offline", f"{event['watch']}: {_why(event)}"

    def stopping(self, event: Event) -> tuple[str, str]:
        """Tell that what runs is let end."""
        return "stopping", f"what runs may end within {event['grace_s']:g} s"

    def page(self, event: Event) -> tuple[str, str]:
        """Tell where the page is."""
        return "page", f"{event['address']} (hotfolder page signs in)"


def _where(event: Event) -> str:
    scope = str(event.get("scope", "")) or str(event.get("watch", "")) or "service"
    kind, _, name = scope.partition(":")
    where = {"account": "everything", "service": "everything"}.get(kind, name)
    return where or scope


def _why(event: Event) -> str:
    """Return what is wrong and what to do about it."""
    said = (str(event.get(key) or "").strip() for key in ("reason", "hint"))
    return " ".join(part if part[-1] in ".!?)" else f"{part}." for part in said if part)


def _rest(event: Event) -> str:
    return " ".join(
        f"{key}={value}" for key, value in event.items() if key not in _SAID and key[0] != "_"
    )


_TOLD: Final[Mapping[str, Callable[[Telling, Event], tuple[str, str]]]] = {
    "job.done": Telling.done,
    "job.done_in_part": Telling.done,
    "job.ended_in_part": Telling.done,
    "job.failed": Telling.failed,
    "submit.refused": Telling.failed,
    "task.failed": Telling.failed,
    "submit.unanswered": Telling.doubtful,
    "task.lost": Telling.doubtful,
    "job.waits": Telling.waits,
    "source.unreadable": Telling.waits,
    "sidecar.missing": Telling.waits,
    "source.skipped": Telling.skipped,
    "hold.began": Telling.held,
    "service.silent": Telling.held,
    "service.refuses": Telling.held,
    "backlog.held": Telling.held,
    "hold.lifted": Telling.goes_on,
    "service.answers": Telling.goes_on,
    "watch.online": Telling.watching,
    "watch.offline": Telling.offline,
    "service.draining": Telling.stopping,
    "page.listening": Telling.page,
}
