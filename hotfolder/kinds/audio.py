"""Sounds: MP3, WAV, FLAC and Ogg, walked frame by frame or page by page, without decoding."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cache
from typing import Final

from hotfolder.kinds.kind import EndsEarly, Kind, NotProven, Proven, Traits

_SHORT: Final = "it ends too early: the file is shorter than it states"
_SILENT: Final = "it has no sound in it"
_TOO_MANY: Final = "it is in more parts than any sound"
_MOST_PARTS: Final = 1_000_000

_ID3_BYTES: Final = 10
_MOST_TAGS: Final = 16
_ID3V1_BYTES: Final = 128
_MOST_JUNK_BYTES: Final = 64 * 1024
_LEAST_FRAMES: Final = 2
# Of MPEG 1 layer III, and of MPEG 2 and 2.5: kilobits a second; and by version, samples a second.
_BITRATES: Final = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES: Final = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_MPEG_1: Final = 3
_LAYER_III: Final = 1
_XING_WITHIN_BYTES: Final = 64
_HAS_FRAMES: Final = 1

# Lengths that programs state which write a sound before they know it.
_UNKNOWN_FROM: Final = 0x7FFF_0000
_FORMAT_BYTES: Final = 16

_LONGEST_FLAC_FRAME: Final = 256 * 1024
_MOST_LAST_FRAMES: Final = 64  # that only look like one
_FLAC_STREAMINFO_BYTES: Final = 34
_LAST_BLOCK: Final = 0x80
_OGG_HEADER_BYTES: Final = 27
_VORBIS: Final = b"\x01vorbis"
_OGG_SOUNDS: Final = {
    _VORBIS: "vorbis",
    b"OpusHead": "opus",
    b"\x7fFLAC": "flac",
    b"Speex   ": "speex",
}
_VORBIS_RATE_AT: Final = 12
_OPUS_RATE: Final = 48_000
_WAV_CODECS: Final = {1: "pcm", 3: "pcm", 0xFFFE: "pcm"}


def after_tags(content: bytes) -> int:
    """Return where a sound begins behind the ID3 tags at its head."""
    at = 0
    for _ in range(_MOST_TAGS):
        if content[at : at + 3] != b"ID3" or at + _ID3_BYTES > len(content):
            break
        size = 0
        for each in content[at + 6 : at + _ID3_BYTES]:
            size = size << 7 | each & 0x7F
        has_footer = content[at + 5] & 0x10
        at += _ID3_BYTES + size + (_ID3_BYTES if has_footer else 0)
    return at


def is_mp3(content: bytes, at: int) -> bool:
    """Whether a frame of an MP3 begins somewhere, with another one behind it."""
    size = _mp3_frame(content, at)
    return bool(size) and (at + size >= len(content) or bool(_mp3_frame(content, at + size)))


def frames(content: bytes) -> Callable[[bytes], Proven] | None:
    """Return what looks at a sound that begins with frames or tags, None where it is none."""
    at = after_tags(content)
    if content[at : at + 4] == b"fLaC":
        return lambda whole: flac(whole, at)
    return mp3 if at or is_mp3(content, 0) else None


def mp3(content: bytes) -> Proven:
    """Walk an MP3's frames; raises NotProven."""
    first = at = _next_frame(content, after_tags(content))
    frames = 0
    duration_s = 0.0
    for _ in range(_MOST_PARTS):
        size = _mp3_frame(content, at)
        if not size:
            found = _next_frame(content, at)
            if found == len(content):
                break
            at = found
            continue
        if at + size > len(content):
            raise EndsEarly(_SHORT)
        frames += 1
        duration_s += _mp3_frame_s(content, at)
        at += size
    else:
        raise NotProven(_TOO_MANY)
    if frames < _LEAST_FRAMES:
        raise NotProven(_SILENT)
    if _stated_frames(content, first) > frames:
        raise EndsEarly(_SHORT)
    return _sound("mp3", duration_s, "mp3")


def _sound(ending: str, duration_s: float | None, codec: str) -> Proven:
    traits = Traits(duration_s=duration_s, has_sound=True, codec=codec)
    return Proven(Kind.AUDIO, ending, traits)


def _mp3_frame_s(content: bytes, at: int) -> float:
    """Return how long a frame lasts that begins there."""
    version, rate = content[at + 1] >> 3 & 3, content[at + 2] >> 2 & 3
    return (1152 if version == _MPEG_1 else 576) / _RATES[version][rate]


