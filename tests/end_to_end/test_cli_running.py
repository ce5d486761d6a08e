"""`run` and `once` as services and people start them: signals, logs, the bar, and the secret."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hotfolder import __version__
from hotfolder.simulator import Fault
from tests.end_to_end.conftest import wait_for
from tests.studio import KEY

if TYPE_CHECKING:
    from tests.end_to_end.conftest import CommandLine, Running, Terminal
    from tests.studio import Studio

SECRET = "a1b2c3d4e5f6071829304a5b6c7d8e9f"  # noqa: S105  made up
COMMANDS = "init demo simulator check run once status jobs explain retry resolve cancel"
ANSI = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def log_lines(err: str) -> list[dict[str, object]]:
    """Return a log's lines; each must be JSON with a time, a level and an event."""
    lines = [json.loads(line) for line in err.splitlines()]
    assert all({"timestamp", "level", "event"} <= line.keys() for line in lines)
    return lines


def test_run_ends_with_0_on_both_signals(hotfolder: CommandLine, studio: Studio) -> None:
    """The daemon drains on SIGTERM and SIGINT; in a pipe, too, a person reads what it says."""
    studio.drop("first.jpg")
    with hotfolder.daemon() as daemon:
        wait_for(lambda: studio.states() == {"done": 1}, studio.summary)
        ended = daemon.end(signal.SIGTERM)
    assert ended.code == 0, ended.said
    assert not ended.out
    events = [line["event"] for line in log_lines(ended.err)]
    assert events[0] == "service.started"
    assert "job.accepted" in events
    assert events[-2:] == ["service.draining", "service.stopped"]
    studio.drop("second.jpg", number=2)
    with hotfolder.running("run") as daemon:
        wait_for(lambda: studio.states() == {"done": 2}, studio.summary)
        ended = daemon.end(signal.SIGINT)
    assert ended.code == 0, ended.said
    assert re.search(r"^[\d:]{8} done     second.jpg -> out/second.jpg ", ended.err, re.MULTILINE)
    assert '"event"' not in ended.err
    assert "\x1b" not in ended.err
    assert studio.outputs() == ["first.jpg", "second.jpg"]


def test_a_second_signal_ends_at_once(hotfolder: CommandLine, studio: Studio) -> None:
    """While a paid call hangs, the first signal waits and the second ends with 130, in doubt."""
    studio.fault(Fault(call="submit", kind="timeout_after", seconds=60))
    studio.drop("ann.jpg")
    with hotfolder.daemon() as daemon:
        wait_for(lambda: studio.states() == {"submitting": 1}, studio.summary)
        wait_for(lambda: studio.ledger().tasks, studio.summary)
        daemon.process.send_signal(signal.SIGTERM)
        daemon.until(lambda: "service.draining" in daemon.err, "it drains")
        assert daemon.end(signal.SIGTERM).code == 130
    studio.simulator.clear_faults()
    assert hotfolder("once").code == 1
    assert studio.states() == {"in_doubt": 1}
    assert len(studio.ledger().tasks) == 1


def test_once_draws_a_bar_on_a_terminal_and_leaves_it_clean(
    hotfolder: CommandLine, studio: Studio
) -> None:
    """A person sees a bar that goes, then the status; cursor and colours are as before."""
    for number in range(3):
        studio.drop(f"{number}.jpg", number=number)
    studio.drop("text.jpg", "no picture")
    code, written = hotfolder.on_terminal("once")
    assert code == 1
    bar, _, rest = written.rpartition("\x1b[?25h")
    assert "━" in bar
    assert "/4" in bar
    assert re.match(r"\s*(\x1b\[\d*[A-Z]|\r)*\x1b\[2K", rest), "the bar is wiped away"
    assert "━" not in rest
    plain = ANSI.sub("", rest)
    assert re.search(r"studio +4 +0 +3 +0 +0 +1 *\r", plain), "all files, each in one column"
    assert "Needs a person" in plain
    assert not [line for line in plain.split("\n") if len(line.strip("\r")) > 80]
    assert rest.count("\x1b[0m") >= rest.count("\x1b[1m")


def test_warnings_do_not_tear_the_bar(hotfolder: CommandLine, studio: Studio) -> None:
    """A log line written while the bar stands gets a line of its own."""
    studio.drop("ann.jpg")
    studio.fault(Fault(call="submit", kind="drop_after"))
    _, written = hotfolder.on_terminal("once", "--verbose", columns=200)
    screen = ANSI.sub("", written.replace("\r\n", "\n"))
    logged = [line for line in screen.split("\n") if "job.accepted" in line]
    assert logged
    for line in logged:
        assert "━" not in line.rpartition("\r")[2]


