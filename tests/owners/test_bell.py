"""The bell: who listens hears, and nothing is heard twice."""

from __future__ import annotations

from hotfolder.bell import Bell, Ring

LIMIT_S = 60.0


async def test_only_who_listens_for_a_ring_hears_it() -> None:
    """A ring reaches every ear that listens for it, and no other."""
    bell = Bell()
    both, one = bell.ear(Ring.DUE, Ring.HELD), bell.ear(Ring.HELD)
    bell.ring(Ring.DUE)
    await both.hear(LIMIT_S)
    assert (both.rung, one.rung) == (True, False)


async def test_a_ring_is_heard_until_it_is_forgotten() -> None:
    """What rang before somebody waits is heard at once, and once."""
    bell = Bell()
    ear = bell.ear(Ring.DONE)
    bell.ring(Ring.DONE)
    bell.ring(Ring.DONE)
    await ear.hear()
    ear.forget()
    await ear.hear(0.0)
    assert not ear.rung
