"""Many jobs from one file: what each row of it is to become, and which number it has.

A row is known by what it says; its number is the one that it had when it was first accepted, and
rows that come later get the next ones. So a line that is moved stays the same job.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from pydantic import ValidationError

from hotfolder import config
from hotfolder.domain import file_failures, names
from hotfolder.domain.failures import Failure
from hotfolder.domain.params import JsonScalar, Params
from hotfolder.domain.templates import template_problem
from hotfolder.journal.drafts import Draft
from hotfolder.kinds import rows
from hotfolder.kinds.rows import Row
from hotfolder.planning import rules, sheets
from hotfolder.planning.said import Sidecar
from hotfolder.planning.sheets import Sheet
from hotfolder.planning.sidecar import Said
from hotfolder.runninghub.catalog import Model, Parameter

_YES: dict[str, bool] = {
    "true": True,
    "yes": True,
    "1": True,
    "false": False,
    "no": False,
    "0": False,
}


def wanted(watch: config.Watch, relative: str) -> bool:
    """Return whether each row of a file is a job, by the rules that take it."""
    return any(rule.lines for rule in rules.matching(watch, relative))


def chosen(sheet: Sheet, only: Collection[str] | None, variants: int) -> Iterable[tuple[str, Row]]:
    """Return the rows with what they are known by; only some, or those of some jobs, if given."""
    if only is None:
        return sheet.by_digest.items()
    found = [(each, sheet.by_digest[each]) for each in only if each in sheet.by_digest]
    if found or not only:
        return found
    numbers = range(1, variants + 1)
    return (
        (digest, row)
        for digest, row in sheet.by_digest.items()
        if variants > 1 and any(sheets.of_variant(digest, each) in only for each in numbers)
    )


def said(said: Said, row: Row, relative: str, model: Model | None) -> Said | Failure:
    """Return what is said for a row besides what it says itself, or why that cannot be."""
    if row.wrong:
        return file_failures.row_wrong(row.number, row.wrong)
    params: Params = {
        key: _typed(model, key, value) for key, value in _columns(row, rows.PARAMS).items()
    }
    template = _template(row)
    problem = template_problem(template) if template else None
    if problem:
        return file_failures.row_wrong(row.number, f"has a name that cannot be one: it {problem}")
    try:
        own = Sidecar(params=params or None, output_name=template)
    except ValidationError:
        return file_failures.row_wrong(row.number, "has a value that cannot be one")
    folder = PurePosixPath(relative).parent
    files = _columns(row, rows.MEDIA).items()
    return replace(said, row=own, media={role: str(folder / path) for role, path in files})


def told(draft: Draft, row: Row) -> Draft:
    """Return a draft that says of which row it speaks, if it waits."""
    if draft.failure is None:
        return draft
    return replace(draft, failure=file_failures.of_row(row.number, draft.failure))


def named(draft: Draft, row: Row) -> Draft:
    """Return a draft with a place for its number in its name, unless the row names it."""
    if rows.NAME in row.fields and not row.wrong:
        return draft
    return replace(draft, plan=replace(draft.plan, stem=names.row_stem(draft.plan.stem)))


def placed(drafts: Iterable[Draft], known_by: str) -> Iterator[Draft]:
    """Yield the drafts of one row as what they are known by."""
    for each in drafts:
        digest = sheets.of_variant(known_by, each.plan.variant)
        yield replace(each, row=known_by, digest=digest)


def jobs_of(watch: config.Watch, relative: str, listed: Iterable[str]) -> dict[str, list[str]]:
    """Return what the jobs of each row of a file are known by."""
    variants = (each.variants for each in rules.matching(watch, relative) if each.lines)
    numbers = range(1, max(variants, default=1) + 1)
    return {row: [sheets.of_variant(row, number) for number in numbers] for row in listed}


def numbers(
    listed: Iterable[str], known: Mapping[str, int], taken: Collection[int]
) -> dict[str, int]:
    """Return the numbers of rows in their order: those that they have, or the next that are free.

    That is where a row stands, unless another has this number or had it when it was sent.
    """
    found: dict[str, int] = {}
    used = set(taken)
    highest = max(used, default=0)
    for at, row in enumerate(listed, start=1):
        number = known.get(row) or (at if at not in used else highest + 1)
        found[row] = number
        used.add(number)
        highest = max(highest, number)
    return found


def numbered(drafts: Iterable[Draft], found: Mapping[str, int]) -> tuple[Draft, ...]:
    """Return drafts with the numbers of their rows; those of whole files as they are."""
    return tuple(_numbered(each, found[each.row]) if each.row else each for each in drafts)


def _numbered(draft: Draft, number: int) -> Draft:
    stem = names.numbered_row(draft.plan.stem, number)
    return replace(draft, slot=number, plan=replace(draft.plan, stem=stem, line=number))


def _columns(row: Row, of: str) -> dict[str, str]:
    """Return what a row says in the columns whose names begin so, by the rest of these."""
    return {key.removeprefix(of): each for key, each in row.fields.items() if key.startswith(of)}


def _template(row: Row) -> str | None:
    name = row.fields.get(rows.NAME)
    if name is None:
        return None
    return f"{name.replace('{', '{{').replace('}', '}}')}.{{ext}}"


def _typed(model: Model | None, key: str, value: str) -> JsonScalar:
    """Return a cell as its parameter wants it; what cannot be so stays a text, and is told."""
    parameter = model.params.get(key) if model else None
    if parameter is None:
        return value
    try:
        return _CONVERTED[parameter.type](parameter, value)
    except (KeyError, ValueError):
        return value


def _option(parameter: Parameter, value: str) -> JsonScalar:
    same = (each for each in parameter.options if str(each).casefold() == value.casefold())
    return next(same, value)


_CONVERTED = {
    "INT": lambda _, value: int(value),
    "FLOAT": lambda _, value: float(value.replace(",", ".")),
    "BOOLEAN": lambda _, value: _YES[value.casefold()],
    "LIST": _option,
}
