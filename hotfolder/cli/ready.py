"""Whether a config may be started with: what run, once and check ask first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hotfolder import config, preflight
from hotfolder.cli.configured import read_config
from hotfolder.journal import seen
from hotfolder.journal.reader import Reader


def check(config_file: Path | None, environment: Mapping[str, str]) -> preflight.Ready:
    """Look at the config, its folders and the key. Raises ConfigError, KeyProblem."""
    draft = read_config(config_file)
    preflight.check_state_answers(draft)
    return preflight.check(draft, environment, seen_online=_seen_online(draft))


def _seen_online(draft: config.Reading) -> frozenset[str]:
    if draft.config is None:
        return frozenset()
    try:
        with Reader(draft.config.state_dir, draft.config.journal.url, any_version=True) as reader:
            return reader.read(seen.online)
    except (FileNotFoundError, PermissionError):
        return frozenset()
