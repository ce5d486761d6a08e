"""What a file lists besides its picture, and whether it is there."""

from __future__ import annotations

import struct

import pytest
from PIL import Image

from hotfolder.kinds.picture.inspect import TruncatedPicture, inspect
from tests.pictures import box, cr3, dng, mpo, noise, saved, scene


def _second_at(content: bytes) -> int:
    return content.index(b"\xff\xd8\xff", 4)


def test_a_multi_picture_jpeg_reaches_to_its_last_picture() -> None:
    """Its index says where each picture is; cut after the first or within a later one it lacks."""
    # Pillow states too large a size for a third picture: what stands there whole counts.
    content = mpo(scene(), noise((64, 48)), noise((64, 48), seed=3))
    assert not inspect(content).lacks_parts
    second_at = _second_at(content)
    for cut in (second_at, second_at + 1, second_at + 700, len(content) - 1):
        assert inspect(content[:cut]).lacks_parts


def test_an_index_is_read_in_both_byte_orders_and_without_trust() -> None:
    """A big-endian index counts as well; one that is damaged lists nothing."""
    entries = struct.pack(">IIIHHIIIHH", 0, 100, 0, 0, 0, 0, 5000, 900_000, 0, 0)
    table = struct.pack(">IHHHIII", 8, 1, 0xB002, 7, len(entries), 26, 0)
    index = b"MM\0*" + table + entries
    plain = saved(scene(), "JPEG")
    for content, reaches in ((index, 2 + 8 + 900_000 + 5000), (index[:20], 0), (b"", 0)):
        body = b"MPF\0" + content
        segment = b"\xff\xe2" + struct.pack(">H", len(body) + 2) + body
        assert inspect(plain[:2] + segment + plain[2:]).reach == reaches


def test_the_pages_and_previews_of_a_tiff_count() -> None:
    """A TIFF that lacks pixels of a later page lacks parts."""
    content = saved(scene(), "TIFF", save_all=True, append_images=[noise((64, 48))])
    assert not inspect(content).lacks_parts
    assert inspect(content[:-100]).lacks_parts


def test_a_raw_file_without_its_pixels_is_not_whole() -> None:
    """A CR3 cut right before the box of its pixels, or a DNG before its preview, is truncated."""
    whole = cr3()
    for content in (whole[: whole.index(b"mdat") - 4], dng(preview=scene())[:100_000]):
        with pytest.raises(TruncatedPicture):
            inspect(content)


@pytest.mark.parametrize("form", ["HEIF", "AVIF"])
def test_a_heic_without_its_pixels_is_not_whole(form: str) -> None:
    """A file of boxes cut between two of them has all that it says of its size, and no pixels."""
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    content = saved(scene(), form)
    assert not inspect(content).lacks_parts
    with pytest.raises(TruncatedPicture):
        inspect(content[: content.index(b"mdat") - 4])
    assert not inspect(content + box(b"free", bytes(100))).lacks_parts


def test_an_ordinary_picture_lists_nothing() -> None:
    """What stands alone in its file is never waited for."""
    for form in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"):
        assert not inspect(saved(Image.new("RGB", (40, 30)), form)).lacks_parts
