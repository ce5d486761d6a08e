"""Which changes of a config may be put into force while the program runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hotfolder import config
from hotfolder.journal import configs
from hotfolder.reload import ReloadRefused, change

if TYPE_CHECKING:
    from pathlib import Path

    from tests.builders import Desk


def made(**changes: Any) -> config.Config:  # noqa: ANN401  a config's sections
    """Return a config with some sections of its own."""
    watch = {"name": "one", "input": "/in", "output": "/out"}
    return config.Config.model_validate({"state_dir": "/state", "watch": [watch], **changes})


def test_limits_and_watches_may_change() -> None:
    """What they say is in force at once."""
    watch = {"name": "two", "input": "/in2", "output": "/out2"}
    wanted = made(limits={"grace": 1.0}, watch=[watch])
    found = change(made(), wanted, open_jobs=5)
    assert found.config == wanted
    assert found.needs_restart == ()


def test_what_is_open_stays_as_it_is() -> None:
    """The journal's place and the way to the service wait for a restart, and are named."""
    wanted = made(state_dir="/else", api={"key_file": "/key"}, limits={"grace": 1.0})
    found = change(made(), wanted, open_jobs=5)
    assert found.config == made(limits={"grace": 1.0})
    assert found.needs_restart == ("state_dir", "api.key_file")


def test_another_service_waits_for_the_last_job() -> None:
    """With jobs open at the present service a config that names another is refused whole."""
    wanted = made(api={"base_url": "https://else.test"})
    with pytest.raises(ReloadRefused, match=r"5 jobs are open"):
        change(made(), wanted, open_jobs=5)
    assert change(made(), wanted, open_jobs=0).needs_restart == ("api.base_url",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('state_dir = "s"\n[[watch]', "s"),
        ('nonsense here\nstate_dir = "s"', "s"),
        ('[api\nstate_dir = "s"', "usual"),
        ("", "usual"),
        ("state_dir = 5", None),
        ('state_dir = "a\\u0000b"', None),
    ],
)
def test_a_broken_config_still_tells_where_its_state_is(
    tmp_path: Path, text: str, expected: str | None
) -> None:
    """So that `status` can ask the daemon that runs by the config before it."""
    path = tmp_path / "config.toml"
    path.write_text(text)
    environment = {"STATE_DIRECTORY": str(tmp_path / "usual")}
    found = config.state_dir(path, environment)
    assert found == (tmp_path / expected if expected else None)


def test_the_config_in_force_is_kept(desk: Desk) -> None:
    """What the daemon runs by can be read back, whatever the file says meanwhile."""
    written = configs.InForce(
        config=config.written(made()), problem="line 3: …", needs_restart=("state_dir",)
    )
    assert desk.journal.run_blocking(configs.find) is None
    desk.journal.run_blocking(configs.keep, written)
    found = desk.journal.run_blocking(configs.find)
    assert found == written
    assert config.restored(found.config) == made()
    assert config.restored('{"of": "another version"}') is None
