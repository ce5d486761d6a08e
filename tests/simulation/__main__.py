"""Plays seeds, each in a process of its own: `python -m tests.simulation --seeds 40`."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
import traceback
from dataclasses import asdict
from typing import Any

import structlog

from tests.simulation.playing import play


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
    began_s, all_played, bad = time.monotonic(), [], 0
    for seed in range(asked.first, asked.first + asked.seeds):
        played = in_a_child(seed, asked.pictures)
        all_played.append(played)
        if played["broken"]:
            bad += 1
            _say(f"seed {seed} --pictures {asked.pictures}: {played['broken']}")
    seconds = time.monotonic() - began_s
    pictures = asked.seeds * asked.pictures
    faults = sum(each["faults"] for each in all_played)
    kills = sum(each["kills"] for each in all_played)
    a_minute = 60 / seconds
    speed = f"{pictures * a_minute:.0f} pictures and {faults * a_minute:.0f} faults a minute"
    _say(f"{pictures} pictures, {faults} faults, {kills} kills, {bad} seeds broken; {speed}")
    return min(1, bad)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  that is what the program is for


def in_a_child(seed: int, pictures: int) -> dict[str, Any]:
    """Play a seed in a forked process, which takes its abandoned lives along when it ends."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
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
