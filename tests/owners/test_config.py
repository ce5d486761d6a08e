"""The config file: every key, and where things lie."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from hotfolder import config
from hotfolder.runninghub.runs import reference
from tests.configs import WATCH, good, reading

EVERYTHING = """
state_dir = "/var/lib/hotfolder"

[api]
base_url = "https://www.runninghub.cn/openapi/v2"
key_file = "/etc/hotfolder/key"
webhook_url = "https://studio.test/hook"
webhook_listen = "[::1]:8790"

[limits]
concurrency = 3
calls_per_second = 60
backlog = 7
grace = 5
min_free_mb = 1
resend_up_to = 0.14
picture_memory_mb = 200
daily_charge = 10
confirm_over = 4
daily_coins = 50
price_preview = true
history_days = 30
confine = "required"

[journal]
url = "postgresql://hotfolder@db.test/studio"

[backup]
folder = "/mnt/usb"
keep = 3

[provenance]
certificate_file = "/etc/hotfolder/studio.pem"
key_file = "/etc/hotfolder/studio.key"
on_failure = "hold"
prompt_writer = "Ann"

[monitor]
listen = "127.0.0.1:9464"
hosts = ["studio.local"]

[web]
listen = "0.0.0.0:8484"
hosts = ["studio.local", "192.168.1.5"]
password_file = "/etc/hotfolder/page"

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
review = true
largest_mb = 300
sidecar_models = ["m"]
umask = "002"
group = "staff"
times = "source"
label = "visible"
label_text = "KI"
label_corner = "top-left"
label_size = 0.1
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
media = { video = "/srv/walk.mp4", sref = ["/srv/a.png"] }
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
keep_raw = true
confirm_over = 2.5
review = false
variants = 4
lines = true
group = "stem"
roles = { first = "{stem}_start" }
wait_for = ["last"]
set_wait = 5
ready = "_go"
recipe = "describe-draw"
publish = true
face = 2

[[watch.rule.then]]
model = "hypir-balance"
prompt = "sharper"
media = { last = "/srv/last.png" }
params = { x = 1 }
publish = true

[[watch.rule]]
name = "winter"
app = "187"
nodes = { "39.image" = "{source}", "3.seed" = 7 }

