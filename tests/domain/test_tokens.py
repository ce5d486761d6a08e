"""Tokens that prove by themselves that they are ours."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hotfolder.domain.tokens import NONCE_BYTES, is_ours, sealed

NONCES = st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES)
KEYS = st.binary(min_size=32, max_size=32)


@given(nonce=NONCES, key=KEYS)
def test_a_sealed_token_is_ours(nonce: bytes, key: bytes) -> None:
    """It stands in an address as it is, and is known again by the key alone."""
    token = sealed(nonce, key)
    assert is_ours(token, key)
    assert all(each.isalnum() or each in "-_" for each in token)


@given(nonce=NONCES, key=KEYS, other=KEYS)
def test_a_token_of_another_key_is_not(nonce: bytes, key: bytes, other: bytes) -> None:
    """Another journal's token is a stranger's."""
    assert is_ours(sealed(nonce, key), other) == (key == other)


@given(text=st.text(max_size=60), key=KEYS)
def test_no_other_text_is_ours(text: str, key: bytes) -> None:
    """Whatever stands in an address, it is judged without an error."""
    assert not is_ours(text, key)
