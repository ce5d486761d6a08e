"""Who may see the page: codes, sessions, form tokens, tries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotfolder.page.keys import (
    CODE_LIFE_S,
    KEY_NAME,
    SESSION_LIFE_S,
    Keyring,
    Role,
    Tries,
)

if TYPE_CHECKING:
    from pathlib import Path


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at_s = 1_800_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.at_s


@pytest.fixture
def hand() -> Hand:
    """Give a clock."""
    return Hand()


def test_a_code_signs_in_once(tmp_path: Path, hand: Hand) -> None:
    """A second time, after its life, and from before this start it does not."""
    ring = Keyring(tmp_path, hand)
    code = ring.code(Role.VIEWER)
    assert ring.redeem(code) is Role.VIEWER
    assert ring.redeem(code) is None
    late = ring.code(Role.OWNER)
    unused = ring.code(Role.OWNER)
    hand.at_s += CODE_LIFE_S + 1
    assert ring.redeem(late) is None
    hand.at_s -= CODE_LIFE_S
    assert Keyring(tmp_path, hand).redeem(unused) is None


@pytest.mark.parametrize("place", range(0, 80, 7))
def test_nothing_forged_is_believed(tmp_path: Path, hand: Hand, place: int) -> None:
    """One changed character, another role or another kind of token is refused."""
    ring = Keyring(tmp_path, hand)
    for made, judge in (
        (ring.code(Role.OWNER), ring.redeem),
        (ring.cookie(Role.OWNER), ring.session),
    ):
        at = place % len(made)
        other = "0" if made[at] != "0" else "1"
        assert judge(made[:at] + other + made[at + 1 :]) is None
        assert judge(made.replace("owner", "viewer")) is None
    assert ring.session(ring.code(Role.OWNER)) is None
    assert ring.redeem(ring.cookie(Role.OWNER)) is None


@pytest.mark.parametrize("text", ["", ".", "...", "é", "a.b.c.d", "owner.zz.1." + "0" * 32])
def test_no_nonsense_breaks_it(tmp_path: Path, hand: Hand, text: str) -> None:
    """Whatever stands in a cookie or a link is told from ours."""
    ring = Keyring(tmp_path, hand)
    assert ring.session(text) is None
    assert ring.redeem(text) is None


def test_a_session_outlives_a_restart_and_ends_with_its_key(tmp_path: Path, hand: Hand) -> None:
    """The key is the owner's alone; without its file everybody is signed out at once."""
    ring = Keyring(tmp_path, hand)
    cookie = ring.cookie(Role.OWNER)
    session = Keyring(tmp_path, hand).session(cookie)
    assert session is not None
    assert ring.is_form_token(session, ring.form_token(session))
    assert (tmp_path / KEY_NAME).stat().st_mode & 0o777 == 0o600
    (tmp_path / KEY_NAME).unlink()
    assert ring.session(cookie) is None
    cookie = ring.cookie(Role.OWNER)
    hand.at_s += SESSION_LIFE_S
    assert ring.session(cookie) is None


def test_tries_are_few_in_a_minute(hand: Hand) -> None:
    """The sixth waits until the first is a minute old."""
    tries = Tries(5, hand)
    assert [tries.may_try() for _ in range(6)] == [True] * 5 + [False]
    hand.at_s += 60
    assert tries.may_try()
