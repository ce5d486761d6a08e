"""Damage inside a picture whose head and tail are in order."""

from __future__ import annotations

import pytest
from PIL import Image

from hotfolder.kinds.formats import BrokenPicture, DamagedPicture
from hotfolder.kinds.picture.inspect import inspect
from hotfolder.kinds.picture.strict import require_sound
from tests.pictures import mpo, noise, saved, scene, srgb

SIZE = (640, 480)
OPTIONS: dict[str, dict[str, object]] = {
    "plain": {},
    "full colour": {"subsampling": 0},
    "optimised": {"optimize": True, "icc_profile": srgb()},
    "restarts": {"restart_marker_rows": 1},
    "progressive": {"progressive": True},
}


def versions(**options: object) -> tuple[bytes, bytes]:
    """Give two pictures of the same size, as a file has one after the other."""
    return saved(noise(SIZE), "JPEG", **options), saved(noise(SIZE, seed=2), "JPEG", **options)


def mixture(new: bytes, old: bytes, at: int) -> bytes:
    """Give a file that was overwritten in place as far as an offset."""
    return new[:at] + old[at:]


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_whole_jpegs_are_sound(name: str, mode: str) -> None:
    """However they are coded, large, small, blank or followed by something."""
    images = noise(SIZE), scene(), Image.new("RGB", (16, 16), "white"), Image.new("RGB", SIZE)
    for image in images:
        content = saved(image.convert(mode), "JPEG", **OPTIONS[name])
        for whole in (content, content + b"a film", content[:-2] + b"\0" * 9 + content[-2:]):
            assert require_sound(whole) == inspect(whole)
    assert require_sound(mpo(scene(), noise((64, 48)))).width == scene().width


@pytest.mark.parametrize("name", ["plain", "full colour", "optimised"])
def test_a_mixture_of_two_jpegs_is_damaged(name: str) -> None:
    """A new head and an old tail: too much data for the picture, or too little."""
    new, old = versions(**OPTIONS[name])
    for share in (0.2, 0.4, 0.6, 0.8):
        content = mixture(new, old, int(len(old) * share))
        assert inspect(content).width == SIZE[0]
        with pytest.raises(DamagedPicture):
            require_sound(content)


def test_data_that_are_missing_or_too_much_are_damage() -> None:
    """A hole in the data, or a stretch that stands there twice."""
    whole, _ = versions()
    middle = len(whole) // 2
    for content in (
        whole[:middle] + whole[middle + 500 :],
        whole[: middle + 500] + whole[middle:],
    ):
        with pytest.raises(DamagedPicture):
            require_sound(content)


def test_other_kinds_are_decoded() -> None:
    """What their decoders complain of is damage."""
    png = saved(noise((64, 48)), "PNG")
    assert require_sound(png) == inspect(png)
    lzw = saved(noise((99, 99)), "TIFF", compression="tiff_lzw")
    with pytest.raises(BrokenPicture):
        require_sound(lzw[:200] + b"\xff\x80\x7f" * 2000 + lzw[6200:])
