"""Plays seeds, each in a process of its own: `python -m tests.simulation --seeds 40`."""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any, Final

import structlog

from tests.simulation.playing import play

TOLD_EVERY: Final = 50  # seeds


def main() -> int:
    """Play, print what came of each seed that broke a promise, and how fast it went."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=40, help="how many seeds to play")
    parser.add_argument("--first", type=int, default=1, help="the first of them")
    parser.add_argument("--pictures", type=int, default=25, help="how many pictures in each")
    parser.add_argument("--seed", type=int, help="play just this one and show what happened")
    asked = parser.parse_args()
    if asked.seed is not None:
        _say(json.dumps(asdict(play(asked.seed, asked.pictures)), indent=1))
        return 0
    seeds = range(asked.first, asked.first + asked.seeds)
    tally, began_s = Tally(), time.monotonic()
    workers = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(workers, get_context("fork"), initializer=warm_up) as children:
        playing = children.map(partial(in_a_child, pictures=asked.pictures), seeds)
        for seed, played in zip(seeds, playing, strict=True):
            if played["broken"]:
                _say(f"seed {seed} --pictures {asked.pictures}: {played['broken']}")
            tally.add(played, asked.pictures)
            if not tally.seeds % TOLD_EVERY or seed == seeds[-1]:
                _say(tally.said(time.monotonic() - began_s))
    return min(1, tally.broken)


@dataclass(slots=True)
class Tally:
    """What came of the seeds so far."""

    seeds: int = 0
    pictures: int = 0
    faults: int = 0
    kills: int = 0
    broken: int = 0

    def add(self, played: dict[str, Any], pictures: int) -> None:
        """Count one more seed."""
        self.seeds += 1
        self.pictures += pictures
        self.faults += played["faults"]
        self.kills += played["kills"]
        self.broken += bool(played["broken"])

    def said(self, seconds: float) -> str:
        """Return how many of each there were in so many seconds, and how many a minute."""
        each_s = 60 / seconds
        speed = f"{self.pictures * each_s:.0f} pictures and {self.faults * each_s:.0f} faults"
        counted = f"{self.pictures} pictures, {self.faults} faults, {self.kills} kills"
        return f"{self.seeds} seeds, {counted}, {self.broken} seeds broken; {speed} a minute"


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  that is what the program is for


def warm_up() -> None:
    """Play once what counts for nothing, so that no seed's process begins cold.

    A seed's process does not live long enough for its garbage to matter.
    """
    _be_quiet()
    play(0, 1)
    gc.collect()
    gc.freeze()
    gc.disable()


def _be_quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def in_a_child(seed: int, pictures: int) -> dict[str, Any]:
    """Play a seed in a forked process, which takes its abandoned lives along when it ends."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _be_quiet()
        try:
            told = asdict(play(seed, pictures))
        except BaseException:  # noqa: BLE001  whatever it is, it is told
            told = {"broken": traceback.format_exc(), "faults": 0, "kills": 0}
        with os.fdopen(writing, "w") as pipe:
            json.dump(told, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    found: dict[str, Any] = json.loads(said)
    return found


if __name__ == "__main__":
    sys.exit(main())
