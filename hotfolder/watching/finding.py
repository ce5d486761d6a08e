"""What of a watched tree the journal does not know as it is now. Runs in the watch's thread."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Final

import structlog

from hotfolder import config
from hotfolder.domain.sightings import why_no_file
from hotfolder.journal import aside, sightings
from hotfolder.journal.journal import Journal
from hotfolder.journal.sightings import Known, Observed, Unlike
from hotfolder.planning import grouping, naming, source_marks
from hotfolder.planning.forms import is_sidecar
from hotfolder.planning.staleness import StaleCheck
from hotfolder.tree import files, ignorefile
from hotfolder.tree.ignore import ignored
from hotfolder.tree.ignorefile import IgnoreFiles
from hotfolder.tree.scan import Listing, walk
from hotfolder.watching.backlog import Backlog
from hotfolder.watching.left_out import LeftOut

COMPARED_TOGETHER: Final = 1000
SLICE_S: Final = 0.2

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.watching")

Seen = list[Observed]


def _tell_broken(place: str, reason: str) -> None:
    log.warning("ignorefile.broken", place=place, error=reason)


class Finder:
    """Walks a watch's tree and judges hints; every call blocks.

    `entering` is told each folder right before it is listed; `stopped` ends a walk early;
    `away` gives what says of a path whether the disk it lies on is not mounted; `waits` says of a
    file, as it looks, whether it only waits for the others of its set.
    `refused` are the folders that the last whole walk could not list.
    """

    def __init__(  # noqa: PLR0913  what it knows of its watch, and how it is told
        self,
        watch: config.Watch,
        number: int,
        journal: Journal,
        backlog: Backlog,
        stale: StaleCheck,
        stopped: threading.Event,
        *,
        entering: Callable[[str], None] = lambda _folder: None,
        away: Callable[[], Callable[[str], bool]] = lambda: lambda _path: False,
        waits: Callable[[str, Known], bool] = lambda _path, _seen: False,
    ) -> None:
        self.refused: list[str] = []
        self._watch = watch
        self._number = number
        self._journal = journal
        self._backlog = backlog
        self._stopped = stopped
        self._entering = entering
        self._away = away
        self._waits = waits
        self._stale = stale
        self._left_out = LeftOut(watch, number, journal)

    def walk(self, start: str = "") -> Iterator[list[str]]:
        """Yield the sources below a folder that are unknown, or beside which something changed.

        At least every SLICE_S seconds, so that other work can come between; then perhaps none.
        With the whole tree those, too, that wait for a reference, wherever it lies, and those whose
        missing parts were waited for long enough.
        Raises OSError where the folder cannot be listed.
        """
        if not start:
            self._backlog.begin()
            self._left_out.begin()
        refused: list[str] = []
        sliced_s = self._journal.clock.awake_s() + SLICE_S
        ignore_files = IgnoreFiles(self._watch.input, _tell_broken)
        for seen in self._seen(start, refused, ignore_files):
            found = self._unknown(seen, ignore_files)
            if self._stopped.is_set():
                return
            if found or self._journal.clock.awake_s() >= sliced_s:
                yield found
                sliced_s = self._journal.clock.awake_s() + SLICE_S
        if not start:
            self.refused = refused
            yield self._backlog.end(ignore_files.texts, refused)
            hides = partial(ignore_files.why, is_folder=True)
            yield from ([] for _ in self._left_out.end(self._gone, hides))
            yield self._journal.run_blocking(sightings.lacking_references, self._number)
            patience_s = self._watch.orphan_after
            yield self._journal.run_blocking(sightings.overdue_parts, self._number, patience_s)

    def judge(self, hints: Iterable[str]) -> tuple[list[str], list[str]]:
        """Return the sources that some hints may be about, and the folders to be walked.

        Raises OSError, RootGone.
        """
        found: list[str] = []
        folders: set[str] = set()
        hints = set(hints)
        ignore_files = IgnoreFiles(self._watch.input, _tell_broken)
        gone = self._gone(each for each in hints if each)
        if gone:
            self._journal.run_blocking(sightings.forget_gone, self._number, gone)
            self._journal.run_blocking(aside.forget, self._number, gone)
            found += [each for each in gone if grouping.units(self._watch, each)[:1] != ()]
        for relative in sorted(hints):
            folder, _, name = relative.rpartition("/")
            if name == ignorefile.NAME:
                folders.add("")  # only a whole look tells how much it lets go at once
            elif ignored(relative):
                continue
            elif is_sidecar(relative):
                folders.add(folder)
            elif self._is_folder(relative):
                folders.add(relative)
            elif not naming.why_hidden(self._watch, relative):
                found += self._if_unknown(relative, ignore_files)
        return found, sorted(each for each in folders if self._watch.recursive or not each)

    def missed(self) -> list[str]:
        """Return sources of failed and waiting jobs that are gone. Raises OSError, RootGone."""
        return self._gone(self._journal.run_blocking(sightings.looked_for, self._number))

    def _gone(self, paths: Iterable[str]) -> list[str]:
        gone = [each for each in paths if files.is_gone(self._watch.input, each)]
        if not gone:
            return []
        is_away = self._away()
        return [each for each in gone if not is_away(each)]

    def _is_folder(self, relative: str) -> bool:
        try:
            return not relative or stat.S_ISDIR(os.lstat(self._watch.input / relative).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _seen(self, start: str, refused: list[str], ignore_files: IgnoreFiles) -> Iterator[Seen]:
        """Yield what is to be compared with the journal, a portion at a time."""
        seen: Seen = []
        marking = source_marks.Marking(self._watch, start, refused.append)
        for listing in walk(
            self._watch.input,
            start,
            recursive=self._watch.recursive,
            entering=self._entering,
            goes_into=lambda folder: not ignore_files.why(folder, is_folder=True),
            refused=refused.append,
        ):
            ignore_files.note(listing, listing.name)
            self._note_no_files(listing)
            mark = marking.in_folder(listing)
            for at in range(0, len(listing.names), COMPARED_TOGETHER):
                names = listing.names[at : at + COMPARED_TOGETHER]
                looked = listing.look(names, refused.append)
                seen += sightings.observed(listing.folder, looked, mark)
                if len(seen) >= COMPARED_TOGETHER:
                    yield seen
                    seen = []
        yield seen

    def _note_no_files(self, listing: Listing) -> None:
        found = {os.fsdecode(listing.folder + name): why for name, why in listing.no_files.items()}
        self._left_out.note(
            {path: why for path, why in found.items() if not naming.why_hidden(self._watch, path)}
        )

    def _unknown(self, seen: Seen, ignore_files: IgnoreFiles) -> list[str]:
        """Return the sources that are not as they are known, but for those that stood there."""
        unlike = self._journal.run_blocking(sightings.unlike, self._number, sorted(seen))
        found = {
            os.fsdecode(path): each
            for path, each in unlike.items()
            if not sightings.is_held_back(each.known, each.seen)
            and not self._waits(os.fsdecode(path), each.seen)
            and not naming.why_hidden(self._watch, os.fsdecode(path))
        }
        changed = self._without_left_out(found, ignore_files)
        beside = [path for path, each in changed.items() if _same_file(each)]
        for path in beside:
            del changed[path]
        return self._backlog.sift(changed) + (self._stale.look(beside) if beside else [])

    def _without_left_out(
        self, found: Mapping[str, Unlike], ignore_files: IgnoreFiles
    ) -> dict[str, Unlike]:
        """Return what a rule takes; of the rest it is kept why none does."""
        why = {
            path: naming.why_left_out(self._watch, path) or ignore_files.why(path) for path in found
        }
        self._left_out.note(
            {path: reason for path, reason in why.items() if reason and _is_new(found[path])}
        )
        return {path: each for path, each in found.items() if not why[path]}

    def _if_unknown(self, relative: str, ignore_files: IgnoreFiles) -> list[str]:
        try:
            status = os.lstat(self._watch.input / relative)
        except (FileNotFoundError, NotADirectoryError):
            return []
        why = why_no_file(status)
        if why is not None:
            self._left_out.note({relative: why})
            return []
        mark = source_marks.mark(self._watch, relative)
        looked = [(os.fsencode(relative), status)]
        return self._unknown(sightings.observed(b"", looked, lambda _path: mark), ignore_files)


def _same_file(file: Unlike) -> bool:
    """Whether only what speaks for a file changed."""
    return file.known is not None and file.known[:-1] == file.seen[:-1]


def _is_new(file: Unlike) -> bool:
    """Whether nothing is known of what stands there now."""
    return file.known is None or file.known[2] == ""
