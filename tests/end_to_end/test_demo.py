"""The demo, as the first thing that anybody tries: no key, no set-up, an empty environment."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import httpx
import pytest
from PIL import Image, ImageChops, ImageStat

from tests.end_to_end.conftest import LIMIT_S, wait_for

PICTURES = ("astronaut.jpg", "by-the-sea/coffee.jpg", "cat.jpg")
Shown = tuple[Path, "subprocess.CompletedProcess[str]"]
NOTHING: dict[str, str] = {}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=10000",
)
# Put into a copy of the page beside it: counts the pictures that have really been loaded.
COUNTER = """<script>onload = () => {
  const images = [...document.images];
  const good = images.filter((image) => image.complete && image.naturalWidth > 0);
  document.title = `${good.length} of ${images.length} loaded`;
}</script></body>"""


class _Pictures(HTMLParser):
    """Collects the pictures that a page shows."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an image's address."""
        if tag == "img":
            self.sources.append(unquote(dict(attrs)["src"] or ""))


def demo(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the demo to its end."""
    return subprocess.run(
        [sys.executable, "-m", "hotfolder", "demo", "--dir", str(folder), *more],
        env=NOTHING,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def difference(one: Path, other: Path) -> float:
    """Return how much two pictures differ, in parts of 255 on average over their channels."""
    with Image.open(one) as first, Image.open(other) as second:
        first.load()
        second.load()
        assert first.size == second.size
        apart = ImageChops.difference(first.convert("RGB"), second.convert("RGB"))
    return sum(ImageStat.Stat(apart).mean) / 3


def browser() -> str:
    """Return a browser, or skip saying that there is none."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    return found or pytest.skip("the page can only be opened where Chromium is installed")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Give a demo that was run once for all tests of this file."""
    folder = tmp_path_factory.mktemp("demo") / "a place [bold] & more"
    return folder, demo(folder)


def test_the_demo_edits_the_samples_and_shows_them(shown: Shown) -> None:
    """Exit code 0, every output named on the screen is a changed picture, and so on the page."""
    folder, done = shown
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    assert "\x1b" not in done.stdout
    for name in PICTURES:
        assert f"{folder}/out/{name}\n" in done.stdout
        assert difference(folder / "in" / name, folder / "out" / name) > 5
    link = re.search(r"before and after: (file://\S+)", done.stdout)
    assert link is not None
    page = folder / "before-and-after.html"
    assert url2pathname(urlsplit(link[1]).path) == str(page)
    pictures = _Pictures()
    pictures.feed(page.read_text())
    assert sorted(pictures.sources) == sorted(
        f"{side}/{name}" for name in PICTURES for side in ("in", "out")
    )
    assert "nothing was charged" in page.read_text()
    assert "CNY" not in page.read_text() + done.stdout
    again = demo(folder)
    assert again.returncode == 0, again.stderr
    assert sorted(each.name for each in (folder / "out").glob("*.jpg")) == [
        "astronaut.jpg",
        "cat.jpg",
    ]


def test_the_page_opens_in_a_browser(shown: Shown, tmp_path: Path) -> None:
    """In a real browser all six pictures load, and the screen is not blank."""
    program = browser()
    page, scratch = shown[0] / "before-and-after.html", tmp_path
    counter = page.with_name("counter.html")
    counter.write_text(page.read_text().replace("</body>", COUNTER))
    profile = f"--user-data-dir={scratch / 'profile'}"
    dumped = subprocess.run(
        [program, *BROWSER_OPTIONS, profile, "--dump-dom", counter.as_uri()],
        check=True,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert "<title>6 of 6 loaded</title>" in dumped.stdout, dumped.stdout
    picture = scratch / "screen.png"
    subprocess.run(
        [
            program,
            *BROWSER_OPTIONS,
            profile,
            "--window-size=1000,1400",
            f"--screenshot={picture}",
            page.as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=LIMIT_S,
    )
    with Image.open(picture) as screen:
        assert len(screen.convert("RGB").getcolors(maxcolors=2**24) or ()) > 500


def test_the_demo_leaves_a_real_config_alone(tmp_path: Path) -> None:
    """A folder with a config that no demo wrote is refused: nothing is written there."""
    config = tmp_path / "hotfolder.toml"
    config.write_text('state_dir = "mine"\n')
    done = demo(tmp_path)
    assert done.returncode == 2
    assert "not from a demo" in done.stderr
    assert config.read_text() == 'state_dir = "mine"\n'
    assert [each.name for each in tmp_path.iterdir()] == ["hotfolder.toml"]
    done = demo(config)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_the_demo_stays_for_pictures_of_ones_own(tmp_path: Path) -> None:
    """With --keep a dropped picture is edited and joins the page; Ctrl-C ends with 0.

    The live page is there, too, at the link that is printed.
    """
    out, err = tmp_path / "out.txt", tmp_path / "err.txt"
    folder = tmp_path / "demo"
    with out.open("wb") as out_file, err.open("wb") as err_file:
        process = subprocess.Popen(
            [sys.executable, "-m", "hotfolder", "demo", "--keep", "--dir", str(folder)],
            env=NOTHING,
            stdin=subprocess.DEVNULL,
            stdout=out_file,
            stderr=err_file,
        )
    try:
        wait_for(lambda: "Ctrl-C ends it" in out.read_text(), err.read_text)
        assert f"Drop pictures into {folder}/in\n" in out.read_text()
        wait_for(lambda: re.search(r"the page: (\S+)\n", out.read_text()), err.read_text)
        live = re.search(r"the page: (\S+)\n", out.read_text())
        assert live is not None
        assert "signs this browser in" in httpx.get(live[1], trust_env=False).text
        name = "mine é\x1b[31m.jpg"
        shutil.copyfile(folder / "in" / "cat.jpg", folder / "in" / "copying.part")
        with Image.open(folder / "in" / "copying.part") as cat:
            cat.convert("L").convert("RGB").save(folder / "in" / name)
        made = folder / "out" / "mine é_[31m.jpg"
        wait_for(made.exists, err.read_text)
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT_S) == 0, err.read_text()
    finally:
        process.kill()
        process.wait()
    assert "The page shows 4 pictures now." in out.read_text()
    page = folder / "before-and-after.html"
    shown = _Pictures()
    shown.feed(page.read_text())
    assert len(shown.sources) == 8
    assert all((folder / source).exists() for source in shown.sources)
    assert "\x1b" not in page.read_text() + out.read_text()
