"""Files of many texts: which of their rows are new, and whether they are too many at once.

A file may have many thousand rows. They are planned and entered some at a time, so that neither the
watch's thread nor the journal's is kept from other work for long.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from hotfolder import config
from hotfolder.domain.jobs import Job
from hotfolder.journal import lines as rows
from hotfolder.journal.backlog import Standing
from hotfolder.journal.drafts import Draft, SettledSet
from hotfolder.journal.journal import Journal
from hotfolder.planning import examine, lines, rules
from hotfolder.runninghub import estimates

# So many rows are planned together, in a fraction of the time after which a share is said to hang;
# and so many jobs entered.
PLANNED_TOGETHER: Final = 50
ENTERED_TOGETHER: Final = 50

SENT_WHOLE: Final = (
    "it was sent as one text already; its lines are made when it changes, or by retry --changed"
)


@dataclass(frozen=True, slots=True)
class Many:
    """A file with the numbers of its rows, and which of them are to be planned and entered.

    `jobs` are what all of its jobs are known by, `known` which of these there are, and `sent` those
    that were sent.
    """

    found: SettledSet
    numbers: Mapping[str, int]
    listed: tuple[str, ...]
    jobs: frozenset[str]
    known: frozenset[str]
    sent: frozenset[str]


@dataclass(frozen=True, slots=True)
class TooMany:
    """A file whose new rows are held until a person lets them go."""

    found: SettledSet
    count: int
    estimate: Decimal | None


# Plans some rows of a file, on its share; None = it is no longer the same.
Plan = Callable[[Sequence[str]], Awaitable[examine.Wanted | None]]


def judged(
    journal: Journal, watch: config.Watch, verdict: examine.Verdict, limit: int
) -> examine.Verdict | Many | TooMany:
    """Give the rows of a file their numbers, and say which of them are to be entered; blocks.

    `limit` says how many new jobs are let go together; 0 = any number.
    """
    if not isinstance(verdict, examine.Wanted) or verdict.sheet is None or verdict.drafts:
        return verdict
    path = verdict.found.first.path
    jobs = lines.jobs_of(watch, path, verdict.sheet.by_digest)
    wanted = frozenset(each for listed in jobs.values() for each in listed)
    known = journal.run_blocking(rows.known, verdict.found, wanted)
    if known.is_sent_whole and not known.numbers:
        return examine.Unwanted(verdict.found, SENT_WHOLE)
    new = sum(
        each not in known.numbers
        for row, listed in jobs.items()
        if row not in known.sent
        for each in listed
    )
    if limit and new > limit and not known.is_released:
        return TooMany(verdict.found, new, _estimate(watch, path, new))
    settled = known.is_as_before
    listed = tuple(row for row, its in jobs.items() if not (settled and known.sent.issuperset(its)))
    return Many(
        verdict.found,
        lines.numbers(jobs, known.numbers, known.taken),
        listed,
        wanted,
        frozenset(known.numbers),
        known.sent,
    )


def _estimate(watch: config.Watch, path: str, count: int) -> Decimal | None:
    """Return what so many rows would cost at the price of one, None where that is not known."""
    rule = next(each for each in rules.matching(watch, path) if each.lines)
    model = watch.catalog.find(rule.model)
    amount = estimates.estimate(model, rule.params).amount if model else None
    return None if amount is None else amount * count


async def accept(
    journal: Journal, many: Many, plan: Plan, output: str, *, per_rule: bool
) -> list[Job] | None:
    """Enter the rows of a file, and return the jobs that are new; None = the file has changed.

    Of a row that was sent, no further variant is entered by itself.
    """
    jobs: list[Job] = []
    portions = list(_portions(many.listed, PLANNED_TOGETHER)) or [()]
    for at, portion in enumerate(portions, start=1):
        planned = await plan(portion)
        if planned is None or planned.found.first.sighting != many.found.first.sighting:
            return None
        drafts = [
            each
            for each in planned.drafts
            if each.digest in many.known or each.row not in many.sent
        ]
        entered = list(_of_whole_rows(drafts)) or [()]
        for number, some in enumerate(entered, start=1):
            jobs += await journal.run(
                rows.accept,
                many.found,
                some,
                output,
                per_rule=per_rule,
                all_rows=many.jobs if at == number == 1 else None,
                is_last=at == len(portions) and number == len(entered),
            )
    return jobs


async def hold(journal: Journal, held: TooMany) -> None:
    """Hold a file back until it is released."""
    settled = held.found.first
    sighting = settled.sighting
    seen = (sighting.size, str(sighting.mtime_ns), str(sighting.inode), "")
    standing = Standing(settled.path, seen, held.estimate)
    await journal.run(rows.hold, settled.watch, standing, held.count)


def _portions(listed: Sequence[str], most: int) -> Iterator[tuple[str, ...]]:
    yield from (tuple(listed[at : at + most]) for at in range(0, len(listed), most))


def _of_whole_rows(drafts: Sequence[Draft]) -> Iterator[tuple[Draft, ...]]:
    """Yield drafts some at a time, those of one row together: one sent keeps others out."""
    portion: list[Draft] = []
    for each in drafts:
        if len(portion) >= ENTERED_TOGETHER and portion[-1].row != each.row:
            yield tuple(portion)
            portion = []
        portion.append(each)
    if portion:
        yield tuple(portion)
