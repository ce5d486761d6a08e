"""What is to be expected of a source that was previewed: new and paid, or not, and why not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from hotfolder import config
from hotfolder.domain.chance import as_wanted
from hotfolder.domain.jobs import Plan
from hotfolder.domain.materials import Material, Origin, of_origin
from hotfolder.domain.states import State
from hotfolder.journal import acceptance, identities
from hotfolder.journal.drafts import Draft, SettledSet
from hotfolder.journal.rows import encode_plan, existing_job
from hotfolder.journal.session import Session
from hotfolder.planning.preview import Preview


class Outlook(StrEnum):
    """What would become of an edit; only what is new is paid for."""

    NEW = "new"
    REUSED = "reused"
    DONE = "done"
    UNDER_WAY = "under_way"
    UNASKED = "unasked"
    FAILED = "failed"
    WAITS = "waits"
    IMPOSSIBLE = "impossible"
    SKIPPED = "skipped"


_BY_STATE = {
    State.DONE: Outlook.DONE,
    State.FAILED: Outlook.FAILED,
    State.IN_DOUBT: Outlook.WAITS,
    State.CANCELLED: Outlook.SKIPPED,
}


@dataclass(frozen=True, slots=True)
class Expected:
    """One edit that a source would get, or (without a draft) that it gets none."""

    preview: Preview
    draft: Draft | None
    outlook: Outlook

    @property
    def price(self) -> Decimal | None:
        """What it is expected to cost; None = nobody knows."""
        if self.outlook is not Outlook.NEW or self.draft is None:
            return Decimal(0)
        return self.draft.whole_price


class Expecting:
    """Tells what is new of previews, each told once; `session` None = there is no journal yet."""

    def __init__(self, session: Session | None) -> None:
        self._session = session
        self._numbers = (
            {row["name"]: row["id"] for row in session.rows("watches")} if session else {}
        )
        self._paid: set[tuple[str, str]] = set()

    def expected(self, watch: config.Watch, previews: Iterable[Preview]) -> list[Expected]:
        """Return what is to be expected of sources of a watch, in their order."""
        return [each for preview in previews for each in self._of(watch, preview)]

    def _of(self, watch: config.Watch, preview: Preview) -> list[Expected]:
        if preview.reason is not None or preview.found is None:
            return [Expected(preview, None, Outlook.SKIPPED)]
        return [
            Expected(preview, draft, self._outlook(watch, preview.found, draft))
            for draft in preview.drafts
        ]

    def _outlook(self, watch: config.Watch, found: SettledSet, draft: Draft) -> Outlook:
        known = self._known(watch, found, draft)
        if draft.failure is not None and known in (None, Outlook.UNDER_WAY, Outlook.FAILED):
            return Outlook.WAITS if draft.waits_for else Outlook.IMPOSSIBLE
        if known is not None:
            return known
        references = of_origin(draft.materials, Origin.REFERENCE)
        known_by = [(each.parameter, self._identity(each)) for each in references]
        work = (found.first.content_hash, _work(draft.plan, known_by))
        is_paid = work in self._paid or self._is_done_elsewhere(*work)
        self._paid.add(work)
        return Outlook.REUSED if is_paid and watch.duplicates == "reuse" else Outlook.NEW

    def _known(self, watch: config.Watch, found: SettledSet, draft: Draft) -> Outlook | None:
        """Return what the journal knows of an edit of this very picture, None = nothing."""
        number = self._numbers.get(watch.name)
        if self._session is None or number is None:
            return None
        rule = draft.plan.rule if watch.rules == "all" else None
        members = tuple(replace(each, watch=number) for each in found.members)
        numbered = replace(found, members=members)
        newest = acceptance.newest_state(self._session, numbered, draft, rule)
        if newest is None and not draft.row:
            is_unasked = acceptance.is_beside_sent(self._session, numbered, draft.slot, rule)
            return Outlook.UNASKED if is_unasked else None
        if newest is None:
            return None
        return _BY_STATE.get(newest, Outlook.UNDER_WAY)

    def _is_done_elsewhere(self, content_hash: str, work: str) -> bool:
        if self._session is None:
            return False
        rows = self._session.rows("done_of_content", content_hash=content_hash)
        jobs = (existing_job(self._session, row["id"]) for row in rows)
        return any(_work(job.plan, _known_by(job.materials)) == work for job in jobs)

    def _identity(self, reference: Material) -> str:
        if self._session is None:
            return reference.content_hash
        return identities.of_reference(self._session, reference)


def _known_by(materials: Iterable[Material]) -> list[tuple[str, str]]:
    references = of_origin(materials, Origin.REFERENCE)
    return [(each.parameter, each.identity) for each in references]


def _work(plan: Plan, references: Iterable[tuple[str, str]]) -> str:
    """Return what is paid for beside the source: the same whatever rule and output are called.

    Of references it is where they go, and by what their images are known.
    """
    wanted = encode_plan(replace(as_wanted(plan), rule="", stem="", line=None, review=False))
    return "\n".join([wanted, *(f"{key} {identity}" for key, identity in references)])
