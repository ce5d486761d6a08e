"""The label that people see: in its corner, readable, and nowhere else."""

from __future__ import annotations

import pytest
from PIL import Image, ImageChops

from hotfolder.domain.preparation import Finish
from hotfolder.kinds.metadata import containers
from hotfolder.kinds.metadata.xmp import Note
from hotfolder.kinds.picture import label
from hotfolder.kinds.picture.finish import finish
from tests.pictures import opened, saved, scene, see_through

NOTE = Note(model="m", task_id="1", at="2026-05-01T12:00:00+00:00")


@pytest.mark.parametrize("corner", ["top-left", "top-right", "bottom-left", "bottom-right"])
def test_only_the_corner_changes(corner: str) -> None:
    """Every other pixel stays; in the corner there are light letters on a dark ground."""
    for size in ((640, 480), (97, 300), (3000, 2000), (20, 16)):
        for mode in ("RGB", "L", "RGBA"):
            for ground in ("white", "black"):
                image = Image.new("RGB", size, ground).convert(mode)
                made = label.labelled(image, "AI", corner, 0.05)
                apart = ImageChops.difference(made.convert("RGB"), image.convert("RGB"))
                box = apart.getbbox()
                assert made.size == size
                assert box is not None
                left, top, right, bottom = box
                if min(size) < 60:
                    continue
                assert (right < size[0] / 2) if corner.endswith("left") else (left > size[0] / 2)
                assert (bottom < size[1] / 2) if corner.startswith("top") else (top > size[1] / 2)
                tones = made.convert("L").crop(box).histogram()
                lowest = next(tone for tone, count in enumerate(tones) if count)
                highest = max(tone for tone, count in enumerate(tones) if count)
                assert highest > 200, (size, mode, ground)
                assert lowest < 90, (size, mode, ground)
                assert abs((bottom - top) - max(14, round(min(size) * 0.05))) <= 2


def test_a_label_goes_into_the_published_copy_with_all_that_it_had() -> None:
    """Every type keeps itself; metadata and transparency stay; without a label nothing is drawn."""
    for form, image in (("JPEG", scene()), ("PNG", see_through()), ("WEBP", scene())):
        content = saved(image, form)
        made = finish(content, None, Finish(label="visible"), NOTE, converted=False)
        assert opened(made.content).format == form
        assert opened(made.content).mode == opened(content).mode
        assert 'labelled "AI"' in made.notes
        assert b"compositeWith" in containers.read(made.type, made.content).xmp
        plain = finish(content, None, Finish(label="none"), NOTE, converted=False)
        assert opened(plain.content).tobytes() == opened(content).tobytes()
        packet = containers.read(plain.type, plain.content).xmp
        assert b"compositeWith" not in packet
        assert b"TaskId" in packet
