"""Whether a config may be started with: what run, once and check ask first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from hotfolder import config, preflight
from hotfolder.cli.configured import read_config
from hotfolder.domain.errors import JournalUnavailable
from hotfolder.journal import seen
from hotfolder.journal.reader import Reader


def check(
    config_file: Path | None, environment: Mapping[str, str], *, waits: bool = False
) -> preflight.Ready:
    """Look at the config, its folders and the key. Raises ConfigError, KeyProblem.

    `waits` = whoever asks waits for a journal in a database that is away, and for folders, too.
    Else JournalUnavailable is raised.
    """
    draft = read_config(config_file)
    preflight.check_state_answers(draft)
    if draft.config is None:
        return preflight.check(draft, environment)
    try:
        known = _seen_online(draft.config)
    except JournalUnavailable:
        if not waits:
            raise
        known = [each.name for each in draft.config.watch]
    return preflight.check(draft, environment, seen_online=known)


def _seen_online(wanted: config.Config) -> Collection[str]:
    try:
        with Reader(wanted.state_dir, wanted.journal.url, any_version=True) as reader:
            return reader.read(seen.online)
    except (FileNotFoundError, PermissionError):
        return ()
