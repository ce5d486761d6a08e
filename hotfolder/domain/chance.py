"""Parameters left to chance: drawn once for each job, and kept for as long as the job lives.

What was drawn stands in the job's plan, so that whatever is sent again is the same. A draft is not
drawn yet: it says `RANDOM`. Whether two plans want the same is asked of them as they were wanted.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hotfolder.domain.jobs import Plan

RANDOM: Final = "random"


def draw(plan: Plan, lot: str) -> Plan:
    """Return a plan with a number for each parameter that is left to chance and has none yet.

    `lot` is a text that no other job has: the same one draws the same numbers.
    """
    numbers = {
        key: _number(f"{lot}\n{key}", *limits)
        for key, limits in plan.drawn.items()
        if plan.params.get(key) == RANDOM
    }
    return replace(plan, params=plan.params | numbers) if numbers else plan


def drawn_as(plan: Plan, other: Plan) -> Plan:
    """Return a plan with what another has drawn for the same parameters."""
    both = plan.drawn.keys() & other.drawn.keys() & other.params.keys()
    numbers = {key: other.params[key] for key in both}
    return replace(plan, params=plan.params | numbers) if numbers else plan


def undrawn(plan: Plan) -> Plan:
    """Return a plan as it was before anything was drawn for it."""
    if not plan.drawn:
        return plan
    return replace(plan, params=plan.params | dict.fromkeys(plan.drawn, RANDOM))


def as_wanted(plan: Plan) -> Plan:
    """Return a plan with nothing of what was drawn, or of between which numbers it is."""
    return replace(undrawn(plan), drawn={})


def _number(lot: str, least: int, most: int) -> int:
    drawn = int.from_bytes(hashlib.sha256(lot.encode("utf-8", "surrogateescape")).digest()[:16])
    return least + drawn % (most - least + 1)
