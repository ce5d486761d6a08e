"""What files that were left alone for long enough wait for all the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hotfolder import config
from hotfolder.domain.sightings import Sighting
from hotfolder.domain.texts import is_table, is_text
from hotfolder.journal import sightings
from hotfolder.journal.drafts import Settled
from hotfolder.journal.journal import Journal
from hotfolder.planning import companions, lines, rules, speaking
from hotfolder.planning.sets import Gathered
from hotfolder.tree import files, mounts
from hotfolder.watching import set_waits
from hotfolder.watching.settle import Settling

# So long a text is waited with for the picture, film or sound that it may be the sidecar of.
TEXT_WAIT_S: Final = 60.0


class Waits:
    """Looks for a writer, the file that a text belongs to, the rest of a set, and a sidecar.

    `number` is the watch's number in the journal. With `single_scan` only a file's own time says
    how long it has been left alone.
    """

    def __init__(
        self, watch: config.Watch, number: int, journal: Journal, *, single_scan: bool
    ) -> None:
        self._watch = watch
        self._number = number
        self._journal = journal
        self._single_scan = single_scan

    def holds_back(
        self,
        candidate: Settling,
        found: Gathered,
        seen: Mapping[str, Sighting],
        beside: speaking.Beside,
        now_s: float,
    ) -> bool:
        """Return whether quiet files wait for something else, which is then told of them.

        Files that are gone or that cannot be read raise as `files.look` does.
        """
        if candidate.trusts_lease(now_s) and any(
            self._is_being_written(path, sighting) for path, sighting in seen.items()
        ):
            candidate.later("a program still has it open for writing", now_s)
            return True
        if self._may_be_a_sidecar(found.paths[0], candidate, now_s):
            candidate.next_look_s = candidate.first_seen_s + TEXT_WAIT_S
            candidate.reason = "waiting for a file that it may belong to"
            return True
        waits = set_waits.reason(
            self._journal,
            self._number,
            found,
            many=lines.wanted(self._watch, found.paths[0]),
            quiet_s=set_waits.left_alone_s(
                seen, self._journal.clock(), now_s - candidate.changed_s, once=self._single_scan
            ),
        )
        if waits is not None:
            candidate.later(waits, now_s)
            return True
        if self._may_get_a_sidecar(beside, candidate, now_s):
            candidate.next_look_s = candidate.first_seen_s + self._watch.sidecar_wait
            candidate.reason = "waiting a moment for a sidecar"
            return True
        return False

    def awaits_parts(self, settled: Settled) -> bool:
        """Whether a file was changed too lately for its list of parts to be a stale one."""
        now_s = self._journal.clock().timestamp()
        written_s = settled.sighting.mtime_ns / 1e9
        changes_s = [written_s] if written_s <= now_s else []  # else from a clock that is wrong
        if not self._single_scan:
            seen_at = self._journal.run_blocking(sightings.seen_at, settled)
            changes_s.append(seen_at.timestamp() if seen_at else now_s)
        return now_s - max(changes_s, default=now_s) < self._watch.orphan_after

    def _is_being_written(self, path: str, sighting: Sighting) -> bool:
        """Whether the kernel knows a writer: over a network it would know only some of them."""
        if not mounts.is_local(sighting.device):
            return False
        return bool(files.is_being_written(self._watch.input, path))

    def _may_be_a_sidecar(self, path: str, candidate: Settling, now_s: float) -> bool:
        """Whether what a text speaks for may still come; once it is there, it is known at once."""
        if not is_text(path) or is_table(path) or not rules.takes_besides_texts(self._watch):
            return False
        waited_s = now_s - candidate.first_seen_s
        if self._single_scan:
            written_s = files.look(self._watch.input, path).mtime_ns / 1e9
            waited_s = max(waited_s, self._journal.clock().timestamp() - written_s)
        return waited_s < TEXT_WAIT_S and companions.owner_of(self._watch, path) is None

    def _may_get_a_sidecar(
        self, beside: speaking.Beside, candidate: Settling, now_s: float
    ) -> bool:
        waits = self._watch.sidecar == "optional" and beside.sidecar is None
        return waits and now_s - candidate.first_seen_s < self._watch.sidecar_wait
