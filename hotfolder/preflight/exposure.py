"""What others may read or overhear that is not theirs: told, since only the owner can mend it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from hotfolder.config import Config
from hotfolder.domain.hosts import is_loopback

OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class Exposed:
    """What is open to others, and what to do."""

    words: str
    advice: str


def exposures(path: Path, wanted: Config) -> Iterator[Exposed]:
    """Yield what a config, the file that it was read from, and its state leave open."""
    if any(each.url for each in wanted.notify) and _mode(path) & OTHERS:
        yield Exposed(
            f"{path}: others may read the addresses of [[notify]] in it, which hold passwords",
            f"chmod 600 {path}, or put them into files of their own: url_file",
        )
    host = urlsplit(wanted.api.base_url).hostname or ""
    if wanted.api.base_url.startswith("http://") and not is_loopback(host):
        yield Exposed(
            f"api.base_url: the API key goes to {host} without encryption", "use https://"
        )
    yield from _open_state(wanted)


def _open_state(wanted: Config) -> Iterator[Exposed]:
    backups = wanted.backups_folder
    for each in (wanted.state_dir, wanted.state_dir / "journal.db"):
        if _mode(each) & OTHERS:
            yield Exposed(
                f"{each}: others may read it (mode {_mode(each):o})",
                f"chmod go= {each}, or start the daemon, which closes it",
            )
    if not _mode(backups) & OTHERS:
        return
    copies = [each for each in sorted(backups.glob("journal-*.db")) if _mode(each) & OTHERS]
    if copies:
        yield Exposed(
            f"{backups}: others may read {len(copies)} copies of the journal",
            f"chmod 700 {backups}",
        )


def _mode(path: Path) -> int:
    """Return the rights of a file or folder, 0 where there is none."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        return 0
