"""A clock that was set back: what lies in the future for that reason keeps nobody waiting."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from hotfolder.domain.failures import NO_MONEY
from hotfolder.domain.states import State
from hotfolder.journal import doubts, holds

if TYPE_CHECKING:
    from tests.builders import Desk

DAY_S = 86_400.0
PATIENCE = timedelta(minutes=10)


def test_a_trial_in_vain_puts_the_next_one_off_all_the_same(desk: Desk) -> None:
    """Else one trial would follow the other without a pause until the clock is there again."""
    desk.journal.run_blocking(holds.hold, holds.ACCOUNT, NO_MONEY)
    desk.clock.forward(-DAY_S)
    desk.journal.run_blocking(holds.hold, holds.ACCOUNT, NO_MONEY)
    (found,) = desk.journal.run_blocking(holds.holds)
    assert found.next_trial is not None
    assert timedelta() < found.next_trial - desk.clock() <= timedelta(seconds=60)


def resent(desk: Desk) -> list[int]:
    """Send again what may be."""
    allowance = doubts.Allowance(up_to=Decimal(1), silent_since=desk.clock() - PATIENCE)
    return [job.id for job in desk.journal.run_blocking(doubts.resend, allowance)]


def test_a_doubt_is_not_young_for_a_day(desk: Desk) -> None:
    """It is sent again as if it were old; whoever asks has listened for long enough."""
    job = desk.bring_to(State.IN_DOUBT)
    desk.clock.forward(60)
    assert resent(desk) == []
    desk.clock.forward(-DAY_S)
    assert resent(desk) == [job.id]
