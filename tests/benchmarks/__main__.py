"""Benchmarks: `python -m tests.benchmarks [NAME…] [--short] [--runs N] [--json FILE]`.

Without names all of them run, in the order of the list (`--list`). Each runs seven times, those of
one round one after the other, so that what else the machine does meets all alike; shown are the
medians and the spread. `--short` runs a small form of each once. Trials run once, by their names
alone. They print numbers and assert nothing about time.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import sys
from collections import defaultdict
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from rich.console import Console
from rich.table import Table

from tests.benchmarks import (
    comeback,
    commands,
    commits,
    database,
    growth,
    idle,
    latency,
    limits,
    outage,
    overhead,
    pace,
    page,
    pictures,
    restart,
    rows,
    running,
    scan,
    storm,
)
from tests.benchmarks.frame import REGISTRY, TRIALS, Figures, Measured, Spread, summary

MODULES = (
    *(pace, overhead, latency, scan, restart, growth, rows, idle, commits, running, pictures),
    *(database, commands, page, comeback, limits, outage, storm),
)
RUNS = 7


def main(arguments: list[str]) -> int:
    """Run what is named and print its figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--short", action="store_true", help="a small form of each, once")
    parser.add_argument("--runs", type=int, default=RUNS, help="how often each is run")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")
    parser.add_argument("--list", action="store_true", help="show what there is")
    given = parser.parse_args(arguments)
    if unknown := sorted(set(given.names) - REGISTRY.keys() - TRIALS.keys()):
        parser.error(f"no such benchmark: {', '.join(unknown)}; --list shows them")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    if given.list:
        _list()
        return 0
    for name in TRIALS.keys() & set(given.names):
        _show_trial(name, TRIALS[name].run())
    names = [name for name in given.names or REGISTRY if name in REGISTRY]
    runs = _run(names, 1 if given.short else given.runs, short=given.short)
    if given.json:
        given.json.write_text(json.dumps(_as_json(runs), indent=1) + "\n", "utf-8")
    return 0


def _run(names: list[str], rounds: int, *, short: bool) -> dict[str, list[Measured]]:
    """Run all of them once in each round, and show each after its last run."""
    runs: dict[str, list[Measured]] = defaultdict(list)
    for number in range(rounds):
        for name in names:
            try:
                runs[name].append(REGISTRY[name].measure(short=short))
            except pytest.skip.Exception as reason:
                Console().print(f"{name} cannot be measured here: {reason}")
                continue
            if number == rounds - 1:
                _show(name, summary(runs[name]))
    return runs


def _list() -> None:
    table = Table("name", "what it measures", "in", "aim")
    for name, each in REGISTRY.items():
        table.add_row(name, each.purpose, each.unit, each.aim)
    for name, trial in TRIALS.items():
        table.add_row(name, trial.purpose, "", "")
    Console().print(table)


def _show(name: str, rows: dict[str, Spread]) -> None:
    each = REGISTRY[name]
    title = f"{each.purpose}; aim: {each.aim}"
    table = Table(name, each.unit, title=title, title_justify="left")
    for label, spread in rows.items():
        table.add_row(label, str(spread))
    Console().print(table)


def _show_trial(name: str, figures: Figures) -> None:
    table = Table(name, "", title=TRIALS[name].purpose, title_justify="left")
    for label, figure in figures.items():
        table.add_row(label, f"{figure:.4g}")
    Console().print(table)


def _as_json(runs: dict[str, list[Measured]]) -> dict[str, object]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "benchmarks": {
            name: {
                "unit": REGISTRY[name].unit,
                "aim": REGISTRY[name].aim,
                "runs": [asdict(run) for run in each],
            }
            for name, each in runs.items()
        },
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