def _mp3_frame(content: bytes, at: int) -> int:
    """Return the bytes of the frame that begins somewhere, 0 where none does."""
    head = bytes(content[at : at + 4])
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:  # noqa: PLR2004  the sync word
        return 0
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bitrate, rate, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    is_known = version in _RATES and layer == _LAYER_III
    if not is_known or not 0 < bitrate < len(_BITRATES[True]) or rate >= len(_RATES[version]):
        return 0
    samples = 144 if version == _MPEG_1 else 72
    kilobits = _BITRATES[version == _MPEG_1][bitrate]
    return samples * kilobits * 1000 // _RATES[version][rate] + padding


def _next_frame(content: bytes, at: int) -> int:
    """Return where frames go on behind what is none, the end where they do not.

    Some services join sounds, tags and all; a tag at the very end is no frame.
    """
    end = min(len(content), at + _MOST_JUNK_BYTES)
    found = content.find(b"\xff", at, end)
    while found >= 0:
        if is_mp3(content, found):
            return found
        found = content.find(b"\xff", found + 1, end)
    return len(content)


def _stated_frames(content: bytes, first: int) -> int:
    """Return how many frames an MP3 says it has, 0 where it does not."""
    head = bytes(content[first : first + _XING_WITHIN_BYTES])
    at = max(head.find(b"Xing"), head.find(b"Info"))
    if at < 0 or len(head) < at + 12:
        return 0
    flags, frames = struct.unpack_from(">II", head, at + 4)
    return int(frames) if flags & _HAS_FRAMES else 0


def wav(content: bytes) -> Proven:
    """Walk a WAV's chunks to its samples; raises NotProven."""
    at, bytes_a_second, stated_long, codec = 12, 0, 0, ""
    for _ in range(_MOST_PARTS):
        if at + 8 > len(content):
            raise EndsEarly(_SHORT) if _lacks_chunks(content) else NotProven(_SILENT)
        kind, (size,) = bytes(content[at : at + 4]), struct.unpack_from("<I", content, at + 4)
        at += 8
        if kind == b"data":
            break
        if at + size > len(content):
            raise EndsEarly(_SHORT)
        if kind == b"ds64" and size >= _FORMAT_BYTES:
            (stated_long,) = struct.unpack_from("<Q", content, at + 8)
        if kind == b"fmt " and size >= _FORMAT_BYTES:
            (bytes_a_second,) = struct.unpack_from("<I", content, at + 8)
            (form,) = struct.unpack_from("<H", content, at)
            codec = _WAV_CODECS.get(form, "other")
        at += size + size % 2
    else:
        raise NotProven(_TOO_MANY)
    rest = len(content) - at
    size = stated_long or size
    is_known = stated_long or 0 < size < _UNKNOWN_FROM
    if is_known and size > rest:
        raise EndsEarly(_SHORT)
    if not bytes_a_second or not rest:
        raise NotProven(_SILENT)
    return _sound("wav", (size if is_known else rest) / bytes_a_second, codec)


def _lacks_chunks(content: bytes) -> bool:
    """Whether a RIFF states more than there is of it, or that it is still being written."""
    (stated,) = struct.unpack_from("<I", content, 4)
    return not stated or stated + 8 > len(content)


def flac(content: bytes, at: int) -> Proven:
    """Look at a FLAC's description and at its last frame; raises NotProven."""
    at += 4
    head = bytes(content[at + 4 : at + 4 + _FLAC_STREAMINFO_BYTES])
    if len(head) < _FLAC_STREAMINFO_BYTES or content[at] & 0x7F:
        raise EndsEarly(_SHORT)
    for _ in range(_MOST_PARTS):
        if at + 4 > len(content):
            raise EndsEarly(_SHORT)
        is_last = content[at] & _LAST_BLOCK
        at += 4 + int.from_bytes(content[at + 1 : at + 4], "big")
        if is_last:
            break
    block = int.from_bytes(head[2:4], "big")
    samples = int.from_bytes(head[13:18], "big") & 0xF_FFFF_FFFF
    if at >= len(content):
        raise EndsEarly(_SHORT)
    _require_last_frame(content, at, block, samples)
    rate = int.from_bytes(head[10:13], "big") >> 4
    return _sound("flac", samples / rate if samples and rate else None, "flac")


