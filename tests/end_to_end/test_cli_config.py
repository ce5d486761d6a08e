"""What is wrong before the start: all of it at once, exit code 2, and nothing touched."""

from __future__ import annotations

import hashlib
import os
import subprocess
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.certificates import LONG_PAST
from tests.mounting import hanging_share
from tests.provenance import authority, needs_c2pa
from tests.studio import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.end_to_end.conftest import CommandLine, Terminal
    from tests.studio import Studio


def tree(folder: Path) -> dict[str, str]:
    """Return every path below a folder with its kind, mode, time and content."""
    found = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path)] = f"{status.st_mode} {status.st_mtime_ns} {status.st_ino} {content}"
    return found


def write(hotfolder: CommandLine, text: str) -> None:
    """Write a config."""
    hotfolder.config.write_text(text)


WRONG = """\
state_dir = "in/state"
colour = "red"

[api]
base_url = "ftp://nowhere"

[limits]
concurrency = "many"
daily_budget = 3

[[watch]]
name = "one"
input = "in"
output = "away"
settle = -1

[[watch.rule]]
model = "xai/grok-imagine-image/edit-oficial-stable"

[[watch]]
name = "two"
input = "./in/../in/"
output = "in/deep/out"
detect = "sometimes"

[[watch.rule]]
name = "many"
model = "qwen-image-2.0/image-edit"
prompt = "gold"
params = { imageNum = 99, flavour = "sweet" }
"""
PROBLEMS = (
    "line 1: state_dir: must not be inside",
    "line 2: colour: is not a known key",
    "line 5: api.base_url: must be a web address",
    "line 8: limits.concurrency: must be a whole number",
    "line 9: limits.daily_budget: is not a known key",
    "line 14: watch[1].output: there is no such folder",
    "line 15: watch[1].settle: must be at least 0.05",
    "line 18: watch[1].rule[1].model: there is no model",
    "did you mean xai/grok-imagine-image/edit-official-stable",
    "line 22: watch[2].input: is the input of watch[1], too",
    "line 23: watch[2].output: the output lies inside the input",
    "line 24: watch[2].detect: must be 'auto', 'events' or 'scan'",
    "line 30: watch[2].rule[1].params.imageNum:",
    "line 30: watch[2].rule[1].params.flavour:",
    "there is no API key",
)


def test_all_problems_are_told_at_once_and_nothing_is_started(
    hotfolder: CommandLine, studio: Studio
) -> None:
    """`check`, `run` and `once` tell every problem with its line, exit 2 and change nothing."""
    write(hotfolder, WRONG)
    (studio.input / "deep" / "out").mkdir(parents=True)
    studio.drop("ann.jpg")
    before = tree(studio.folder)
    keyless = {name: each for name, each in hotfolder.environment.items() if name != "RH_API_KEY"}
    for command in ("check", "run", "once"):
        ended = hotfolder(command, environment=keyless)
        assert ended.code == 2
        assert not ended.out
        missing = [problem for problem in PROBLEMS if problem not in ended.err]
        assert not missing, ended.err
    assert tree(studio.folder) == before
    assert not studio.ledger().tasks


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("state_dir = ", "is not TOML"),
        ('[[watch]]\nname = "a"\ninput = "in"\n', "watch[1].output: is required"),
        ('state_dir = "state"\n', "watch: is required"),
        ('state_dir = "config.toml"\n', "state_dir: is not a folder"),
        (f'[[watch]]\nname = "a"\ninput = "{"x" * 300}"\noutput = "out"\n', "no such folder"),
        ('[[watch]]\nname = "a"\ninput = "config.toml"\noutput = "out"\n', "is not a folder"),
        ('[[watch]]\nname = "a"\ninput = "out"\noutput = "."\n', "input lies inside the output"),
        (
            (
                '[[watch]]\nname = "a"\ninput = "in"\noutput = "out"\noriginals = "move"\n'
                '[[watch]]\nname = "b"\ninput = "out/_originals"\noutput = "out2"\n'
            ),
            "input lies inside the output",
        ),
    ],
)
def test_a_config_that_cannot_be_used_is_refused(
    hotfolder: CommandLine, text: str, said: str
) -> None:
    """Each kind of unusable config ends with a sentence and exit code 2, never a traceback."""
    write(hotfolder, text)
    ended = hotfolder("check")
    assert ended.code == 2
    assert said in ended.err, ended.err


