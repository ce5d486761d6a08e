"""The frame of all benchmarks: a registry of named measurements, and what their repetition shows.

Each gives our figure and, measured or computed in the same run, the bound: what the service, the
disk or a bare loop without any safety would give. Neither is ever asserted.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

Figures = dict[str, int | float]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One run: our figure and the bound in the benchmark's unit, None = nothing bounds it.

    `beside` are further figures of the run.
    """

    ours: float
    bound: float | None = None
    beside: Figures = field(default_factory=dict)


class Measure(Protocol):
    """One run of a benchmark, in its full or its short form."""

    def __call__(self, *, short: bool) -> Measured:
        """Measure once."""


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """A benchmark: what it measures in which unit, and what it should show."""

    purpose: str
    unit: str
    aim: str
    measure: Measure


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Something tried once, at length and only by its name: it gives figures without a bound."""

    purpose: str
    run: Callable[[], Figures]


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The median of several runs, and the least and the largest."""

    median: float
    least: float
    largest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return the spread of the values of one run or more."""
        return cls(median=statistics.median(values), least=min(values), largest=max(values))

    def __str__(self) -> str:
        if self.least == self.largest:
            return f"{self.median:.4g}"
        return f"{self.median:.4g} ({self.least:.4g} to {self.largest:.4g})"


REGISTRY: dict[str, Benchmark] = {}
TRIALS: dict[str, Trial] = {}


def benchmark(name: str, *, unit: str, aim: str) -> Callable[[Measure], Measure]:
    """Enter a function under a name; the first line of its docstring says what it measures."""

    def enter(measure: Measure) -> Measure:
        purpose = _purpose(measure)
        REGISTRY[name] = Benchmark(purpose=purpose, unit=unit, aim=aim, measure=measure)
        return measure

    return enter


def trial(name: str) -> Callable[[Callable[[], Figures]], Callable[[], Figures]]:
    """Enter a function that is run once under a name; its docstring's first line says for what."""

    def enter(run: Callable[[], Figures]) -> Callable[[], Figures]:
        TRIALS[name] = Trial(purpose=_purpose(run), run=run)
        return run

    return enter


def _purpose(function: Callable[..., object]) -> str:
    return (function.__doc__ or "").partition("\n")[0].rstrip(".")


def summary(runs: Sequence[Measured]) -> dict[str, Spread]:
    """Return the spread of each figure of several runs; a figure that one lacks is left out."""
    rows: dict[str, list[float]] = {"ours": [run.ours for run in runs]}
    bounds = [run.bound for run in runs if run.bound is not None]
    if len(bounds) == len(runs):
        rows["bound"] = bounds
        rows["times the bound"] = [
            run.ours / bound for run, bound in zip(runs, bounds, strict=True)
        ]
    for name in runs[0].beside:
        rows[name] = [float(run.beside[name]) for run in runs if name in run.beside]
    return {name: Spread.of(values) for name, values in rows.items()}