def test_run_on_a_terminal_says_how_it_stands(hotfolder: CommandLine, studio: Studio) -> None:
    """Below a line for each picture there is one that lives, no wider than the terminal."""
    for count, columns in enumerate((80, 120), start=1):
        with hotfolder.at_terminal("run", columns=columns) as terminal:
            terminal.until(partial(_tells, terminal, "watching"), "it watches")
            studio.drop(f"{columns}.jpg", number=columns)
            terminal.until(partial(_tells, terminal, f"out/{columns}.jpg"), "the picture's line")
            terminal.until(partial(_tells, terminal, f"{count} done"), "the last line")
            terminal.process.send_signal(signal.SIGTERM)
        lines = [ANSI.sub("", each) for each in re.split(r"[\r\n]+", terminal.text)]
        assert max(map(len, lines)) <= columns
        assert not [line for line in lines if line.startswith("{")]


def _tells(terminal: Terminal, words: str) -> bool:
    return words in terminal.text


def test_the_key_appears_nowhere(hotfolder: CommandLine, studio: Studio) -> None:
    """Neither output, log, journal, spool, config nor process list holds the key; links are cut."""
    files = {studio.folder / "key"}
    place = studio.folder / "key"
    place.touch(mode=0o600)
    place.write_text(SECRET)
    keyed = {name: each for name, each in hotfolder.environment.items() if name != "RH_API_KEY"}
    text = hotfolder.config.read_text()
    hotfolder.config.write_text(text.replace("[api]\n", '[api]\nkey_file = "key"\n'))
    hotfolder.environment = keyed
    studio.fault(Fault(call="submit", kind="error_after", status=500, times=1))
    studio.fault(Fault(call="download", kind="truncate", times=2))
    studio.fault(Fault(call="query", kind="code", code="811", times=2))
    for number in range(4):
        studio.drop(f"{number}.jpg", number=number)
    with hotfolder.running("run", "--log-format", "json", "--log-level", "debug") as daemon:
        daemon.until(lambda: "watch.online" in daemon.err, "the daemon watches")
        wait_for(lambda: studio.states() == {"done": 3, "in_doubt": 1}, studio.summary)
        listed = Path(f"/proc/{daemon.process.pid}/cmdline").read_bytes()
        _check_shown(hotfolder, daemon)
        assert SECRET.encode() not in listed
        for path in studio.state.iterdir():
            if path.is_file():
                assert SECRET.encode() not in path.read_bytes(), path
        daemon.end()
    studio.simulator.update_settings(key=KEY)
    studio.drop("5.jpg", number=5)
    for words in (["once", "--log-level", "debug"], ["check", "--online"]):
        ended = hotfolder(*words)
        assert ended.code == 4, ended.said
        assert SECRET not in ended.out + ended.err
    named = {**keyed, "RH_API_KEY": f"{SECRET} {SECRET}"}
    assert SECRET not in hotfolder("check", environment=named).err
    for path in studio.folder.rglob("*"):
        if path.is_file() and path not in files:
            assert SECRET.encode() not in path.read_bytes(), path


def _check_shown(hotfolder: CommandLine, daemon: Running) -> None:
    """Check what is shown while the daemon runs, and its log."""
    for words in (["status", "--json"], ["jobs", "--json"], ["jobs"], ["explain", "in/0.jpg"]):
        ended = hotfolder(*words)
        assert SECRET not in ended.out + ended.err
        assert "?" not in "".join(re.findall(r"https?://\S+", ended.out))
    for line in log_lines(daemon.err):
        assert not re.search(r"https?://[^\"\s]*\?(?!\.\.\.)", json.dumps(line)), line


def test_the_console_script_is_installed(hotfolder: CommandLine) -> None:
    """`hotfolder --version` and `--help` answer; without a command the help is shown."""
    script = Path(sys.executable).with_name("hotfolder")
    said = subprocess.run([script, "--version"], check=True, capture_output=True, text=True)
    assert said.stdout == f"hotfolder {__version__}\n"
    told = hotfolder("--help").out
    for command in COMMANDS.split():
        assert re.search(rf"^  {command} ", told, re.MULTILINE), command


def test_the_simulator_is_found_by_the_client(hotfolder: CommandLine, studio: Studio) -> None:
    """`hotfolder simulator` says its address, and a hotfolder pointed there edits pictures."""
    studio.drop("ann.jpg")
    words = ["simulator", "--port", "0", "--task-seconds", "0"]
    with hotfolder.running(*words, environment={"PATH": "/usr/bin:/bin"}) as simulator:
        simulator.until(lambda: "Ctrl-C" in simulator.out, "it says where")
        found = re.search(r"api.base_url = (\S+)", simulator.out)
        assert found is not None
        there = {**hotfolder.environment, "RH_API_BASE_URL": found[1]}
        assert hotfolder("once", environment=there).code == 0
        taken = hotfolder("simulator", "--port", found[1].split(":")[2].split("/")[0])
        assert taken.code == 2
        assert "cannot be used" in taken.err
        assert simulator.end(signal.SIGINT).code == 0
    assert studio.outputs() == ["ann.jpg"]
    assert not studio.ledger().tasks