def test_a_config_that_is_not_there_is_told(hotfolder: CommandLine, studio: Studio) -> None:
    """Every command names the missing file, escaped, and exits with 2."""
    missing = studio.folder / "no\x1b[31m\nsuch.toml"
    for command in (["run"], ["status"], ["jobs"], ["explain", "in/a.jpg"], ["cancel", "1"]):
        ended = hotfolder(*command, config=missing)
        assert ended.code == 2
        assert "no\\x1b[31m\\nsuch.toml" in ended.err
        assert "\x1b" not in ended.err


def test_an_output_that_leads_into_an_input_by_a_link_is_refused(
    hotfolder: CommandLine, studio: Studio
) -> None:
    """A link whose target lies in the input is the input, whatever its spelling."""
    (studio.input / "sub").mkdir()
    studio.output.rmdir()
    studio.output.symlink_to(studio.input / "sub")
    ended = hotfolder("check")
    assert ended.code == 2
    assert "the output lies inside the input" in ended.err


@pytest.fixture
def bind_mount() -> Iterator[list[Path]]:
    """Give a list of folders; each that a test mounts and notes here is unmounted."""
    places: list[Path] = []
    yield places
    for place in reversed(places):
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.parametrize("shape", ["input again", "part of the input", "output in the input"])
def test_an_output_that_shares_files_with_an_input_by_a_bind_mount_is_refused(
    hotfolder: CommandLine, studio: Studio, bind_mount: list[Path], shape: str
) -> None:
    """However a mount lets edits appear in an input, they would be edited: exit code 2."""
    elsewhere, part = studio.folder / "elsewhere", studio.input / "part"
    for each in (elsewhere, part):
        each.mkdir()
    source, place, output = {
        "input again": (studio.input, elsewhere, elsewhere / "part"),
        "part of the input": (part, elsewhere, elsewhere),
        "output in the input": (studio.output, part, studio.output),
    }[shape]
    if os.geteuid() != 0:
        pytest.skip("a bind mount needs root")
    done = subprocess.run(
        ["mount", "--bind", str(source), str(place)], check=False, capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"mounting is not permitted here: {done.stderr.strip()}")
    bind_mount.append(place)
    write(hotfolder, hotfolder.config.read_text().replace(str(studio.output), str(output)))
    ended = hotfolder("check")
    assert ended.code == 2
    assert "edits would be edited" in ended.err, ended.err


def test_the_key_is_found_where_it_may_be_and_refused_where_others_read_it(
    hotfolder: CommandLine, studio: Studio
) -> None:
    """Variables come before the key file; a key file that others may read is refused."""
    keyless = {name: each for name, each in hotfolder.environment.items() if name != "RH_API_KEY"}
    text = hotfolder.config.read_text()
    place = studio.folder / "key"
    write(hotfolder, text.replace("[api]\n", '[api]\nkey_file = "key"\n'))
    ended = hotfolder("check", environment=keyless)
    assert ended.code == 2
    assert "line 3: api.key_file:" in ended.err
    assert "there is no such key file" in ended.err
    place.write_text(f"{KEY}\n")
    place.chmod(0o640)
    ended = hotfolder("check", environment=keyless)
    assert ended.code == 2
    assert f"chmod 600 {place}" in ended.err
    assert KEY not in ended.err
    place.chmod(0o600)
    assert hotfolder("check", environment=keyless).code == 0
    place.write_text("two words\n")
    assert "this is not an API key" in hotfolder("check", environment=keyless).err
    named = {**keyless, "RUNNINGHUB_API_KEY": KEY}
    assert hotfolder("check", environment=named).code == 0
    ended = hotfolder("check", environment={**named, "RH_API_KEY": "ké"})
    assert ended.code == 2
    assert "$RH_API_KEY: this is not an API key" in ended.err
    assert "ké" not in ended.err