def _require_last_frame(content: bytes, first: int, block: int, samples: int) -> None:
    """Find the frame that the file ends with, whole, and with the last of the stated samples."""
    end = len(content)
    if content[end - _ID3V1_BYTES : end - _ID3V1_BYTES + 3] == b"TAG":
        end -= _ID3V1_BYTES
    tail = bytes(content[max(first, end - _LONGEST_FLAC_FRAME) : end])
    at, left = tail.rfind(b"\xff"), _MOST_LAST_FRAMES
    while at >= 0 and left:
        last = _flac_frame(tail, at, block)
        if last is not None:
            left -= 1
            if _crc(tail[at:], 16, 0x8005) == 0:
                if last < samples:
                    break
                return
        at = tail.rfind(b"\xff", 0, at)
    raise EndsEarly(_SHORT)


def _flac_frame(content: bytes, at: int, block: int) -> int | None:
    """Return how many samples the sound has up to the end of a frame, None where none begins."""
    head = content[at : at + 16]
    if len(head) < 16 or head[1] & 0xFE != 0xF8:  # noqa: PLR2004  a header and the sync word
        return None
    coded = max(1, 8 - (head[4] ^ 0xFF).bit_length())
    size_code, rate_code = head[2] >> 4, head[2] & 0xF
    size_bytes = {6: 1, 7: 2}.get(size_code, 0)
    rate_bytes = {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    checked = 4 + coded + size_bytes + rate_bytes
    if coded > 7 or _crc(head[: checked + 1], 8, 0x07):  # noqa: PLR2004  of its number's bytes
        return None
    number = head[4] & (0xFF >> (coded + 1)) if coded > 1 else head[4]
    for each in head[5 : 4 + coded]:
        number = number << 6 | each & 0x3F
    samples = _block_samples(size_code, head[4 + coded : 4 + coded + size_bytes])
    is_variable = head[1] & 1
    return (number if is_variable else number * block) + samples


def _block_samples(code: int, stated: bytes) -> int:
    if stated:
        return int.from_bytes(stated, "big") + 1
    if code == 1:
        return 192
    return 576 << code - 2 if code < 6 else 256 << code - 8  # noqa: PLR2004  the format's table


def _crc(content: bytes, bits: int, polynomial: int) -> int:
    """Return a checksum; over what ends with its own it is 0."""
    table, mask, crc = _crc_table(bits, polynomial), (1 << bits) - 1, 0
    for each in content:
        crc = (crc << 8 & mask) ^ table[crc >> bits - 8 ^ each]
    return crc


@cache
def _crc_table(bits: int, polynomial: int) -> tuple[int, ...]:
    top, mask, table = 1 << bits - 1, (1 << bits) - 1, []
    for byte in range(256):
        crc = byte << bits - 8
        for _ in range(8):
            crc = (crc << 1 ^ polynomial if crc & top else crc << 1) & mask
        table.append(crc)
    return tuple(table)


def ogg(content: bytes) -> Proven:
    """Walk an Ogg's pages; raises NotProven."""
    at, last, codec, rate = 0, 0, b"", 0
    for _ in range(_MOST_PARTS):
        if at == len(content):
            break
        head = bytes(content[at : at + _OGG_HEADER_BYTES])
        if len(head) < _OGG_HEADER_BYTES or head[:4] != b"OggS":
            raise EndsEarly(_SHORT)
        lengths = bytes(content[at + _OGG_HEADER_BYTES : at + _OGG_HEADER_BYTES + head[26]])
        begin = at + _OGG_HEADER_BYTES + head[26]
        at = begin + sum(lengths)
        if len(lengths) < head[26] or at > len(content):
            raise EndsEarly(_SHORT)
        packet = bytes(content[begin : begin + 16])
        found = next((each for each in _OGG_SOUNDS if packet.startswith(each)), None)
        if found is not None and not codec:
            codec, rate = found, _ogg_rate(packet)
        (place,) = struct.unpack_from("<q", head, 6)
        last = max(last, place)
    else:
        raise NotProven(_TOO_MANY)
    if not codec or last <= 0:
        raise NotProven(_SILENT)
    return _sound("ogg", last / rate if rate else None, _OGG_SOUNDS[codec])


def _ogg_rate(packet: bytes) -> int:
    """Return in how many units a second a sound's places are counted, 0 where that is not known."""
    if packet.startswith(_VORBIS) and len(packet) >= _VORBIS_RATE_AT + 4:
        return int(struct.unpack_from("<I", packet, _VORBIS_RATE_AT)[0])
    return _OPUS_RATE if packet.startswith(b"OpusHead") else 0
