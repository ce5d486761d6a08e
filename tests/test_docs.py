"""README.md and the manual held against the program: commands, options, keys, TOML, links."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hotfolder import config
from hotfolder.cli import commands, group
from hotfolder.cli.app import app
from hotfolder.domain.errors import OperatorError
from tests import config_page, menu_page
from tests.test_packaging import known_keys

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PAGES = {path: path.read_text() for path in sorted((ROOT / "hotfolder/manual").glob("*.md"))}
# All that a user reads, as one text.
TEXT = "\n".join([README, *PAGES.values()])
# The README is an entrance; the manual is the house.
README_LINES = 200
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(
    r"(?:bin/|(?<![\w/-]))hotfolder +([a-z]+)((?: +(?:-{1,2}[a-z][\w-]*|[\w./…-]+))*)"
)
LINE = re.compile(r"<!-- (\w+) -->\n```sh\n([^\n]+)\n```")

# The options of each command of the program.
OPTIONS = {
    name: {option for parameter in group.load(name).params for option in parameter.opts}
    for entries in commands.ENTRIES.values()
    for name in entries
}


def blocks(language: str) -> list[str]:
    """Return the blocks of code in a language."""
    return [text for found, text in BLOCK.findall(TEXT) if found == language]


def mentions() -> list[tuple[str, list[str]]]:
    """Return each command that code in README and manual shows, with the words after it."""
    inline = re.findall(r"`([^`\n]+)`", BLOCK.sub("", TEXT))
    lines = [line for text in blocks("sh") for line in text.splitlines()]
    shown = [
        (name, shlex.split(rest))
        for line in [*inline, *lines]
        for name, rest in COMMAND.findall(line.partition("#")[0])
    ]
    own = [name for name in OPTIONS if name != "run"]
    short = re.compile(rf"^({'|'.join(own)}) +(.*-.*|JOB.*)$")
    return shown + [
        (found[1], shlex.split(found[2])) for each in inline if (found := short.match(each))
    ]


def test_every_command_that_is_shown_exists_with_its_options() -> None:
    """Commands and options that README and manual show are those of the program."""
    shown = mentions()
    assert len(shown) > 10
    for name, words in shown:
        assert name in OPTIONS, f"hotfolder {name}"
        wrong = [word for word in words if word.startswith("-") and word not in OPTIONS[name]]
        assert not wrong, f"hotfolder {name} {wrong}"


def test_every_command_is_shown() -> None:
    """Each command of the program stands somewhere in the README or the manual."""
    for name in OPTIONS:
        assert re.search(rf"\b{name}\b", TEXT), name


def test_each_toml_block_is_a_config_that_can_be_read(tmp_path: Path) -> None:
    """What README and manual show as a config is read without a problem."""
    shown = blocks("toml")
    assert shown
    for text in shown:
        written = tmp_path / "hotfolder.toml"
        written.write_text(text)
        read = config.read(written, {"STATE_DIRECTORY": str(tmp_path)})
        assert not read.problems, f"{read.problems}\n{text}"


def test_every_config_key_that_is_named_exists() -> None:
    """Keys written as `limits.grace`, `api.base_url` or `name = value` are keys of the config."""
    known = set(known_keys(config.Config))
    last = {key.rpartition(".")[2] for key in known}
    inline = re.findall(r"`([^`\n]+)`", BLOCK.sub("", TEXT))
    dotted = [each for each in inline if re.fullmatch(r"(limits|api|watch)\.[a-z_.]+", each)]
    stated = [found[1] for each in inline if (found := re.match(r"([a-z_]+) = ", each))]
    assert dotted
    for key in dotted:
        assert key in known, key
    for key in stated:
        assert key in last | {"skip"}, key


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("demo", ["python3 -m venv .venv", "pip install .", "hotfolder demo"]),
        ("tests", ["python3 -m venv .venv", "pip install -e '.[test]'", "pytest"]),
    ],
)
def test_the_two_command_lines_are_there(name: str, parts: list[str]) -> None:
    """Installing with the demo, and with the tests, are one line each, found by their markers."""
    lines = dict(LINE.findall(README))
    steps = lines[name].split(" && ")
    assert len(steps) == len(parts)
    for step, part in zip(steps, parts, strict=True):
        assert part in step


def test_each_link_to_a_file_leads_somewhere() -> None:
    """Files that README and manual link to, from where they are, or name by their path exist."""
    for path, text in {ROOT / "README.md": README, **PAGES}.items():
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert target.startswith("http") or (path.parent / target).exists(), (path, target)
        for named in re.findall(r"`((?:hotfolder|tests|systemd)/[\w@./-]+)`", text):
            assert (ROOT / named).exists(), (path, named)


def test_the_readme_is_an_entrance_and_leads_to_every_page() -> None:
    """The README is short, and names each page of the manual; each page has a title."""
    assert len(README.splitlines()) <= README_LINES
    linked = set(re.findall(r"\(hotfolder/manual/(\w[\w-]*)\.md\)", README))
    assert linked == {path.stem for path in PAGES}
    assert [path.name for path, text in PAGES.items() if not text.startswith("# ")] == []


def test_the_page_of_the_config_is_made_of_the_schema() -> None:
    """Every key stands in config.md with its kind, default and what the example says of it."""
    assert config_page.PAGE.read_text() == config_page.page(), "python -m tests.config_page"


def test_the_page_of_the_menu_is_whole() -> None:
    """Every entry of the menu is there, and each test that it names exists."""
    assert menu_page.PAGE.read_text() == menu_page.page(), "python -m tests.menu_page"
    for name in menu_page.tests_named():
        file, _, function = name.partition("::")
        assert f"def {function}(" in (ROOT / "tests" / file).read_text(), name


def test_the_exit_codes_are_those_of_the_program() -> None:
    """The manual names each exit code from 0 to 5."""
    section = TEXT.split("## Exit codes")[1].split("##")[0]
    assert re.findall(r"(?:^|· )(\d) ", section, re.MULTILINE) == list("012345")


def test_the_manual_lists_its_pages_and_shows_one() -> None:
    """Each page is listed with its title; one is shown as it is where it goes into a pipe."""
    listing = CliRunner().invoke(app, ["manual"])
    assert listing.exit_code == 0
    for path, text in PAGES.items():
        assert re.search(
            rf"^{path.stem} +{re.escape(text[2:].partition(chr(10))[0])}$",
            listing.output,
            re.MULTILINE,
        )
    assert CliRunner().invoke(app, ["manual", "money"]).output.startswith("# Money\n")


def test_an_unknown_page_leads_to_the_nearest() -> None:
    """A page that there is not is refused, and the page that was meant is named."""
    ended = CliRunner().invoke(app, ["manual", "monye"])
    assert isinstance(ended.exception, OperatorError)
    assert "did you mean money?" in str(ended.exception)
