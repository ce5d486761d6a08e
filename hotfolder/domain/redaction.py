"""The one redactor: takes out of a text what nobody may read, before it is written anywhere.

What it knows by its form: the credentials behind `Bearer`, the query string of a link (the links of
the service are signed in it) and the password in an address. What it has to be told: the API key
and other secrets that look like any word. A callback's token is known by its seal.

What came from the service is redacted where it is heard, for what it says goes to many places:
the journal, its copies, notes in users' folders, notices. Log, journal and errors are redacted once
more where they are written, whatever the source.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote, urlsplit

from hotfolder.domain import tokens

GONE: Final = "[removed]"
SHORTEST_SECRET: Final = 6  # a shorter one is part of many a word

_BEARER: Final = re.compile(
    r"\b(bearer|basic)((?:\s|%20|\+|\\u0020)+)[\w.~+/=%-]{8,}", re.IGNORECASE
)
_NAMED: Final = re.compile(r"(?i)\b((?:api_?)?key[\"']?\s*[:=]\s*[\"']?)[\w.~+/-]{16,}")
# All of a link in one match, whatever is in it: looking for the "?" from each of many beginnings
# would take the square of their number.
_LINK: Final = re.compile(r"\bhttps?:(?:\\?/){2}[^\s\"'<>\x1b]*", re.IGNORECASE)
_PASSWORD: Final = re.compile(r"(\b[a-z][a-z0-9+.-]{0,20}://)[^\s/?#\"'@]{1,200}@", re.IGNORECASE)
_TOKEN: Final = re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])", re.ASCII)


class Redactor:
    """Redacts texts. It learns more while the program runs: a mended key, a receiver's address."""

    def __init__(self) -> None:
        self._secrets: dict[str, re.Pattern[str]] = {}
        self._seals: set[bytes] = set()

    def learn(self, secret: str) -> None:
        """Take a secret out of everything from now on, however it is spelt in JSON or a link."""
        if len(secret) >= SHORTEST_SECRET:
            self._secrets[secret] = re.compile("".join(map(_spellings, secret)), re.IGNORECASE)

    def learn_address(self, address: str) -> None:
        """Take out an address that a receiver is reached by, and its secret words."""
        parts = urlsplit(address)
        user, password = parts.username or "", parts.password or ""
        for each in (address, user, password, unquote(password)):
            self.learn(each)

    def learn_seal(self, key: bytes) -> None:
        """Take out every token that was sealed with a key."""
        self._seals.add(key)

    def text(self, text: str) -> str:
        """Return a text without anything that nobody may read."""
        return _without_tokens(without_credentials(self.known(text)), self._seals)

    def known(self, text: str) -> str:
        """Return a text without the secrets that were learnt; its links still lead somewhere."""
        for pattern in tuple(self._secrets.values()):
            text = pattern.sub(GONE, text)
        return text

    def body(self, content: bytes) -> bytes:
        """Return what a stranger answered without the secrets that were learnt."""
        text = content.decode("utf-8", "surrogateescape")
        return self.known(text).encode("utf-8", "surrogateescape")


def without_credentials(text: str) -> str:
    """Return a text without what is secret by its form; its links are cut at the "?"."""
    text = _BEARER.sub(rf"\1\2{GONE}", text)
    text = _NAMED.sub(rf"\1{GONE}", text)
    text = _PASSWORD.sub(rf"\1{GONE}@", text)
    return _LINK.sub(_without_query, text)


def _without_query(link: re.Match[str]) -> str:
    address, mark, _ = link[0].partition("?")
    return f"{address}?..." if mark else address


def _without_tokens(text: str, seals: set[bytes]) -> str:
    def judged(found: re.Match[str]) -> str:
        return GONE if any(tokens.is_ours(found[0], each) for each in seals) else found[0]

    return _TOKEN.sub(judged, text) if seals else text


def _spellings(letter: str) -> str:
    """Return a pattern of a letter as it is, as JSON may escape it and as a link may."""
    number = ord(letter)
    others = f"|\\\\u{number:04x}|%{number:02x}" if number < 0x80 else f"|\\\\u{number:04x}"  # noqa: PLR2004  ASCII
    return f"(?:{re.escape(letter)}{others})"
