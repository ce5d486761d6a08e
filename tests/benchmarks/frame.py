"""The frame of all benchmarks: a registry of named functions that give figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Figures = dict[str, int | float]


@dataclass(frozen=True)
class Benchmark:
    """A benchmark: what it measures, and the function that does it."""

    purpose: str
    run: Callable[[], Figures]


REGISTRY: dict[str, Benchmark] = {}


def benchmark(name: str) -> Callable[[Callable[[], Figures]], Callable[[], Figures]]:
    """Enter a function under a name; the first line of its docstring says what it measures."""

    def enter(run: Callable[[], Figures]) -> Callable[[], Figures]:
        purpose = (run.__doc__ or "").partition("\n")[0].rstrip(".")
        REGISTRY[name] = Benchmark(purpose, run)
        return run

    return enter
