"""The config file: every key, and every problem at once with its place."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from hotfolder import config
from hotfolder.config import Config, ConfigError, Reading
from hotfolder.runninghub.catalog import DEFAULT_MODEL

if TYPE_CHECKING:
    from collections.abc import Mapping

WATCH = '[[watch]]\nname = "w"\ninput = "in"\noutput = "out"\n'
EVERYTHING = """
state_dir = "/var/lib/hotfolder"

[api]
base_url = "https://www.runninghub.cn/openapi/v2"
key_file = "/etc/hotfolder/key"
webhook_url = "https://studio.test/hook"
webhook_listen = "[::1]:8790"

[limits]
concurrency = 3
backlog = 7
grace = 5
min_free_mb = 1
resend_up_to = 0.14
picture_memory_mb = 200
daily_charge = 10
price_preview = true
history_days = 30

[backup]
folder = "/mnt/usb"
keep = 3

[monitor]
listen = "127.0.0.1:9464"

[[notify]]
name = "office"
url = "json://studio.test"
about = ["hold", "summary"]
offline_minutes = 5
summary_at = "07:30"

[[watch]]
name = "portraits"
input = "/srv/in"
output = "/srv/out"
recursive = false
detect = "scan"
settle = 1
scan_interval = 7.5
rules = "all"
sidecar = "required"
sidecar_wait = 1.0
orphan_after = 30.0
sidecar_models = ["m"]
umask = "002"
group = "staff"
times = "source"
reference_folders = ["/srv/brand"]
duplicates = "edit"
collision = "replace"
originals = "move"
charge_per_day = 2.5
notes = "all"

[[watch.rule]]
name = "summer"
match = ["*.jpg"]
exclude = ["x*"]
model = "m"
prompt = "gold"
references = ["/srv/logo.png"]
when = { orientation = ["portrait"], min_rating = 3 }
params = { size = "1k", n = 1, f = 1.5, b = true, l = ["a", 1] }
output_name = "{stem}-x.{ext}"
prepare = "fail"
max_mb = 5
max_megapixels = 12.5
strip = ["gps"]
format = "webp"
size = "source"
metadata = "none"
metadata_gps = false
metadata_prompt = true

