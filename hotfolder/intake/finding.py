"""What of a watched tree the journal does not know as it is now. Runs in the watch's thread."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Final

from hotfolder import config, sources
from hotfolder.domain.sightings import Sighting
from hotfolder.intake import plan, sidecar
from hotfolder.intake.ignore import ignored, is_sidecar
from hotfolder.intake.scan import walk
from hotfolder.journal import sightings
from hotfolder.journal.journal import Journal

KNOWN_TOGETHER: Final = 500


class Finder:
    """Walks a watch's tree and judges hints; every call blocks.

    `stopped` ends a walk early. `refused` are the folders that the last whole walk could not
    list. `prompts_changed` tells that a folder's prompt changed since
    it was last set to False.
    """

    def __init__(
        self, watch: config.Watch, number: int, journal: Journal, stopped: threading.Event
    ) -> None:
        self.prompts_changed = True
        self.refused: list[str] = []
        self._watch = watch
        self._number = number
        self._journal = journal
        self._stopped = stopped
        self._sidecars: dict[str, Sighting] | None = None

    def walk(self, start: str = "") -> list[str]:
        """Return the sources below a folder that are unknown, or whose sidecars changed.

        Raises OSError where the folder cannot be listed.
        """
        found: list[str] = []
        sidecars: dict[str, Sighting] = {}
        refused: list[str] = []
        for listing in walk(
            self._watch.input, start, recursive=self._watch.recursive, refused=refused
        ):
            if self._stopped.is_set():
                break
            sidecars.update(each for each in listing.files if is_sidecar(each[0]))
            wanted = [each for each in listing.files if not plan.why_ignored(self._watch, each[0])]
            for at in range(0, len(wanted), KNOWN_TOGETHER):
                found.extend(self._unknown(wanted[at : at + KNOWN_TOGETHER]))
        found.extend(self._beside_changed(start, sidecars))
        if not start:
            self._sidecars = sidecars
            self.refused = refused
        return found

    def sort(self, hints: Iterable[str]) -> list[str]:
        """Return the sources that some hints may be about. Raises OSError, RootGone."""
        hints = set(hints)
        gone = [each for each in hints if each and sources.is_gone(self._watch.input, each)]
        if gone:
            self._journal.run_blocking(sightings.forget_gone, self._number, gone)
        found: list[str] = []
        for relative in sorted(hints):
            if ignored(relative):
                continue
            if is_sidecar(relative):
                self.prompts_changed |= relative.endswith(sidecar.FOLDER_PROMPT)
                found.extend(self._sources_of(relative))
            elif (self._watch.input / relative).is_dir():
                found.extend(self.walk(relative) if self._goes_into(relative) else ())
            elif not plan.why_ignored(self._watch, relative):
                found.extend(self._if_unknown(relative))
        return found

    def _unknown(self, files: list[tuple[str, Sighting]]) -> list[str]:
        first, last = files[0][0], files[-1][0]
        known = self._journal.run_blocking(sightings.known, self._number, first, last)
        return [path for path, sighting in files if not sightings.same(known.get(path), sighting)]

    def _if_unknown(self, relative: str) -> list[str]:
        try:
            return self._unknown([(relative, sources.look(self._watch.input, relative))])
        except (sources.SourceGone, sources.NotARegularFile):
            return []

    def _beside_changed(self, start: str, seen: dict[str, Sighting]) -> list[str]:
        """Return the sources beside sidecars that came, changed or went since the last walk."""
        if self._sidecars is None or self._stopped.is_set():
            return []
        inside = f"{start}/" if start else ""
        before = {path: each for path, each in self._sidecars.items() if path.startswith(inside)}
        changed = [path for path in before | seen if before.get(path) != seen.get(path)]
        self.prompts_changed |= any(path.endswith(sidecar.FOLDER_PROMPT) for path in changed)
        return [source for path in changed for source in self._sources_of(path)]

    def _sources_of(self, relative: str) -> list[str]:
        folder = relative.rpartition("/")[0]
        try:
            listing = next(walk(self._watch.input, folder, recursive=False))
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [
            path
            for path, _ in listing.files
            if relative in sidecar.names_for(path) and not plan.why_ignored(self._watch, path)
        ]

    def _goes_into(self, folder: str) -> bool:
        return self._watch.recursive or not folder