def test_a_state_on_a_dead_share_is_told(hotfolder: CommandLine, studio: Studio) -> None:
    """Neither `run` nor `check` nor `doctor` hangs: the folder is named, and where to put it."""
    studio.state.mkdir()
    with hanging_share(studio.state):
        for command, code in (("run", 2), ("check", 2), ("doctor", 1)):
            ended = hotfolder(command)
            assert ended.code == code, ended.said
            assert f"its share does not answer: {studio.state}" in ended.out + ended.err


def test_check_changes_nothing_and_says_what_is_fine(
    hotfolder: CommandLine, studio: Studio
) -> None:
    """A good config gives exit code 0 and leaves every file and folder as it was.

    Only the output folder's own time tells that a file was named there on trial, and is gone.
    """
    studio.drop("ann.jpg")
    own = studio.output.stat()
    before = tree(studio.folder)
    ended = hotfolder("check", "--online")
    assert ended.code == 0, ended.said
    assert f"watch studio: {studio.input} -> {studio.output}" in ended.out
    assert "API key found" in ended.out
    assert "the service accepts the key, balance 1000 CNY" in ended.out
    studio.simulator.update_settings(key="x" * 32)
    assert hotfolder("check", "--online").code == 4
    gone = {**hotfolder.environment, "RH_API_BASE_URL": "http://127.0.0.1:9/openapi/v2"}
    assert hotfolder("check", "--online", environment=gone).code == 1
    os.utime(studio.output, ns=(own.st_atime_ns, own.st_mtime_ns))
    assert tree(studio.folder) == before


def test_check_has_colours_on_a_terminal_that_shows_them(
    hotfolder: CommandLine, studio: Studio
) -> None:
    """There, unless the owner wants none, and nowhere else; the words are the same."""
    coloured, plain = "\x1b[32mok \x1b[0mwatch studio: ", "ok watch studio: "
    code, text = hotfolder.on_terminal("check", columns=40)
    assert (code, text.startswith(coloured)) == (0, True), text
    assert f"-> {studio.output} (" in text
    assert hotfolder("check").out.startswith(plain)
    hotfolder.environment["NO_COLOR"] = "1"
    code, text = hotfolder.on_terminal("check")
    assert (code, text.startswith(plain)) == (0, True), text


@pytest.mark.parametrize("words", ["check", "status", "status --json", "jobs", "explain in/a.jpg"])
def test_who_reads_no_further_is_no_error(hotfolder: CommandLine, words: str) -> None:
    """A command whose reader is gone ends quietly, with exit code 1."""
    assert hotfolder.to_nobody(*words.split()) == (1, "")


@needs_c2pa
def test_check_looks_at_what_signs(hotfolder: CommandLine, studio: Studio) -> None:
    """Who signs and until when; a key that others may read, or a certificate that may not: no."""
    chain, key = authority().signer("studio")
    old, old_key = authority().signer("old", until=LONG_PAST)
    other, other_key = authority().signer("other", use="serverAuth")
    plain = hotfolder.config.read_text()

    def check(certificate: Path, secret: Path) -> tuple[int, str]:
        table = f'[provenance]\ncertificate_file = "{certificate}"\nkey_file = "{secret}"\n'
        hotfolder.config.write_text(plain.replace("[limits]", f"{table}[limits]"))
        ended = hotfolder("check")
        return ended.code, ended.out

    code, out = check(chain, key)
    assert code == 0, out
    assert "signing by studio, until 2099-12-31 (es256), without time stamps" in out
    for certificate, secret, words in (
        (old, old_key, "expired on 2020-01-02"),
        (other, other_key, "may not sign pictures"),
    ):
        code, out = check(certificate, secret)
        assert code == 2
        assert words in out
    open_key = studio.folder / "open.key"
    open_key.write_bytes(key.read_bytes())
    open_key.chmod(0o644)
    code, out = check(chain, open_key)
    assert code == 2
    assert f"chmod 600 {open_key}" in out


