"""What Prometheus reads: how things stand, and how long they took. The only prometheus_client.

Labels are states, watches and scopes, never paths or jobs: a shoot has thousands of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from hotfolder import __version__
from hotfolder.domain.measures import Measure
from hotfolder.views import Status

STEP_BUCKETS_S: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
LINKS_LIVE: Final = timedelta(hours=24)
COMMIT_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """How things stand at a moment.

    `writable` is whether the journal's disk takes commits, `window` how many tasks may run at once
    just now.
    """

    status: Status
    writable: bool
    oldest_result_at: datetime | None
    at: datetime
    window: int
    scans_s: dict[str, float]
    free_bytes: dict[str, int]
    backup_at: datetime | None


class Metrics:
    """Keeps what was measured, and writes it down with how things stand."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._steps = Histogram(
            "hotfolder_step_seconds",
            "How long one step of a job took, by the state it began in.",
            ["state"],
            buckets=STEP_BUCKETS_S,
            registry=self._registry,
        )
        self._commits = Histogram(
            "hotfolder_commit_seconds",
            "How long a commit of the journal took.",
            buckets=COMMIT_BUCKETS_S,
            registry=self._registry,
        )

    def observe(self, measure: Measure, seconds: float, label: str) -> None:
        """Take in a measurement; from any thread."""
        match measure:
            case Measure.STEP:
                self._steps.labels(label).observe(seconds)
            case Measure.COMMIT:
                self._commits.observe(seconds)

    def written(self, now: Now) -> bytes:
        """Return everything in Prometheus' text format."""
        standing = CollectorRegistry()
        standing.register(_Standing(now))
        return generate_latest(standing) + generate_latest(self._registry)


class _Standing(Collector):
    """How things stand, looked up rather than counted along."""

    def __init__(self, now: Now) -> None:
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        yield _gauge("build_info", "The program's version.", ["version"], [((__version__,), 1)])
        yield from self._jobs()
        yield from self._money()
        yield from self._places()
        yield from self._times()

    def _jobs(self) -> Iterator[Metric]:
        now, status = self._now, self._now.status
        yield _gauge(
            "jobs",
            "Jobs by state.",
            ["state"],
            [((state.value,), count) for state, count in status.jobs.items()],
        )
        yield _gauge(
            "holds",
            "1 for each scope in which nothing is submitted.",
            ["scope", "code"],
            [((each.scope, each.failure.code), 1) for each in status.holds],
        )
        yield _gauge("window", "Tasks that may run at once just now.", [], [((), now.window)])

    def _money(self) -> Iterator[Metric]:
        charges, at_risk = self._now.status.charges, self._now.status.at_risk
        currency = (charges.currency or "",)
        charged = CounterMetricFamily(
            "hotfolder_charged", "Charged in all, by the service's own word.", labels=["currency"]
        )
        charged.add_metric(list(currency), float(charges.total))
        yield charged
        yield _gauge(
            "charged_today",
            "Charged since midnight, local time.",
            ["currency"],
            [(currency, float(charges.today))],
        )
        yield _gauge(
            "at_risk",
            "What the doubts may have cost, as far as it is known.",
            ["currency"],
            [(currency, float(at_risk.amount))],
        )

    def _places(self) -> Iterator[Metric]:
        now = self._now
        yield _gauge(
            "watch_online",
            "Whether a watch's folder is there.",
            ["watch"],
            [((row.name,), int(row.online)) for row in now.status.watches],
        )
        yield _gauge(
            "scan_seconds",
            "How long the last scan of a watch took.",
            ["watch"],
            [((watch,), seconds) for watch, seconds in now.scans_s.items()],
        )
        yield _gauge(
            "free_bytes",
            "Free space for the spool and for each watch's outputs.",
            ["place"],
            [((place,), free) for place, free in now.free_bytes.items()],
        )

    def _times(self) -> Iterator[Metric]:
        now = self._now
        if now.oldest_result_at is not None:
            left = now.oldest_result_at + LINKS_LIVE - now.at
            yield _gauge(
                "result_link_hours_left",
                "Hours until the oldest result that is not yet fetched expires at the service.",
                [],
                [((), left.total_seconds() / 3600)],
            )
        if now.backup_at is not None:
            yield _gauge(
                "backup_timestamp_seconds",
                "When the newest daily copy of the journal was taken.",
                [],
                [((), now.backup_at.timestamp())],
            )


def _gauge(
    name: str, text: str, labels: list[str], values: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"hotfolder_{name}", text, labels=labels)
    for labelled, value in values:
        family.add_metric(list(labelled), float(value))
    return family
