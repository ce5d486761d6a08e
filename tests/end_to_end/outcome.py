"""What came of daemons in trouble: figures of the ledger and the folders, and a verdict."""

from __future__ import annotations

import hashlib
import re
import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from decimal import Decimal
    from pathlib import Path

    from hotfolder.domain.jobs import Job
    from hotfolder.simulator import Ledger
    from hotfolder.simulator.ledger import TaskEntry
    from tests.end_to_end.house import House
    from tests.end_to_end.mishaps import Mishaps, Takeover

LONGEST_TAKEOVER_S: Final = 20.0
LEAST_SHARE: Final = 0.95
_TASK: Final = re.compile(rb"(?<!\d)\d{19}(?!\d)")
_SHOWN: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """What may not be passed: tasks at once, and what a day may cost until that is raised."""

    pictures: int
    places: int
    budget: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Paces:
    """Which share of what the account can do was done, in peace and in trouble.

    `calm` is the share of its places that were taken as long as all were wanted, the others are of
    the time from the first task to the last output.
    """

    calm: float
    calm_in_all: float
    rough: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it: `figures` to read, and `broken` with each promise that was not kept."""

    figures: Mapping[str, object]
    broken: Mapping[str, object]

    def __str__(self) -> str:
        lines = [f"{name}: {figure}" for name, figure in self.figures.items()]
        broken = [f"BROKEN {name}: {what}" for name, what in self.broken.items()]
        return "\n".join([*lines, *(broken or ["every promise was kept"])])


def judged(
    house: House,
    mishaps: Mishaps,
    promised: Promised,
    paces: Paces,
    before: Ledger,
    partial: Sequence[str],
) -> Outcome:
    """Look at all that came of it; `before` is the ledger from before the budget was raised."""
    ledger, jobs = house.studio.ledger(), house.jobs()
    doubts = [each for each in jobs if each.state == "in_doubt"]
    paid = {task.input_sha256[0] for task in ledger.tasks}
    most = most_at_once(ledger)
    days = by_day(before)
    late = [
        each
        for each in mishaps.takeovers
        if each.seconds is None or each.seconds > LONGEST_TAKEOVER_S
    ]
    lost = list(_lost(house, jobs, promised.pictures))
    broken = {
        "paid twice": len(ledger.paid_twice()),
        "lost": lost[:_SHOWN],
        "the limit of tasks at once": max(0, most - promised.places),
        "refused for the limit": dict(Counter(each.code for each in ledger.rejected)),
        "the budget of a day": {day: cost for day, cost in days.items() if cost > promised.budget},
        "another picture's edit": list(_mixed_up(house, ledger, promised.pictures))[:_SHOWN],
        "half-done": partial[:_SHOWN],
        "taken over too late": late,
        "did not come back": mishaps.stayed_away,
        "too far from the bound": paces.calm if paces.calm < LEAST_SHARE else 0,
        "said in the logs": dict(house.complaints()),
    }
    figures = {
        "happened": dict(mishaps.happened),
        "fell and was started anew": mishaps.fell,
        "tasks": len(ledger.tasks),
        "of those never answered": sum(not each.answered for each in ledger.tasks),
        "charged": ledger.charged,
        "charged before the budget was raised": f"{days} of {promised.budget}",
        "paid twice": len(ledger.paid_twice()),
        "jobs": dict(Counter(each.state.value for each in jobs)),
        "in doubt, with a task": sum(each.original.content_hash in paid for each in doubts),
        "lost": len(lost),
        "tasks at once": f"{most} of {promised.places}",
        "takeovers": takeovers(mishaps.takeovers),
        "share of the bound in peace": round(paces.calm, 3),
        "that, with its beginning and end": round(paces.calm_in_all, 3),
        "share of the bound in trouble": round(paces.rough, 3),
    }
    return Outcome(figures=figures, broken={name: what for name, what in broken.items() if what})


def most_at_once(ledger: Ledger) -> int:
    """Return how many tasks there were at most at the same time."""
    turns = [(task.accepted_at, 1) for task in ledger.tasks]
    turns += [(task.ended_at, -1) for task in ledger.tasks if task.ended_at is not None]
    running = most = 0
    for _, change in sorted(turns):
        running += change
        most = max(most, running)
    return most


def taken(tasks: Sequence[TaskEntry], places: int) -> float:
    """Return which share of the places was taken, from when all first were to the last submit."""
    began = sorted(task.accepted_at for task in tasks)
    first, last = began[min(places, len(began)) - 1], began[-1]
    spans = (
        min(task.ended_at or last, last) - max(task.accepted_at, first)
        for task in tasks
        if (task.ended_at or last) > first
    )
    return sum(spans) / (places * (last - first)) if last > first else 0.0


def by_day(ledger: Ledger) -> dict[str, Decimal]:
    """Return what was charged on each day of this machine's time zone."""
    days: dict[str, Decimal] = {}
    for task in ledger.tasks:
        day = f"{datetime.fromtimestamp(task.accepted_at).astimezone():%F}"
        days[day] = days.get(day, task.charge * 0) + task.charge
    return days


def takeovers(listed: Sequence[Takeover]) -> dict[str, str]:
    """Return of each kind how many there were, and how long they took, in seconds."""
    kinds: defaultdict[str, list[float]] = defaultdict(list)
    for each in listed:
        kinds[each.what].append(float("inf") if each.seconds is None else each.seconds)
    return {
        what: f"{len(took)}, {statistics.median(took):.1f} s, at most {max(took):.1f} s"
        for what, took in kinds.items()
    }


def _lost(house: House, jobs: Sequence[Job], pictures: int) -> Iterator[str]:
    """Yield the pictures that have neither a whole output nor a doubt that a person is told of."""
    told = {(each.watch, each.source) for each in jobs if each.state == "in_doubt"}
    for number in range(pictures):
        source = house.source(number)
        watch = source.parent.name.removesuffix("-in")
        if (watch, source.name) not in told and not _is_whole(house.output(number)):
            yield f"{watch}/{source.name}"


def _is_whole(path: Path) -> bool:
    try:
        with Image.open(path) as image:
            image.load()
    except (OSError, SyntaxError):
        return False
    return True


def _mixed_up(house: House, ledger: Ledger, pictures: int) -> Iterator[str]:
    """Yield the outputs whose note names a task of another picture, or none."""
    inputs = {task.task_id: task.input_sha256[0] for task in ledger.tasks}
    for number in range(pictures):
        output = house.output(number)
        if output.exists():
            named = {each.decode() for each in _TASK.findall(output.read_bytes())}
            own = hashlib.sha256(house.source(number).read_bytes()).hexdigest()
            if {inputs.get(each) for each in named & inputs.keys()} != {own}:
                yield output.name
