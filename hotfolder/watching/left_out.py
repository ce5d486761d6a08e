"""The files of a watch that no rule takes: kept, told once, and forgotten when they are gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import structlog

from hotfolder import config
from hotfolder.journal import aside
from hotfolder.journal.journal import Journal
from hotfolder.planning import naming

TOLD_TOGETHER: Final = 20

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.watching")


class LeftOut:
    """Keeps in the journal which files of a watch are left out. Every call blocks."""

    def __init__(self, watch: config.Watch, number: int, journal: Journal) -> None:
        self._watch = watch
        self._number = number
        self._journal = journal
        self._seen = 0

    def begin(self) -> None:
        """Prepare a whole look."""
        self._seen = 0

    def note(self, found: Mapping[str, str]) -> None:
        """Keep files that were seen, each with the reason why it is left out."""
        if not found:
            return
        self._seen += len(found)
        new = self._journal.run_blocking(aside.left_out, self._number, found)
        for path in new[:TOLD_TOGETHER]:
            log.info("source.skipped", watch=self._watch.name, source=path, reason=found[path])
        if len(new) > TOLD_TOGETHER:
            more = len(new) - TOLD_TOGETHER
            log.info("source.skipped", watch=self._watch.name, count=more, reason="as those before")

    def end(
        self, gone: Callable[[list[str]], list[str]], hides: Callable[[str], str | None]
    ) -> Iterator[None]:
        """Forget what is no longer there after a whole look, a portion at a time.

        `gone` returns those of some paths that are; `hides` says why a folder is not walked.
        """
        yield from self._sweep("waiting", gone, hides)
        if self._journal.run_blocking(aside.count, self._number) != self._seen:
            yield from self._sweep("skipped", gone, hides)

    def _sweep(
        self,
        counted_as: aside.CountedAs,
        gone: Callable[[list[str]], list[str]],
        hides: Callable[[str], str | None],
    ) -> Iterator[None]:
        after = ""
        while some := self._journal.run_blocking(aside.some, self._number, after, counted_as):
            after = some[-1]
            hidden = [path for path in some if self._is_hidden(path, hides)]
            self._journal.run_blocking(aside.forget, self._number, [*gone(some), *hidden])
            yield

    def _is_hidden(self, path: str, hides: Callable[[str], str | None]) -> bool:
        folder = path.rpartition("/")[0]
        by_name = naming.why_hidden(self._watch, path) is not None
        return by_name or bool(folder and hides(folder))