def test_a_folder_that_was_there_before_is_waited_for(
    hotfolder: CommandLine, studio: Studio
) -> None:
    """Once a watch was online, its missing folder is no error any more, and check says so."""
    assert hotfolder("once").code == 0
    studio.input.rename(studio.folder / "unplugged")
    ended = hotfolder("check")
    assert ended.code == 0
    assert "it is waited for" in ended.out
    (watch,) = hotfolder("status", "--json").json["watches"]
    assert watch["name"] == "studio"
    ended = hotfolder("explain", studio.input / "ann.jpg", "--json")
    assert ended.json["verdict"] == "offline"


def test_init_writes_a_config_that_check_accepts_and_never_overwrites(
    hotfolder: CommandLine, studio: Studio
) -> None:
    """What init writes passes `check` once a key is there; a second init changes nothing."""
    place = studio.folder / "new [bold] place"
    ended = hotfolder("init", place, "--prompt", 'Make it "gold"', "--budget", "7.5")
    assert ended.code == 0, ended.said
    assert str(place / "hotfolder.toml") in ended.out
    assert sorted(each.name for each in place.iterdir()) == ["hotfolder.toml", "in", "out"]
    config = place / "hotfolder.toml"
    keyless = {name: each for name, each in hotfolder.environment.items() if name != "RH_API_KEY"}
    assert hotfolder("check", config=config, environment=keyless).code == 2
    (place / "key").touch(mode=0o600)
    (place / "key").write_text(KEY)
    assert hotfolder("check", config=config, environment=keyless).code == 0
    text = config.read_text()
    assert len(text.splitlines()) <= 20
    assert 'prompt = "Make it \\"gold\\""' in text
    assert "daily_charge = 7.5" in text
    assert "match" not in text
    before = tree(place)
    (place / "in").rmdir()
    del before[str(place / "in")]
    ended = hotfolder("init", place)
    assert ended.code == 2
    assert "it was left as it is" in ended.err
    assert {each.split("/")[-1] for each in tree(place)} == {each.split("/")[-1] for each in before}
    assert tree(place)[str(config)] == before[str(config)]
    ended = hotfolder("init", config)
    assert ended.code == 2
    assert "cannot be written" in ended.err


def test_init_asks_on_a_terminal_for_what_no_option_says(
    hotfolder: CommandLine, studio: Studio
) -> None:
    """Folders, prompt, budget and key, which is not shown and goes into a file of its own."""
    place = studio.folder / "asked"
    with hotfolder.at_terminal("init", place, "--output", "results") as terminal:
        for asked, answer in (
            ("Folder to watch", ""),
            ("What is to be done", "Make it gold"),
            ("Charge at most", "5"),
            ("not shown; empty: later): ", KEY),  # only then what is typed is read
        ):
            terminal.until(partial(_tells, terminal, asked), asked)
            terminal.type(answer)
    assert terminal.process.returncode == 0, terminal.text
    assert KEY not in terminal.text
    assert (place / "key").read_text() == f"{KEY}\n"
    assert (place / "key").stat().st_mode & 0o777 == 0o600
    text = (place / "hotfolder.toml").read_text()
    for line in (
        'input = "in"',
        'output = "results"',
        'prompt = "Make it gold"',
        "daily_charge = 5",
    ):
        assert line in text
    assert sorted(each.name for each in place.iterdir()) == [
        "hotfolder.toml",
        "in",
        "key",
        "results",
    ]


def test_init_pays_for_no_prompt_that_nobody_wrote(hotfolder: CommandLine, studio: Studio) -> None:
    """Without one it leaves the prompt to sidecars; --full writes every key there is."""
    assert hotfolder("init", studio.folder / "short").code == 0
    assert "\nprompt = " not in (studio.folder / "short" / "hotfolder.toml").read_text()
    assert hotfolder("init", studio.folder / "long", "--full").code == 0
    assert len((studio.folder / "long" / "hotfolder.toml").read_text().splitlines()) > 200


def _tells(terminal: Terminal, words: str) -> bool:
    return words in terminal.text
