"""A table for the manual of what a run wrote with `--json`.

`python -m tests.benchmarks.table FILE` prints it as Markdown.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.frame import Measured, Spread, summary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HEADER = ("benchmark", "in", "ours", "bound", "times the bound", "aim")


def lines(told: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the table of one file's content."""
    yield _line(*HEADER)
    yield _line(*["---"] * len(HEADER))
    for name, each in told["benchmarks"].items():
        rows = summary([Measured(**run) for run in each["runs"]])
        figures = (_shown(rows.get(label)) for label in ("ours", "bound", "times the bound"))
        yield _line(name, each["unit"], *figures, each["aim"])


def _shown(spread: Spread | None) -> str:
    return "" if spread is None else str(spread)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print("\n".join(lines(json.loads(Path(sys.argv[1]).read_text("utf-8")))))  # noqa: T201
