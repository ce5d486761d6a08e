"""The log as a person reads it: a line for each file, and for whatever a person should know.

Each line has the local time, a word and a sentence. The steps on the way are told only with
`--verbose`. The same events are JSON for machines, under names that stay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from rich.cells import cell_len, chop_cells

from hotfolder.domain.commands import Commands, about

Event = Mapping[str, Any]

_COLOURS: Final = {
    "done": "32",
    "failed": "31",
    "in doubt": "1;33",
    "held": "33",
    "waits": "33",
    "offline": "31",
    "refused": "31",
    "warning": "33",
    "error": "31",
}
_WIDTH: Final = 8
# Where a sentence begins in its line, after the time and the word; and the least it is given.
_INDENT: Final = 18
_LEAST_ROOM: Final = 30
_IN_SECONDS_BELOW: Final = 120
# What every event has, and what is said elsewhere in a line.
_SAID: Final = frozenset(
    {"event", "level", "timestamp", "job", "watch", "source", "part", "exception"}
)


def _span(seconds: int) -> str:
    """Return a span of time as people say it."""
    if seconds < _IN_SECONDS_BELOW:
        return f"{seconds} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _lines(sentence: str, room: int) -> list[str]:
    """Return a sentence in lines of so many columns, of which Chinese characters take two."""
    pieces = (piece for word in sentence.split(" ") for piece in chop_cells(word, room) or [word])
    lines = [""]
    for piece in pieces:
        longer = f"{lines[-1]} {piece}" if lines[-1] else piece
        if cell_len(longer) > room:
            lines.append(piece)
        else:
            lines[-1] = longer
    return lines


def _shortened(name: str, most: int) -> str:
    """Return a name without its middle where it has more than `most` characters."""
    if len(name) <= most:
        return name
    end = most // 2
    return f"{name[: most - end - 1]}…{name[-end:]}"


class Telling:
    """Puts events into lines; `outputs` are the names of the watches' output folders.

    `commands` is how those are typed that a hint names.

    With `verbose` the steps are told, too; `colour` says whether a terminal shows it. Of one that
    `ends_by_itself` it is not told that it stops. Lines are made to fit `width` columns, None =
    they may be of any length.
    """

    def __init__(
        self,
        outputs: Mapping[str, str],
        *,
        commands: Commands,
        verbose: bool,
        colour: bool,
        ends_by_itself: bool = False,
        width: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._unsaid = frozenset({"service.draining"} if ends_by_itself else ())
        self._outputs = outputs
        self._commands = commands
        self._verbose = verbose
        self._colour = colour
        self._width = width
        self._told: set[str] = set()
        self._holds: dict[str, str] = {}

    def line(self, event: Event) -> str | None:
        """Return what is told of an event, None = nothing."""
        if event["event"] in self._unsaid:
            return None
        told = _TOLD.get(event["event"])
        if told is not None:
            words = told(self, event)
            if words is None:
                return None
            word, sentence = words
        elif self._verbose or event["level"] in ("warning", "error", "critical"):
            word = event["level"] if event["level"] != "info" else "."
            parts = (event["event"], self._about(event), _rest(event))
            sentence = " ".join(filter(None, parts))
        else:
            return None
        when = datetime.fromisoformat(event["timestamp"]).astimezone()
        lines = f"{when:%H:%M:%S} {self._coloured(word)} {self._wrapped(sentence)}".rstrip()
        return f"{lines}\n{event['exception']}" if event.get("exception") else lines

    def _coloured(self, word: str) -> str:
        code = _COLOURS.get(word)
        padded = word.ljust(_WIDTH)
        return f"\x1b[{code}m{padded}\x1b[0m" if code and self._colour else padded

    def _wrapped(self, sentence: str) -> str:
        """Return a sentence whose further lines stand below its beginning."""
        room = self._room
        return sentence if room is None else f"\n{' ' * _INDENT}".join(_lines(sentence, room))

    @property
    def _room(self) -> int | None:
        """How many columns of a line a sentence has, None = any number."""
        width = self._width()
        return None if width is None else max(_LEAST_ROOM, width - _INDENT)

    def _about(self, event: Event) -> str:
        """Return which picture, or watch, an event is about."""
        watch, source = str(event.get("watch", "")), event.get("source")
        if source is None:
            return watch
        name = f"{source}, {event['part']}" if event.get("part") else source
        return f"{watch}: {name}" if len(self._outputs) > 1 else str(name)

    def done(self, event: Event) -> tuple[str, str]:
        """Tell where an edit stands, what it cost and how long it took."""
        folder = self._outputs.get(str(event.get("watch")), "")
        listed = [f"{folder}/{each}" if folder else each for each in event.get("outputs", ())]
        paid = f"{event['charge']} {event.get('currency') or ''}" if event.get("charge") else ""
        if event.get("reused"):
            paid = "nothing paid: it was edited before"
        took = _span(int(event["seconds"])) if "seconds" in event else ""
        nothing = "goes on" if event.get("goes_on") else "no output"
        word = "done" if event["event"] == "job.done" else "in part"
        source, result = self._about(event), ", ".join(listed) or nothing
        rest = "".join(f"  {each}" for each in (paid.strip(), took) if each)
        if self._room is not None and cell_len(f"{source} -> {result}{rest}") > self._room:
            most = (self._room - len(rest) - 4) // 2
            source, result = _shortened(source, most), _shortened(result, most)
        return word, f"{source} -> {result}{rest}"

    def failed(self, event: Event) -> tuple[str, str]:
        """Tell why an edit did not succeed, or why it is tried again."""
        word = "failed" if event.get("state", "failed") == "failed" else "again"
        return word, f"{self._about(event)}: {self._why(event)}"

    def doubtful(self, event: Event) -> tuple[str, str]:
        """Tell that nobody knows what became of an edit, and once what to do about such ones."""
        hint = str(event.get("hint", ""))
        if hint in self._told:
            event = {**event, "hint": ""}
        self._told.add(hint)
        return "in doubt", f"{self._about(event)}: {self._why(event)}"

    def waits(self, event: Event) -> tuple[str, str]:
        """Tell what a picture waits for."""
        return "waits", f"{self._about(event)}: {self._why(event)}"

    def skipped(self, event: Event) -> tuple[str, str]:
        """Tell that a file is left out."""
        if "count" in event:
            return "skipped", f"{event['count']} more files of {event['watch']}: {self._why(event)}"
        return "skipped", f"{self._about(event)}: {self._why(event)}"

    def held(self, event: Event) -> tuple[str, str] | None:
        """Tell that nothing is sent any more in a scope, once for the same reason."""
        if event["event"] == "hold.began":
            where, code = _where(event), str(event["code"])
            if self._holds.get(where) == code:
                return None
            self._holds[where] = code
        return "held", f"{_where(event)}: {self._why(event)}"

    def goes_on(self, event: Event) -> tuple[str, str]:
        """Tell that it is sent again."""
        self._holds.pop(_where(event), None)
        return "goes on", _where(event)

    def watching(self, event: Event) -> tuple[str, str]:
        """Tell that a folder is followed."""
        how = "by events" if event.get("detect") == "events" else "by scans"
        return "watching", f"{event['watch']} {how}"

    def offline(self, event: Event) -> tuple[str, str]:
        """Tell that a folder is not there."""
        return "offline", f"{event['watch']}: {self._why(event)}"

    def refused(self, event: Event) -> tuple[str, str]:
        """Tell that a config with mistakes is not taken over, and what they are."""
        return "refused", f"the config stays as it was. {event['error']}"

    def awaited(self, event: Event) -> tuple[str, str]:
        """Tell that a journal that several share is waited for before anything begins."""
        return "waits", f"{event['error']}. Hotfolder begins by itself as soon as that is over"

    def reloaded(self, event: Event) -> tuple[str, str]:
        """Tell that a changed config is in force, but for what needs a restart."""
        later = ", ".join(event.get("needs_restart") or ())
        return "reloaded", f"the config; a restart is needed for {later}" if later else "the config"

    def stopping(self, event: Event) -> tuple[str, str]:
        """Tell that what runs is let end."""
        return "stopping", f"what is under way has up to {event['grace_s']:g} s to finish"

    def page(self, event: Event) -> tuple[str, str]:
        """Tell where the page is."""
        return "page", f"{event['address']} ({self._commands.typed('page')} signs in)"

    def _why(self, event: Event) -> str:
        """Return what is wrong and what to do about it."""
        said = (str(event.get(key) or "").strip() for key in ("reason", "hint"))
        words = " ".join(part if part[-1] in ".!?)" else f"{part}." for part in said if part)
        job, watch = event.get("job"), event.get("watch")
        named = about(words, job=job and str(job), watch=watch and str(watch))
        return self._commands.completed(named)


def _where(event: Event) -> str:
    scope = str(event.get("scope", "")) or str(event.get("watch", "")) or "service"
    kind, _, name = scope.partition(":")
    return "everything" if kind in {"account", "service", "machine"} else name or scope


def _rest(event: Event) -> str:
    return " ".join(
        f"{key}={value}" for key, value in event.items() if key not in _SAID and key[0] != "_"
    )


_TOLD: Final[Mapping[str, Callable[[Telling, Event], tuple[str, str] | None]]] = {
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
    "journal.awaited": Telling.awaited,
    "config.refused": Telling.refused,
    "config.reloaded": Telling.reloaded,
    "service.draining": Telling.stopping,
    "page.listening": Telling.page,
}
