"""The simulator's edits look like what the prompt says, and never worse than the original."""

from __future__ import annotations

import io
from importlib import resources
from itertools import combinations

import pytest
from PIL import Image, ImageChops, ImageOps, ImageStat

from hotfolder.simulator.edit import edit
from hotfolder.simulator.looks import LOOKS

SAMPLE = resources.files("hotfolder").joinpath("samples", "cat.jpg").read_bytes()


def edited(prompt: str, *, index: int = 0, model: str = "") -> Image.Image:
    """Return the sample as it is edited."""
    return Image.open(io.BytesIO(edit(SAMPLE, prompt, index, "png", model)))


def balance(picture: Image.Image) -> float:
    """Return how much redder than blue a picture is, in mean levels."""
    red, _, blue = ImageStat.Stat(picture).mean
    return float(red - blue)


def test_a_warm_evening_is_warmer_and_winter_is_colder() -> None:
    """The words of the prompt decide about the light."""
    original = balance(Image.open(io.BytesIO(SAMPLE)))
    assert balance(edited("a summer evening")) > original + 10
    assert balance(edited("a winter morning")) < original - 10


def test_black_and_white_has_no_colours_but_its_tint() -> None:
    """What is asked for in grey keeps no colour of the original."""
    picture = edited("black and white, please")
    red, green, blue = picture.crop((0, 0, picture.width, picture.height // 2)).split()
    for pair in ((red, green), (green, blue)):
        # The tint is the same all over.
        used = [
            level for level, count in enumerate(ImageChops.difference(*pair).histogram()) if count
        ]
        assert used[-1] - used[0] <= 2


def test_night_is_darker() -> None:
    """A picture at night is dark, and still shows what is in it."""
    mean = ImageStat.Stat(Image.open(io.BytesIO(SAMPLE)).convert("L")).mean[0]
    night = ImageStat.Stat(edited("at night").convert("L"))
    assert 0.3 * mean < night.mean[0] < 0.8 * mean
    assert night.stddev[0] > 15


def test_every_edit_differs_by_prompt_result_and_model() -> None:
    """Two prompts, results or models never give the same bytes, also where no word is known."""
    pictures = [
        edit(SAMPLE, prompt, index, "png", model)
        for prompt in ("xyzzy", "plugh")
        for index in (0, 1)
        for model in ("a", "b")
    ]
    assert all(one != other for one, other in combinations(pictures, 2))


def test_each_model_has_another_look() -> None:
    """Of one picture and prompt two models make what can be told apart by looking at it."""
    made = [edited("a summer evening", model=model) for model in ("a/one", "b/two", "c/three")]
    for one, other in combinations(made, 2):
        assert sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3 > 1.5


@pytest.mark.parametrize("words", ["red", "green", "blue", "gold", "purple"])
def test_a_colour_lays_no_veil_over_black_and_white(words: str) -> None:
    """What is black or white stays so, whatever colour is asked for."""
    (look,) = (each for each in LOOKS if each.words.split("|")[0] == words)
    for ground in ((0, 0, 0), (255, 255, 255)):
        assert look.change(Image.new("RGB", (1, 1), ground)).getpixel((0, 0)) == ground


@pytest.mark.parametrize("words", [look.words for look in LOOKS])
def test_no_look_turns_or_hides_a_picture(words: str) -> None:
    """With every look the edges of the original stay where they were."""
    prompt = words.split("|", 1)[0].replace("?", "")
    original = Image.open(io.BytesIO(SAMPLE)).convert("L").resize((32, 32))
    now = edited(prompt).convert("L").resize((32, 32))
    assert correlation(original, now) > 0.6, prompt


def correlation(one: Image.Image, other: Image.Image) -> float:
    """Return how alike two grey pictures are: 1 for the same, -1 for its negative."""
    pairs = list(zip(one.tobytes(), other.tobytes(), strict=True))
    means = [sum(side) / len(pairs) for side in zip(*pairs, strict=True)]
    products = [(a - means[0]) * (b - means[1]) for a, b in pairs]
    spreads = [sum((pair[i] - means[i]) ** 2 for pair in pairs) for i in (0, 1)]
    return float(sum(products) / (spreads[0] * spreads[1]) ** 0.5)


def test_the_mark_is_small_and_in_a_corner() -> None:
    """SIMULATED covers less than a hundredth of the picture, at the lower right."""
    plain = Image.new("RGB", (1000, 800), (120, 120, 120))
    content = io.BytesIO()
    plain.save(content, "PNG")
    marked = Image.open(io.BytesIO(edit(content.getvalue(), "xyzzy", 0, "png")))
    apart = ImageChops.difference(marked, ImageOps.mirror(marked)).convert("L")
    seen = apart.point([255 * (level > 40) for level in range(256)]).crop((500, 0, 1000, 800))
    left, top, right, bottom = seen.getbbox() or (0, 0, 0, 0)
    assert left > 200
    assert top > 700
    assert (right - left) * (bottom - top) < 1000 * 800 / 100