[[app]]
id = "187"
name = "Dress"
instance = "plus"
access_password_file = "/etc/hotfolder/dress"
coins = 12
price = 0.05
currency = "USD"
[app.nodes]
"39.image" = { type = "IMAGE", label = "person", role = "who", value = "{source}" }
"""
WHEN = config.When().model_dump()


def test_every_key_is_read(folder: Path) -> None:
    """Nothing that stands in the file is dropped; whole numbers do for seconds."""
    found = good(folder, EVERYTHING)
    assert found.model_dump() == {
        "state_dir": Path("/var/lib/hotfolder"),
        "model": [],
        "app": [
            {
                "id": "187",
                "name": "Dress",
                "output": "image",
                "instance": "plus",
                "access_password_file": Path("/etc/hotfolder/dress"),
                "coins": Decimal(12),
                "price": Decimal("0.05"),
                "currency": "USD",
                "nodes": {
                    "39.image": {
                        "type": "IMAGE",
                        "label": "person",
                        "role": "who",
                        "options": (),
                        "min": None,
                        "max": None,
                        "value": "{source}",
                    }
                },
            }
        ],
        "workflow": [],
        "models_file": None,
        "api": {
            "base_url": "https://www.runninghub.cn/openapi/v2",
            "key_file": Path("/etc/hotfolder/key"),
            "webhook_url": "https://studio.test/hook",
            "webhook_listen": "[::1]:8790",
        },
        "limits": {
            "concurrency": 3,
            "calls_per_second": 60,
            "backlog": 7,
            "grace": 5.0,
            "min_free_mb": 1,
            "resend_up_to": Decimal("0.14"),
            "picture_memory_mb": 200,
            "daily_charge": Decimal(10),
            "confirm_over": Decimal(4),
            "daily_coins": Decimal(50),
            "price_preview": True,
            "history_days": 30,
            "confine": "required",
        },
        "journal": {"url": "postgresql://hotfolder@db.test/studio"},
        "backup": {"folder": Path("/mnt/usb"), "keep": 3},
        "provenance": {
            "certificate_file": Path("/etc/hotfolder/studio.pem"),
            "key_file": Path("/etc/hotfolder/studio.key"),
            "on_failure": "hold",
            "prompt_writer": "Ann",
        },
        "monitor": {"listen": "127.0.0.1:9464", "hosts": ["studio.local"]},
        "web": {
            "listen": "0.0.0.0:8484",
            "hosts": ["studio.local", "192.168.1.5"],
            "password_file": Path("/etc/hotfolder/page"),
        },
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
                "review": True,
                "largest_mb": 300,
                "sidecar_models": ["m"],
                "umask": "002",
                "group": "staff",
                "times": "source",
                "label": "visible",
                "label_text": "KI",
                "label_corner": "top-left",
                "label_size": 0.1,
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
                        "app": "",
                        "workflow": "",
                        "nodes": {},
                        "prompt": "gold",
                        "prompt_file": None,
                        "when": WHEN | {"orientation": ["portrait"], "min_rating": 3},
                        "references": [Path("/srv/logo.png")],
                        "media": {"video": Path("/srv/walk.mp4"), "sref": [Path("/srv/a.png")]},
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
                        "keep_raw": True,
                        "confirm_over": Decimal("2.5"),
                        "metadata_prompt": True,
                        "review": False,
                        "lines": True,
                        "variants": 4,
                        "group": "stem",
                        "roles": {"first": "{stem}_start"},
                        "wait_for": ["last"],
                        "set_wait": 5.0,
                        "ready": "_go",
                        "recipe": "describe-draw",
                        "publish": True,
                        "face": 2,
                        "then": [
                            {
                                "model": "hypir-balance",
                                "app": "",
                                "workflow": "",
                                "nodes": {},
                                "prompt": "sharper",
                                "media": {"last": Path("/srv/last.png")},
                                "params": {"x": 1},
                                "publish": True,
                            }
                        ],
                    },
                    {
                        "name": "winter",
                        "match": [],
                        "exclude": [],
                        "model": reference("app", "187", {"39.image": "{source}"}),
                        "app": "187",
                        "workflow": "",
                        "nodes": {"39.image": "{source}", "3.seed": 7},
                        "prompt": None,
                        "prompt_file": None,
                        "when": WHEN,
                        "references": [],
                        "media": {},
                        "params": {"3.seed": 7},
                        "output_name": None,
                        "prepare": "auto",
                        "max_mb": 0.0,
                        "max_megapixels": 0.0,
                        "strip": [],
                        "format": "keep",
                        "size": "model",
                        "metadata": "copy",
                        "metadata_gps": True,
                        "keep_raw": False,
                        "confirm_over": None,
                        "metadata_prompt": False,
                        "review": None,
                        "lines": False,
                        "variants": 1,
                        "group": None,
                        "roles": {},
                        "wait_for": [],
                        "set_wait": None,
                        "ready": "",
                        "recipe": "",
                        "publish": False,
                        "face": None,
                        "then": [],
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


@pytest.mark.parametrize("start", [b"\xef\xbb\xbf", b"\r\n"])
def test_windows_files_are_fine(folder: Path, start: bytes) -> None:
    """A byte order mark and Windows' line ends do no harm, to the line numbers neither."""
    raw = start + WATCH.replace("\n", "\r\n").encode() + b"settle = 0\r\n"
    (problem,) = reading(folder, raw).problems
    assert problem.line == raw.split(b"\r\n").index(b"settle = 0") + 1


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


def test_a_config_is_known_by_all_that_it_says(folder: Path) -> None:
    """Comments change nothing; every value, every file that belongs to it and the service do."""
    (folder / "prompt.txt").write_text("Summer")
    (folder / "models.toml").write_text("")
    text = f'models_file = "models.toml"\n{WATCH}[[watch.rule]]\nprompt_file = "prompt.txt"\n'
    begun = good(folder, text).fingerprint
    assert good(folder, f"# mine\n{text}").fingerprint == begun
    elsewhere = good(folder, text, {"RH_API_BASE_URL": "https://elsewhere.test"}).fingerprint
    seen = {begun, elsewhere, good(folder, f"{text}review = true\n").fingerprint}
    (folder / "prompt.txt").write_text("Winter")
    seen.add(good(folder, text).fingerprint)
    (folder / "models.toml").write_text("# none\n")
    seen.add(good(folder, text).fingerprint)
    assert len(seen) == 5
    assert "" not in seen


LIMITED = WATCH.replace('"w"', '"x"').replace('"in"', '"in2"') + "charge_per_day = 2.5\n"


@pytest.mark.parametrize("text", [f"{WATCH}{LIMITED}", f"[limits]\ndaily_charge = 3.0\n{WATCH}"])
def test_a_glance_shows_what_the_whole_config_says(folder: Path, text: str) -> None:
    """Who only looks gets the same of what a daemon has written."""
    whole = good(folder, text)
    seen = config.glance(config.written(whole), whole.state_dir, whole.fingerprint, lambda: whole)
    assert [(each.name, each.input, each.output, each.sidecar) for each in seen.watch] == [
        (each.name, each.input, each.output, each.sidecar) for each in whole.watch
    ]
    assert (seen.unlimited, seen.journal.url) == (whole.unlimited, whole.journal.url)
    assert seen.whole() is whole
