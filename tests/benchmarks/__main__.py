"""Benchmarks by hand: `python -m tests.benchmarks [--json] [NAME…]`; without names, the list.

They print numbers and assert nothing about time.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys

import structlog
from rich.console import Console
from rich.table import Table

from tests.benchmarks import comeback, idle, limits, outage, pace, pictures, running, scan, storm
from tests.benchmarks.frame import REGISTRY, Figures

MODULES = (comeback, idle, limits, outage, pace, pictures, running, scan, storm)


def main(arguments: list[str]) -> int:
    """Run what is named and print its figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*REGISTRY, []], metavar="NAME")
    parser.add_argument("--json", action="store_true", help="one JSON object on a line for each")
    given = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    if not given.names:
        _list()
    for name in given.names:
        figures = REGISTRY[name].run()
        if given.json:
            print(json.dumps({"name": name, **figures}), flush=True)  # noqa: T201  the figures
        else:
            _show(name, figures)
    return 0


def _list() -> None:
    table = Table("name", "what it measures")
    for name, benchmark in REGISTRY.items():
        table.add_row(name, benchmark.purpose)
    Console().print(table)


def _show(name: str, figures: Figures) -> None:
    table = Table(name, "", title=REGISTRY[name].purpose, title_justify="left")
    for label, figure in figures.items():
        table.add_row(label, f"{figure:.2f}" if isinstance(figure, float) else str(figure))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
