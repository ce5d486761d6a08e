"""What making jobs anew would cost, with all that follows them in their chains."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hotfolder.domain import money
from hotfolder.domain.jobs import Job
from hotfolder.journal import staleness
from hotfolder.journal.recalling import first_to_make
from hotfolder.journal.rows import load_job
from hotfolder.journal.session import Session


def cost_of_anew(
    session: Session, jobs: Sequence[int], watch: str | None, *, by_old_plan: bool
) -> str | None:
    """Return in words what making jobs anew would cost, None where there are none.

    Without `jobs` those that are stale are meant, of a `watch` if one is named. With `by_old_plan`
    it is told that today's plan may have another price.
    """
    meant = _meant(session, jobs, watch)
    if not by_old_plan:
        first = [first_to_make(session, each) for each in meant]
        meant = list({each.id: each for each in first}.values())
    return _said(meant, by_old_plan=by_old_plan) if meant else None


def _meant(session: Session, jobs: Sequence[int], watch: str | None) -> list[Job]:
    if jobs:
        found = (load_job(session, each) for each in dict.fromkeys(jobs))
        return [each for each in found if each is not None]
    return [each for each in staleness.done(session) if watch in (None, each.watch)]


def _said(jobs: Sequence[Job], *, by_old_plan: bool) -> str:
    """Return what jobs are expected to cost, in words; what follows in their chains with them."""
    edits = sum(1 + len(each.plan.then) for each in jobs)
    what = "1 edit" if edits == 1 else f"{edits} edits"
    sums: dict[str | None, Decimal | None] = {}
    for each in jobs:
        currency = each.estimate.currency
        whole = each.plan.whole_price(each.estimate.amount, currency)
        sums[currency] = money.total([sums.get(currency, Decimal(0)), whole])
    known = [money.written(each, currency) for currency, each in sums.items() if each is not None]
    price = f"about {' and '.join(known)}" if known else "nobody knows what"
    rest = ", and what nobody knows the price of" if known and None in sums.values() else ""
    was = " at the prices of before" if by_old_plan else ""
    return f"This makes and pays {what} anew: {price}{was}{rest}"
