"""What is wrong with a config: every problem at once, in plain words, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotfolder import config
from hotfolder.config import ConfigError
from tests.configs import WATCH, reading

# Every wrong line stands alone in an otherwise good file; {} marks where it is put.
TOP = "{}\n" + WATCH
API = "[api]\n{}\n" + WATCH
JOURNAL = "[journal]\n{}\n" + WATCH
LIMITS = "[limits]\n{}\n" + WATCH
IN_WATCH = WATCH + "{}\n"
IN_RULE = WATCH + '[[watch.rule]]\nname = "a"\n[[watch.rule]]\n{}\n'
IN_PARAMS = WATCH + "[[watch.rule]]\n[watch.rule.params]\n{}\n"
RULE = "watch[1].rule[2]"


WRONG = [
    (TOP, "bogus = 1", "bogus", "is not a known key"),
    (TOP, "state_dir = 3", "state_dir", "must be a path in quotes"),
    (TOP, 'state_dir = ""', "state_dir", "must not be empty"),
    (TOP, 'state_dir = "a\\u0000"', "state_dir", "NUL"),
    (TOP, 'state_dir = "~no_such_user_here/x"', "state_dir", "home folder"),
    (TOP, "api = 3", "api", "must be a table"),
    (TOP, "limits = []", "limits", "must be a table"),
    (API, "bogus = 1", "api.bogus", "is not a known key"),
    (API, "base_url = 1", "api.base_url", "must be a text in quotes"),
    (API, 'base_url = "ftp://x"', "api.base_url", "'ftp://x'"),
    (API, 'base_url = "https://"', "api.base_url", "'https://'"),
    (API, "key_file = []", "api.key_file", "must be a path in quotes"),
    (API, 'webhook_url = "studio.test"', "api.webhook_url", "begins with http"),
    (API, 'webhook_url = "https://a.test/?b"', "api.webhook_url", "without ?"),
    (JOURNAL, 'url = "mysql://db.test/studio"', "journal.url", "must be like postgresql://"),
    (JOURNAL, 'url = "postgresql://db.test"', "journal.url", "must be like postgresql://"),
    (JOURNAL, 'url = "postgresql://a:b@db.test/x"', "journal.url", "must not hold the password"),
    (JOURNAL, 'url = "postgresql:///x?password=b"', "journal.url", "must not hold the password"),
    (API, 'webhook_listen = "8790"', "api.webhook_listen", "must be host:port"),
    (API, 'webhook_listen = "a.test:0"', "api.webhook_listen", "must be host:port"),
    (API, 'webhook_listen = "a.test:65536"', "api.webhook_listen", "must be host:port"),
    (API, 'webhook_listen = "::1:8790"', "api.webhook_listen", "must be host:port"),
    (API, 'key = "k"', "api.key", "is not a known key"),
    (LIMITS, "concurrency = -1", "limits.concurrency", "must be at least 0"),
    (LIMITS, "concurrency = 99999", "limits.concurrency", "must be at most 10000"),
    (LIMITS, "concurrency = 1.5", "limits.concurrency", "must be a whole number"),
    (LIMITS, "concurrency = true", "limits.concurrency", "must be a whole number"),
    (LIMITS, "grace = -1", "limits.grace", "must be at least 0"),
    (LIMITS, "grace = inf", "limits.grace", "must be a finite number"),
    (LIMITS, "grace = nan", "limits.grace", "must be "),
    (LIMITS, 'grace = "5"', "limits.grace", "must be a number"),
    (LIMITS, "min_free_mb = -1", "limits.min_free_mb", "must be at least 0"),
    (LIMITS, "resend_up_to = -0.1", "limits.resend_up_to", "must be at least 0"),
    (LIMITS, "resend_up_to = true", "limits.resend_up_to", "must be a number"),
    (LIMITS, "resend_up_to = inf", "limits.resend_up_to", "must be a number"),
    (LIMITS, "dayly_charge = 1", "limits.dayly_charge", "is not a known key"),
    (IN_WATCH, "bogus = 1", "watch[1].bogus", "is not a known key"),
    (IN_WATCH, 'recursive = "yes"', "watch[1].recursive", "must be true or false"),
    (IN_WATCH, 'detect = "magic"', "watch[1].detect", "must be 'auto', 'events' or 'scan'"),
    (IN_WATCH, "detect = 1", "watch[1].detect", "must be 'auto', 'events' or 'scan'"),
    (IN_WATCH, "settle = 0", "watch[1].settle", "must be at least 0.05"),
    (IN_WATCH, 'settle = "2"', "watch[1].settle", "must be a number"),
    (IN_WATCH, "scan_interval = 0", "watch[1].scan_interval", "'auto' or at least 0.1"),
    (IN_WATCH, 'scan_interval = "x"', "watch[1].scan_interval", "'auto' or a number"),
    (IN_WATCH, "scan_interval = []", "watch[1].scan_interval", "'auto' or a number"),
    (IN_WATCH, 'rules = "some"', "watch[1].rules", "must be 'first' or 'all'"),
    (IN_WATCH, "sidecar = false", "watch[1].sidecar", "'optional', 'required' or 'none'"),
    (IN_WATCH, "sidecar_wait = -1", "watch[1].sidecar_wait", "must be at least 0"),
    (IN_WATCH, 'sidecar_models = "m"', "watch[1].sidecar_models", "must be a list"),
    (IN_WATCH, "sidecar_models = [1]", "watch[1].sidecar_models[1]", "must be a text"),
    (IN_WATCH, "rule = []", "watch[1].rule", "must not be empty"),
    (IN_RULE, "bogus = 1", f"{RULE}.bogus", "is not a known key"),
    (IN_RULE, 'name = "a/b"', f"{RULE}.name", "'a/b'"),
    (IN_RULE, 'name = ""', f"{RULE}.name", "''"),
    (IN_RULE, 'match = "*.jpg"', f"{RULE}.match", "must be a list"),
    (IN_RULE, "exclude = [1]", f"{RULE}.exclude[1]", "must be a text"),
    (IN_RULE, "model = 1", f"{RULE}.model", "must be a text"),
    (IN_RULE, "prompt = 1", f"{RULE}.prompt", "must be a text"),
    (IN_RULE, 'output_name = "x"', f"{RULE}.output_name", 'must end with ".{ext}"'),
    (IN_RULE, 'output_name = "{day}.{ext}"', f"{RULE}.output_name", "no field {day}"),
    (IN_RULE, "params = 1", f"{RULE}.params", "must be a table"),
    (IN_RULE, "params.x = nan", f"{RULE}.params.x", "must be a finite number"),
    (IN_PARAMS, "x = 1979-05-27", "watch[1].rule[1].params.x", "must be a text, a number"),
    (IN_PARAMS, "x = [[1]]", "watch[1].rule[1].params.x", "must be a text, a number"),
    (IN_PARAMS, "x = { y = 1 }", "watch[1].rule[1].params.x", "must be a text, a number"),
    (IN_PARAMS, "x = [nan]", "watch[1].rule[1].params.x", "must be a finite number"),
]


@pytest.mark.parametrize(("place", "line", "key", "words"), WRONG)
def test_every_wrong_line_is_named(
    folder: Path, place: str, line: str, key: str, words: str
) -> None:
    """One message for one wrong key: its path, its line, and what it must be."""
    text = place.replace("{}", line, 1)
    (problem,) = reading(folder, text).problems
    assert (problem.key, problem.line) == (key, text.split("\n").index(line) + 1)
    assert words in problem.message


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("", "watch", None),
        ("watch = []", "watch", 1),
        ('\n[[watch]]\nname = "w"\ninput = "i"', "watch[1].output", 2),
        (WATCH + '[[watch]]\nname = "v"\noutput = "o"', "watch[2].input", 5),
        ("[watch]\nx = 1", "watch", 1),
    ],
)
def test_what_is_missing_is_named(folder: Path, text: str, key: str, line: int | None) -> None:
    """A required key that is not there is looked for in its table."""
    found = reading(folder, text)
    assert found.config is None
    assert [(problem.key, problem.line) for problem in found.problems] == [(key, line)]


def test_all_problems_come_at_once(folder: Path) -> None:
    """Nobody has to start ten times to find ten mistakes."""
    text = WATCH.join(["bogus = 1\n", "settle = 0\n", 'rules = "x"\n[[watch.rule]]\nprompt = 1\n'])
    found = [(problem.key, problem.line) for problem in reading(folder, text).problems]
    assert sorted(found) == [
        ("bogus", 1),
        ("watch[1].settle", 6),
        ("watch[2].rule[1].prompt", 13),
        ("watch[2].rules", 11),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (WATCH + WATCH, "two watches are named w"),
        (WATCH + '[[watch.rule]]\nname = "a"\n' * 2, "two rules are named a"),
        (WATCH + "[[watch.rule]]\n" * 2, "two rules are named default"),
    ],
)
def test_names_are_unique(folder: Path, text: str, words: str) -> None:
    """Watches and the rules of a watch can be told apart by their names."""
    (problem,) = reading(folder, text).problems
    assert words in problem.message


def test_a_wrong_base_url_from_the_environment(folder: Path) -> None:
    """A wrong override is a problem of the same key."""
    (problem,) = reading(folder, WATCH, {"RH_API_BASE_URL": "nonsense"}).problems
    assert (problem.key, "'nonsense'" in problem.message) == ("api.base_url", True)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"name = ", "is not TOML"),
        (b"a = 1\na = 2", "is not TOML"),
        (b"a = " + b"[" * 5000, "is "),
    ],
)
def test_a_file_that_is_no_toml(folder: Path, raw: bytes, words: str) -> None:
    """What cannot be read at all is said in one line with the file's name."""
    with pytest.raises(ConfigError) as caught:
        reading(folder, raw)
    assert words in str(caught.value)
    assert "hotfolder.toml" in str(caught.value)


