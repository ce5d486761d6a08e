"""What an output is called: pure text, nothing here touches a disk.

A name must live on every share a studio may have, so it is made for the strictest: one
that ignores case and composition, refuses what Windows refuses, and takes 255 bytes.
Which name is still free the journal knows; this module only says which to try, and under
which key two names are the same.

Stems given out by `candidates`, `result_stem` and `numbered` are already clean and leave
room for an extension, so that `fit` never again cuts off what tells two of them apart.
"""

from __future__ import annotations

import itertools
import unicodedata
from typing import TYPE_CHECKING, Final

from hotfolder.domain import keys

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME_BYTES: Final = 255
REJECTED_FOLDER: Final = "_rejected"  # below the output, for what a person rejected
RAW_FOLDER: Final = "_raw"  # below the output, for results as the service made them
STEM_BYTES: Final = 239  # leaves 16 for the dot and the extension

_FORBIDDEN = frozenset('<>:"\\|?*/')
# They let a name be shown otherwise than it is: "gpj.exe" for "exe.jpg". Joiners stay, as emoji and
# Persian need them.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_UNPRINTABLE = frozenset({"Cc", "Zl", "Zp"})
_NUMBER = "\ue000"  # stands for a number that is not known yet
_BROKEN_BYTE = 0xDC00  # os.fsdecode turns a broken byte 0xff into U+DCFF
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{port}{digit}" for port in ("com", "lpt") for digit in "123456789¹²³"}
)


def stem_key(folder: str, stem: str) -> str:
    """Give the key under which an output name is reserved.

    folder is relative to the output root ("" for the root itself). Two paths have the
    same key if a case-insensitive or normalising share would take them for one. The key
    holds no broken bytes, so it can be stored as text. (semantics, "Output names")
    """
    path = f"{folder}/{stem}" if folder else stem
    shown = "".join(_shown(character) for character in path)
    return keys.folded(shown)


def candidates(stem: str, source_extension: str) -> Iterator[str]:
    """Yield the stems to try for an output, without end.

    First the source's own stem, then its twin form with the source's extension (with or
    without a dot) in lower case, then numbers: ann, ann-png, ann (2), ann (3), …
    """
    yield _joined(stem, "")
    extension = source_extension.removeprefix(".").lower()
    if extension:
        yield _joined(stem, f"-{_ends_replaced(_cut(_clean(extension), STEM_BYTES // 2))}")
    for number in itertools.count(2):
        yield numbered(stem, number)


def result_stem(stem: str, position: int) -> str:
    """Give the stem for a job's result at a position from 1: ann, ann-2, and so on."""
    return _joined(stem, "" if position == 1 else f"-{position}")


def row_stem(stem: str) -> str:
    """Give the wanted stem for one of many rows, with a place for its number."""
    return _joined(stem, f"-{_NUMBER}")


def numbered_row(stem: str, number: int) -> str:
    """Give a stem with the number of its row where that is to stand: prompts-001, prompts-012-2."""
    return stem.replace(_NUMBER, f"{number:03}")


def variant_stem(stem: str, number: int) -> str:
    """Give the wanted stem for one of several of the same edit, numbered from 1: ann-1, ann-2."""
    return _joined(stem, f"-{number}")


def step_stem(stem: str, number: int) -> str:
    """Give the stem for what a job of a chain hands on, numbered from 1: ann.1, ann.2."""
    return _joined(stem, f".{number}")


def numbered(stem: str, number: int) -> str:
    """Give the stem to try where a foreign file has the name: ann (2), and so on."""
    return _joined(stem, f" ({number})")


def fit(stem: str, extension: str) -> str:
    """Give the file name for a stem and an extension ("" for none).

    What some share cannot take is replaced by "_", a broken byte 0xff by "_xff"; the stem
    is shortened at a character so that the whole is at most 255 bytes.
    """
    extension = extension.removeprefix(".")
    tail = f".{_ends_replaced(_cut(_clean(extension), NAME_BYTES // 2))}" if extension else ""
    room = NAME_BYTES - len(tail.encode())
    return _ends_replaced(_cut(_clean(stem), room)) + tail


def fit_folder(folder: str) -> str:
    """Give the output folder for a source's folder, both relative, "" for the root itself.

    Each part is made fit as a name is: a part that some share refuses would stop all its outputs.
    """
    return "/".join(fit(part, "") for part in folder.split("/")) if folder else ""


def rejected_folder(folder: str) -> str:
    """Give the folder for rejected results that would have gone to a folder, both relative."""
    return f"{REJECTED_FOLDER}/{folder}" if folder else REJECTED_FOLDER


def _joined(stem: str, suffix: str) -> str:
    """Add a suffix to a clean stem, shortened to leave it room."""
    return _ends_replaced(_cut(_clean(stem), STEM_BYTES - len(suffix.encode()))) + suffix


def _clean(stem: str) -> str:
    """Replace what no folder takes, but at the ends only leading dots; never empty."""
    text = "".join(_allowed(character) for character in stem)
    undotted = text.lstrip(".")
    text = "_" * (len(text) - len(undotted)) + undotted
    # Windows sees a device in CON.jpg and in CON.old.jpg.
    if text.partition(".")[0].rstrip(" ").lower() in _RESERVED:
        return f"_{text}"
    return text or "_"


def _allowed(character: str) -> str:
    """Give a character that every share takes in place of this one."""
    if character in _FORBIDDEN or character in _BIDI:
        return "_"
    if unicodedata.category(character) in _UNPRINTABLE:
        return "_"
    return _shown(character)


def _shown(character: str) -> str:
    """Spell out what is no character: a broken byte as _xff, other halves as _ud800."""
    code = ord(character)
    if _BROKEN_BYTE + 0x80 <= code <= _BROKEN_BYTE + 0xFF:
        return f"_x{code - _BROKEN_BYTE:02x}"
    return f"_u{code:04x}" if unicodedata.category(character) == "Cs" else character


def _cut(text: str, limit: int) -> str:
    """Shorten text to a limit in bytes, between two characters."""
    return text.encode()[:limit].decode(errors="ignore")


def _ends_replaced(stem: str) -> str:
    """Replace trailing dots and spaces, which Windows drops."""
    kept = stem.rstrip(". ")
    return kept + "_" * (len(stem) - len(kept))


def raw_file(spool_file: str) -> str:
    """Name the file beside a spooled result that holds it as the service made it."""
    return f"{spool_file}-raw"


def companion_file(spool_file: str) -> str:
    """Name the file beside a spooled result that is published beside it."""
    return f"{spool_file}-xmp"


def companion(output: str) -> str:
    """Name the XMP file that goes beside an output."""
    folder, slash, name = output.rpartition("/")
    return f"{folder}{slash}{name.rpartition('.')[0] or name}.xmp"


def untouched(output: str, extension: str) -> str:
    """Name the file in the output folder that holds a result as the service made it."""
    stem = output.rpartition(".")[0] or output
    return f"{RAW_FOLDER}/{stem}.{extension}"


def unusable_file(spool_file: str) -> str:
    """Name the file in the spool that holds what came in place of a result."""
    return f"{spool_file}-unusable"


def keepsake_file(job: int) -> str:
    """Name the file in the spool that holds what is kept of a job's source."""
    return f"source-{job}"


def ingredient_file(job: int) -> str:
    """Name the file in the spool that holds what a manifest is to tell of a job's source."""
    return f"ingredient-{job}"


def result_file(submit: int, position: int) -> str:
    """Name the file in the spool that holds a result of a submit."""
    return f"{submit}-{position}"
