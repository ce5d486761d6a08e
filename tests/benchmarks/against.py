"""Two checkouts by turns: `python -m tests.benchmarks.against OTHER NAME… [--rounds N] [--short]`.

OTHER is the folder of another checkout with a `.venv` of its own. Each round runs the benchmarks
there and here, so that what else the machine does meets both alike; shown are the medians, and the
least and the largest of each.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.frame import Measured, summary

HERE = Path(__file__).parent.parent.parent
ROUNDS = 7
Runs = dict[tuple[str, str], list[Measured]]


def main() -> None:
    """Run both by turns, and print the figures side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path)
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--short", action="store_true")
    given = parser.parse_args()
    runs: Runs = defaultdict(list)
    for _ in range(given.rounds):
        for side, folder in (("other", given.other), ("here", HERE)):
            for name, measured in _round(folder, given.names, short=given.short).items():
                runs[name, side].append(measured)
    for name in given.names:
        _show(name, runs)


def _round(folder: Path, names: list[str], *, short: bool) -> dict[str, Measured]:
    """Run the benchmarks of a checkout once. Raises CalledProcessError."""
    with tempfile.NamedTemporaryFile(suffix=".json") as figures:
        command = [str(folder / ".venv/bin/python"), "-m", "tests.benchmarks", *names]
        options = ["--runs", "1", "--json", figures.name, *(["--short"] if short else [])]
        subprocess.run([*command, *options], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        found = json.loads(Path(figures.name).read_text())["benchmarks"]
    return {name: Measured(**found[name]["runs"][0]) for name in names}


def _show(name: str, runs: Runs) -> None:
    before, now = (summary(runs[name, side]) for side in ("other", "here"))
    table = Table(name, "other", "here")
    for label in now:
        table.add_row(label, str(before.get(label, "")), str(now[label]))
    Console().print(table)


if __name__ == "__main__":
    main()
