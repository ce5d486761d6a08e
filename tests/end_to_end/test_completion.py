"""Help at the keyboard: completion in the shell, and the manual."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib import resources
from typing import TYPE_CHECKING

import pytest

from hotfolder.cli import commands, group

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [name for entries in commands.ENTRIES.values() for name in entries]

ASK = """
source <(hotfolder completion bash)
COMP_WORDS=({words}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_hotfolder_completion hotfolder
printf '%s\\n' "${{COMPREPLY[@]}}"
"""

# What zsh does at the tab key, but for drawing: its completion's own functions are stood in for.
ZSH = """
compdef() { : }
_arguments() { print -rl -- "$@" }
source <(hotfolder completion zsh)
words=(${=1}); CURRENT=$#words
_hotfolder_completion
"""


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """Give an environment in which the program is found by its name."""
    program = tmp_path / "hotfolder"
    program.write_text(f"#!{sys.executable}\nfrom hotfolder.cli.app import main\n\nmain()\n")
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}


@pytest.mark.parametrize(
    ("words", "wanted"),
    [("hotfolder re", {"release", "restore", "resume"}), ("hotfolder jobs --st", {"--state"})],
)
def test_bash_completes(installed: dict[str, str], words: str, wanted: set[str]) -> None:
    """A real bash offers the commands and options that begin so."""
    script = ASK.format(words=words)
    done = subprocess.run(
        ["bash", "-c", script], env=installed, capture_output=True, text=True, check=False
    )
    assert wanted <= set(done.stdout.split()), done.stdout + done.stderr


@pytest.mark.parametrize("shell", ["zsh", "fish"])
@pytest.mark.parametrize(
    ("line", "wanted"), [("hotfolder re", "release"), ("hotfolder jobs --st", "--state")]
)
def test_zsh_and_fish_complete(
    installed: dict[str, str], tmp_path: Path, shell: str, line: str, wanted: str
) -> None:
    """The real shells take their script, and what they ask by it is answered."""
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    script = "hotfolder completion fish | source; complete -C $argv[1]" if shell == "fish" else ZSH
    extra = [] if shell == "fish" else ["-f"]
    arguments = [line] if shell == "fish" else ["zsh", line]
    done = subprocess.run(
        [shell, *extra, "-c", script, *arguments],
        env={**installed, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert wanted in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(("shell", "code"), [("bash", 0), ("zsh", 0), ("fish", 0), ("tcsh", 2)])
def test_the_usual_shells_get_their_script(
    installed: dict[str, str], shell: str, code: int
) -> None:
    """What is printed names the program; another shell is refused."""
    told = subprocess.run(
        ["hotfolder", "completion", shell],
        env=installed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == code
    assert ("_HOTFOLDER_COMPLETE" in told.stdout) == (code == 0)


def test_the_manual_names_every_command() -> None:
    """The manual knows the commands that there are, and no others; it is well-formed."""
    path = resources.files("hotfolder").joinpath("manual", "hotfolder.1")
    text = path.read_text("utf-8")
    commands = text[text.index(".SH COMMANDS") : text.index(".SH FILES")]
    named = set(re.findall(r"^\.TP\n\.BI? (\w+)", commands, re.MULTILINE))
    assert named == set(NAMES)
    if shutil.which("man") is not None:
        shown = subprocess.run(
            ["man", "--warnings", "-l", str(path)], capture_output=True, text=True, check=True
        )
        assert "warning" not in shown.stderr


def test_every_command_gives_an_example() -> None:
    """--help of each command ends with a line to copy, whose options there are."""
    for name in NAMES:
        example = re.search(r"Example: (.+)$", group.load(name).help)
        assert example is not None, name
        assert f"hotfolder {name}" in example[1]