[[watch.rule]]
name = "winter"
"""


WHEN = config.When().model_dump()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder for config files that is also the home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def reading(
    folder: Path, text: str | bytes, environment: Mapping[str, str] | None = None
) -> Reading:
    """Read a text as a config file."""
    path = folder / "hotfolder.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return config.read(path, environment or {})


def good(folder: Path, text: str, environment: Mapping[str, str] | None = None) -> Config:
    """Read a text that must be right."""
    found = reading(folder, text, environment)
    assert found.problems == []
    assert found.config is not None
    return found.config


def test_every_key_is_read(folder: Path) -> None:
    """Nothing that stands in the file is dropped; whole numbers do for seconds."""
    found = good(folder, EVERYTHING)
    assert found.model_dump() == {
        "state_dir": Path("/var/lib/hotfolder"),
        "model": [],
        "models_file": None,
        "api": {
            "base_url": "https://www.runninghub.cn/openapi/v2",
            "key_file": Path("/etc/hotfolder/key"),
            "webhook_url": "https://studio.test/hook",
            "webhook_listen": "[::1]:8790",
        },
        "limits": {
            "concurrency": 3,
            "backlog": 7,
            "grace": 5.0,
            "min_free_mb": 1,
            "resend_up_to": Decimal("0.14"),
            "picture_memory_mb": 200,
            "daily_charge": Decimal(10),
            "price_preview": True,
            "history_days": 30,
        },
        "backup": {"folder": Path("/mnt/usb"), "keep": 3},
        "monitor": {"listen": "127.0.0.1:9464"},
        "notify": [
            {
                "name": "office",
                "url": SecretStr("json://studio.test"),
                "url_file": None,
                "command": [],
                "about": ["hold", "summary"],
                "offline_minutes": 5.0,
                "summary_at": "07:30",
            }
        ],
        "watch": [
            {
                "name": "portraits",
                "input": Path("/srv/in"),
                "output": Path("/srv/out"),
                "recursive": False,
                "detect": "scan",
                "settle": 1.0,
                "scan_interval": 7.5,
                "rules": "all",
                "sidecar": "required",
                "sidecar_wait": 1.0,
                "orphan_after": 30.0,
                "sidecar_models": ["m"],
                "umask": "002",
                "group": "staff",
                "times": "source",
                "reference_folders": [Path("/srv/brand")],
                "duplicates": "edit",
                "collision": "replace",
                "originals": "move",
                "charge_per_day": Decimal("2.5"),
                "notes": "all",
                "rule": [
                    {
                        "name": "summer",
                        "match": ["*.jpg"],
                        "exclude": ["x*"],
                        "model": "m",
                        "prompt": "gold",
                        "prompt_file": None,
                        "when": WHEN | {"orientation": ["portrait"], "min_rating": 3},
                        "references": [Path("/srv/logo.png")],
                        "params": {"size": "1k", "n": 1, "f": 1.5, "b": True, "l": ["a", 1]},
                        "output_name": "{stem}-x.{ext}",
                        "prepare": "fail",
                        "max_mb": 5.0,
                        "max_megapixels": 12.5,
                        "strip": ["gps"],
                        "format": "webp",
                        "size": "source",
                        "metadata": "none",
                        "metadata_gps": False,
                        "metadata_prompt": True,
                    },
                    {
                        "name": "winter",
                        "match": [],
                        "exclude": [],
                        "model": DEFAULT_MODEL,
                        "prompt": None,
                        "prompt_file": None,
                        "when": WHEN,
                        "references": [],
                        "params": {},
                        "output_name": None,
                        "prepare": "auto",
                        "max_mb": 0.0,
                        "max_megapixels": 0.0,
                        "strip": [],
                        "format": "keep",
                        "size": "model",
                        "metadata": "copy",
                        "metadata_gps": True,
                        "metadata_prompt": False,
                    },
                ],
            }
        ],
    }


def test_defaults_are_the_contracts(folder: Path) -> None:
    """A watch with its two folders is enough; the rest is as documented."""
    found = good(folder, WATCH)
    (watch,) = found.watch
    assert (watch.recursive, watch.detect, watch.settle) == (True, "auto", 2.0)
    assert (watch.scan_interval, watch.rules, watch.sidecar) == ("auto", "first", "optional")
    assert (watch.sidecar_wait, watch.sidecar_models) == (3.0, [])
    assert (found.limits.concurrency, found.limits.grace) == (0, 20.0)
    assert found.limits.min_free_mb == 500
    assert found.api.base_url == "https://www.runninghub.ai/openapi/v2"
    assert [rule.model for rule in watch.rule] == ["xai/grok-imagine-image/edit-official-stable"]


def test_a_config_cannot_be_changed(folder: Path) -> None:
    """What was checked stays what it was."""
    with pytest.raises(ValueError, match="frozen"):
        good(folder, WATCH).watch[0].settle = 0  # type: ignore[misc]


# Every wrong line stands alone in an otherwise good file; {} marks where it is put.
TOP = "{}\n" + WATCH
API = "[api]\n{}\n" + WATCH
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


# -- where things lie


def test_relative_paths_are_relative_to_the_file(folder: Path, tmp_path: Path) -> None:
    """Where the program was started from does not matter; ~ is the home."""
    text = 'state_dir = "~/state"\n[api]\nkey_file = "../key"\n' + WATCH
    found = good(folder, text)
    assert found.watch[0].input == folder / "in"
    assert found.state_dir == tmp_path / "state"
    assert found.api.key_file == folder.parent / "key"


def test_links_in_paths_are_kept(folder: Path) -> None:
    """A path through a link stays as it was written: the link may be moved later."""
    (folder / "real").mkdir()
    (folder / "in").symlink_to("real")
    assert good(folder, WATCH).watch[0].input == folder / "in"


@pytest.mark.parametrize(
    ("environment", "stated", "wanted"),
    [
        ({"STATE_DIRECTORY": "/var/lib/x"}, "", "/var/lib/x"),
        ({"STATE_DIRECTORY": "/var/lib/x:/var/lib/y"}, "", "/var/lib/x"),
        ({"STATE_DIRECTORY": "/var/lib/x"}, 'state_dir = "/mine"\n', "/mine"),
    ],
)
def test_state_directory(
    folder: Path, environment: dict[str, str], stated: str, wanted: str
) -> None:
    """The directory of systemd is the default, the file's own goes before it."""
    assert good(folder, stated + WATCH, environment).state_dir == Path(wanted)


def test_the_users_state_directory_is_the_last_resort(folder: Path) -> None:
    """Without systemd the state lies in the user's own directory."""
    assert good(folder, WATCH).state_dir.name == "hotfolder"


@pytest.mark.parametrize("text", [WATCH, '[api]\nbase_url = "https://x.test/v2"\n' + WATCH])
def test_base_url_from_the_environment(folder: Path, text: str) -> None:
    """RH_API_BASE_URL overrides the file, an empty one does not."""
    environment = {"RH_API_BASE_URL": "http://127.0.0.1:1/openapi/v2"}
    assert good(folder, text, environment).api.base_url == environment["RH_API_BASE_URL"]
    assert "http" in good(folder, text, {"RH_API_BASE_URL": ""}).api.base_url


