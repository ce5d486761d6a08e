"""The one redactor: what it takes out by its form, what it was told, and what it leaves alone."""

from __future__ import annotations

import json
import time

import pytest

from hotfolder.domain import tokens
from hotfolder.domain.redaction import Redactor, without_credentials

KEY = "0123456789abcdef0123456789ABCDEF"
SEAL = b"s" * 32
TOKEN = tokens.sealed(b"n" * tokens.NONCE_BYTES, SEAL)


@pytest.fixture
def redactor() -> Redactor:
    """Give a redactor that was told of a key, a seal and a receiver."""
    redactor = Redactor()
    redactor.learn(KEY)
    redactor.learn_seal(SEAL)
    redactor.learn_address("mailto://ann:p%40ssw0rd@mail.test/?to=bob")
    return redactor


@pytest.mark.parametrize(
    "text",
    [
        f"your header was Authorization: Bearer {KEY}",
        f"BEARER  {KEY}",
        f"{{'apiKey': '{KEY}'}}",
        KEY.upper(),
        json.dumps({"echo": "".join(f"\\u{ord(each):04x}" for each in KEY)}).replace("\\\\", "\\"),
        "%30" + KEY[1:],
    ],
)
def test_the_key_is_taken_out_however_it_is_spelt(redactor: Redactor, text: str) -> None:
    """With and without Bearer, in other letters, escaped as JSON and as links may do."""
    for found in (redactor.text(text), redactor.body(text.encode()).decode()):
        assert KEY[1:].lower() not in found.lower()
        assert "\\u0031" not in found


def test_credentials_are_known_by_their_form() -> None:
    """Whoever's they are: behind Bearer, in a field named key, in an address, in a signed link."""
    text = without_credentials(
        f"Bearer {KEY} apiKey=abcdefghijklmnopq smtp://ann:secret@h.test/x "
        "https://r.test/ann.jpg?sign=abc&expires=1 https:\\/\\/r.test\\/b.jpg?sign=def"
    )
    for each in (KEY, "abcdefghijklmnopq", "secret", "sign="):
        assert each not in text
    assert "https://r.test/ann.jpg?..." in text
    assert "@h.test/x" in text


def test_tokens_of_ours_are_taken_out_and_others_left(redactor: Redactor) -> None:
    """A callback's token is known by its seal; a word of the same length stays."""
    other = tokens.sealed(b"n" * tokens.NONCE_BYTES, b"t" * 32)
    assert redactor.text(f"http://h.test/hook/{TOKEN} {other}").split(" ") == [
        "http://h.test/hook/[removed]",
        other,
    ]


def test_a_receivers_password_is_taken_out_in_both_spellings(redactor: Redactor) -> None:
    """As the address has it, and as the mail server is told it."""
    assert redactor.text("refused p%40ssw0rd, then p@ssw0rd") == "refused [removed], then [removed]"


@pytest.mark.parametrize(
    "text",
    [
        "The bearer of the ring",
        "C:\\Users\\ann?.jpg",
        "what is a key? A monkey: 3",
        "https://www.runninghub.ai/openapi/v2",
        "ann (2).jpg",
    ],
)
def test_what_is_no_secret_stays(redactor: Redactor, text: str) -> None:
    """Names and prompts are not torn."""
    assert redactor.text(text) == text


def test_a_body_that_is_no_text_stays_as_it_is(redactor: Redactor) -> None:
    """Broken bytes of a stranger's answer are kept for whoever reads them."""
    assert redactor.body(b"\xff\xfe\x00{") == b"\xff\xfe\x00{"


@pytest.mark.parametrize(
    "part", ["https://", "http:\\/\\/", "bearer ", "a://", "key=", "A" * 43 + " "]
)
def test_a_megabyte_takes_no_square_of_its_time(redactor: Redactor, part: str) -> None:
    """Whatever a service repeats: by the square of its length this would take many minutes."""
    text = part * (1_000_000 // len(part))
    began_s = time.process_time()
    redactor.text(text)
    assert time.process_time() - began_s < 10
