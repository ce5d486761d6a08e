"""README.md held against the program: commands, options, config keys, TOML and command lines."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from hotfolder import config
from hotfolder.cli import commands
from tests.test_packaging import known_keys

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(
    r"(?:bin/|(?<![\w/-]))hotfolder +([a-z]+)((?: +(?:-{1,2}[a-z][\w-]*|[\w./…-]+))*)"
)
LINE = re.compile(r"<!-- (\w+) -->\n```sh\n([^\n]+)\n```")

# The options of each command of the program.
OPTIONS = {
    name: {option for parameter in commands.load(name).params for option in parameter.opts}
    for entries in commands.ENTRIES.values()
    for name in entries
}


def blocks(language: str) -> list[str]:
    """Return the README's blocks of code in a language."""
    return [text for found, text in BLOCK.findall(README) if found == language]


def mentions() -> list[tuple[str, list[str]]]:
    """Return each command that code in the README shows, with the words after it."""
    inline = re.findall(r"`([^`\n]+)`", BLOCK.sub("", README))
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
    """Commands and options that the README shows are those of the program."""
    shown = mentions()
    assert len(shown) > 10
    for name, words in shown:
        assert name in OPTIONS, f"hotfolder {name}"
        wrong = [word for word in words if word.startswith("-") and word not in OPTIONS[name]]
        assert not wrong, f"hotfolder {name} {wrong}"


def test_every_command_is_shown() -> None:
    """Each command of the program stands somewhere in the README."""
    for name in OPTIONS:
        assert re.search(rf"\b{name}\b", README), name


def test_each_toml_block_is_a_config_that_can_be_read(tmp_path: Path) -> None:
    """What the README shows as a config is read without a problem."""
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
    inline = re.findall(r"`([^`\n]+)`", BLOCK.sub("", README))
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
    """Files that the README links to or names by their path exist."""
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    named = re.findall(r"`((?:hotfolder|tests|systemd)/[\w@./-]+)`", README)
    for target in [*targets, *named]:
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


def test_the_exit_codes_are_those_of_the_program() -> None:
    """The README names each exit code from 0 to 5."""
    section = README.split("### Exit codes")[1].split("##")[0]
    assert re.findall(r"(?:^|· )(\d) ", section, re.MULTILINE) == list("012345")