def test_a_wrong_base_url_from_the_environment(folder: Path) -> None:
    """A wrong override is a problem of the same key."""
    (problem,) = reading(folder, WATCH, {"RH_API_BASE_URL": "nonsense"}).problems
    assert (problem.key, "'nonsense'" in problem.message) == ("api.base_url", True)


def test_where_the_file_is_looked_for(folder: Path) -> None:
    """The one given, $HOTFOLDER_CONFIG, the folder's, the user's, the system's."""
    here, user = folder / "hotfolder.toml", folder / "xdg/hotfolder/config.toml"
    environment = {"XDG_CONFIG_HOME": str(folder / "xdg")}
    assert config.find(None, environment, folder) == Path("/etc/hotfolder/config.toml")
    user.parent.mkdir(parents=True)
    user.touch()
    assert config.find(None, environment, folder) == user
    here.touch()
    assert config.find(None, environment, folder) == here
    named = {**environment, "HOTFOLDER_CONFIG": "/named.toml"}
    assert config.find(None, named, folder) == Path("/named.toml")
    assert config.find(Path("given.toml"), named, folder) == Path("given.toml")


# -- files that cannot be read


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


@pytest.mark.parametrize("start", [b"\xef\xbb\xbf", b"\r\n"])
def test_windows_files_are_fine(folder: Path, start: bytes) -> None:
    """A byte order mark and Windows' line ends do no harm, to the line numbers neither."""
    raw = start + WATCH.replace("\n", "\r\n").encode() + b"settle = 0\r\n"
    (problem,) = reading(folder, raw).problems
    assert problem.line == raw.split(b"\r\n").index(b"settle = 0") + 1


# -- the words of a problem


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


# -- output names


@pytest.mark.parametrize(
    ("rules", "stated", "template"),
    [
        ("first", "", "{stem}.{ext}"),
        ("all", "", "{stem}.{rule}.{ext}"),
        ("all", 'output_name = "{name}.{ext}"\n', "{name}.{ext}"),
    ],
)
def test_output_templates(folder: Path, rules: str, stated: str, template: str) -> None:
    """With several rules for one source each result carries its rule's name by default."""
    (watch,) = good(folder, f'{WATCH}rules = "{rules}"\n[[watch.rule]]\n{stated}').watch
    assert watch.output_template(watch.rule[0]) == template


OWN_MODEL = """
[[model]]
name = "my/model"
endpoint = "my/edit"
output = "image"
params.picture = { type = "IMAGE", required = true }
"""


def test_the_owner_adds_models(folder: Path) -> None:
    """A [[model]] of the config and one of models_file are known; the config's word counts."""
    (folder / "models.toml").write_text(
        OWN_MODEL.replace("my/edit", "his/edit")
        + '[[model]]\nname = "f-2-dev/edit"\nconfirmed = true\n'
    )
    plain = good(folder, WATCH)
    found = good(folder, f'models_file = "models.toml"\n{WATCH}{OWN_MODEL}')
    models = found.watch[0].catalog
    assert models is found.catalog
    mine = models.find("my/model")
    assert mine is not None
    assert mine.endpoint == "my/edit"
    assert models.find("f-2-dev/edit") is not None
    assert plain.catalog.find("f-2-dev/edit") is None
    assert plain.watch != found.watch


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            '[[model]]\nname = "my/model"\n',
            ["model[1].endpoint: is required", "model[1].output: is required"],
        ),
        (OWN_MODEL.replace("my/edit", "../edit"), ["model[1].endpoint: is not of the form"]),
        (OWN_MODEL.replace("IMAGE", "PICTURE"), ["model[1].params.picture.type: must be"]),
        (OWN_MODEL.replace("required", "requird"), ["model[1].params.picture.requird: is not"]),
        (OWN_MODEL + OWN_MODEL, ["two models are named my/model"]),
        ('[[model]]\nname = "f-2-dev/edit"\nconfirmd = true', ["model[1].confirmd: is not"]),
    ],
)
@pytest.mark.parametrize("place", ["config", "file"])
def test_a_wrong_model_is_found(folder: Path, text: str, problems: list[str], place: str) -> None:
    """What is wrong with an own model is told with its place, in the config and in a file."""
    (folder / "models.toml").write_text(text)
    filed = place == "file"
    head = 'models_file = "models.toml"\n' if filed else ""
    found = [str(each) for each in reading(folder, head + WATCH + ("" if filed else text)).problems]
    for expected in problems:
        assert any(expected in each for each in found), found
    if filed:
        assert all("line 1: models_file: " in each and "models.toml" in each for each in found)


def test_a_models_file_that_is_missing(folder: Path) -> None:
    """It is named with the key that asks for it."""
    (problem,) = reading(folder, f'models_file = "no.toml"\n{WATCH}').problems
    assert problem.key == "models_file"
    assert "no.toml: there is no such file" in problem.message
