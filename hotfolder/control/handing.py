"""Handing a watch over to another machine that shares the journal."""

from __future__ import annotations

import structlog

from hotfolder import config
from hotfolder.control.requests import Handover
from hotfolder.domain.errors import OperatorError
from hotfolder.journal import leases, reading
from hotfolder.journal.journal import Journal

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.control")


async def hand_over(journal: Journal, request: Handover) -> str:
    """Have a watch left by whoever follows it, so that another machine takes it at once.

    Raises OperatorError where there is none to take it.
    """
    if not journal.is_shared:
        raise OperatorError("the journal is this machine's alone: there is nobody to hand over to")
    watch = request.watch
    machine = await journal.run(leases.give_away, watch)
    if machine is None:
        known = {row.name for row in await journal.run(reading.watches)}
        raise OperatorError(f"nobody follows a watch {watch}{config.meant(watch, known)}")
    log.warning("operator.handed_over", watch=watch, machine=machine)
    return (
        f"watch {watch} is left by {machine} once nothing of it is under way there; the next "
        f"machine that has it in its config follows it then"
    )
