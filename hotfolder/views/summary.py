"""Everything at a glance."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from hotfolder import config
from hotfolder.account import charges
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State
from hotfolder.journal import configs, daemons, holds, leases, reading, unheard
from hotfolder.journal.holds import Hold
from hotfolder.journal.leases import Machine
from hotfolder.journal.reading import AtRisk, FileOfMany, Undecided
from hotfolder.journal.session import Session
from hotfolder.views.counting import WatchCounts, counted, removed, uncounted
from hotfolder.views.daemon import NEVER_RAN, DaemonView, daemon_view


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigView:
    """Why a newer config is not in force, which keys wait for a restart, whether it was edited."""

    problem: str | None
    needs_restart: tuple[str, ...]
    edited: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Everything at a glance. `running` None = no daemon says which config it runs by.

    `unlimited` are the watches of which nothing limits what a day may cost, `removed` those that
    the config no longer has and of which something is open; `many` files with many open jobs.
    `unheard_at` is when somebody was last turned away who might have had a callback. `machines` are
    those that share the journal, if it is shared at all. `copy` is the newest copy of a journal
    that is not there.
    """

    daemon: DaemonView
    watches: list[reading.WatchRow]
    counts: list[WatchCounts]
    removed: list[WatchCounts]
    jobs: dict[State, int]
    waiting: dict[str, int]
    holds: list[Hold]
    charges: charges.Charges
    at_risk: AtRisk
    attention: list[Job]
    unlimited: tuple[str, ...]
    undecided: Undecided
    many: list[FileOfMany]
    unheard_at: datetime | None = None
    machines: tuple[Machine, ...] = ()
    running: ConfigView | None = None
    copy: Path | None = None

    def followed_by(self, watch: str) -> str | None:
        """Return which machine follows a watch, None = none that shares the journal."""
        return next((each.name for each in self.machines if watch in each.watches), None)


def status(session: Session, wanted: config.Known, *, locked: bool = True) -> Status:
    """Return the state of everything; `locked` says whether a daemon has the journal."""
    by_name = {row.name: row for row in reading.watches(session)}
    listed = [by_name.get(watch.name) or _unseen(watch) for watch in wanted.watch]
    return Status(
        daemon=daemon_view(daemons.last(session), locked=locked),
        watches=listed,
        counts=counted(session, wanted),
        removed=removed(session, wanted),
        jobs=reading.state_counts(session),
        waiting=reading.wait_counts(session),
        holds=holds.holds(session),
        charges=charges.summed(session),
        at_risk=reading.at_risk(session),
        attention=reading.needing_attention(session),
        unlimited=wanted.unlimited,
        undecided=reading.undecided(session),
        many=reading.files_of_many(session),
        unheard_at=unheard.last(session),
        machines=tuple(leases.machines(session)) if session.is_shared else (),
        running=_running(session, wanted) if locked else None,
    )


def _running(session: Session, wanted: config.Known) -> ConfigView | None:
    in_force = configs.find(session)
    if in_force is None:
        return None
    edited = _is_edited(in_force, wanted)
    if edited is None:
        return None
    return ConfigView(problem=in_force.problem, needs_restart=in_force.needs_restart, edited=edited)


def _is_edited(in_force: configs.InForce, wanted: config.Known) -> bool | None:
    """Return whether a config says something else than the one in force, None = not known."""
    if in_force.fingerprint and in_force.fingerprint == wanted.fingerprint:
        return False
    present = config.restored(in_force.config)
    if present is None:
        return None
    wholes = (present, wanted.whole())
    here, there = (each.model_dump(exclude=set(config.NEEDS_RESTART)) for each in wholes)
    return here != there


def unstarted(wanted: config.Known, copy: Path | None) -> Status:
    """Return the state where there is no journal yet, or only a copy of one."""
    return Status(
        daemon=NEVER_RAN,
        watches=[_unseen(watch) for watch in wanted.watch],
        counts=uncounted(wanted),
        removed=[],
        jobs=dict.fromkeys(State, 0),
        waiting={},
        holds=[],
        charges=charges.Charges(today=Decimal(0), total=Decimal(0), currency=None),
        at_risk=AtRisk(submits=0, amount=Decimal(0)),
        attention=[],
        unlimited=wanted.unlimited,
        undecided=Undecided(0, 0),
        many=[],
        copy=copy,
    )


def _unseen(watch: config.Followed) -> reading.WatchRow:
    there = watch.input.is_dir()
    return reading.WatchRow(
        id=0,
        name=watch.name,
        root=os.fspath(watch.input),
        output_root=os.fspath(watch.output),
        online=there,
        detect=None,
        reason=None if there else "the folder is not there",
        since=None,
    )