def test_a_file_that_is_not_there(folder: Path) -> None:
    """A missing file leads to `init`; a folder is no file."""
    with pytest.raises(ConfigError, match="hotfolder init"):
        config.read(folder / "missing.toml", {})
    with pytest.raises(ConfigError, match="cannot be read"):
        config.read(folder, {})


def test_problems_read_as_lines(folder: Path) -> None:
    """An error shows the file and one line for each problem."""
    found = reading(folder, "bogus = 1\n" + WATCH)
    told = str(ConfigError(found.path, found.problems))
    assert told == f"{found.path}:\n  line 1: bogus: is not a known key"
    assert str(config.Problem("", "words")) == "words"
    assert str(config.Problem("a", "words")) == "a: words"


def test_key_paths_are_counted_from_one() -> None:
    """People count from one."""
    assert config.key_path(("watch", 0, "rule", 1, "prompt")) == "watch[1].rule[2].prompt"


LINES = """\
limits.grace = 1
"state_dir" = "x"
[api] # the service
base_url = "x"

[[watch]]
name = "one"
[[watch.rule]]
  prompt = "a"
  [watch.rule.params]
  size = 1
[[watch]]
name = "two"
[[watch.rule]]
[[watch.rule]]
prompt = '''
prompt = "not me"
'''
params.size = 1
"""


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("limits", "grace"), 1),
        (("state_dir",), 2),
        (("api",), 3),
        (("api", "base_url"), 4),
        (("api", "missing"), 3),
        (("watch", 0, "name"), 7),
        (("watch", 0, "rule", 0, "prompt"), 9),
        (("watch", 0, "rule", 0, "params", "size"), 11),
        (("watch", 1, "name"), 13),
        (("watch", 1), 12),
        (("watch", 1, "rule", 0), 14),
        (("watch", 1, "rule", 1, "prompt"), 16),
        (("watch", 1, "rule", 1, "params", "size"), 19),
        (("elsewhere",), None),
    ],
)
def test_lines_of_key_paths(place: tuple[int | str, ...], line: int | None) -> None:
    """A key is found on its line in plain tables, arrays of tables and dotted keys."""
    assert config.line_of(LINES, place) == line
