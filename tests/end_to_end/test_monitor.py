"""The pages for whoever watches over the daemon."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

import hotfolder
from hotfolder.simulator import Fault
from tests.mounting import hanging_share
from tests.studio import KEY, LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.end_to_end.conftest import CommandLine, Running
    from tests.studio import Studio


MONITORING = Path(hotfolder.__file__).parent / "monitoring"
SELECTION = re.compile(r"\b(hotfolder_\w+)(?:\{([^}]*)\})?")
GIVEN_BY_PROMETHEUS = {"instance", "le"}


@pytest.fixture
def address(studio: Studio) -> str:
    """Give the studio a monitor at a free port and return where it is."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    studio.configure(limits=f'[monitor]\nlisten = "127.0.0.1:{port}"')
    return f"http://127.0.0.1:{port}"


def metrics(address: str) -> dict[tuple[str, ...], float]:
    """Return every sample, by its name and the values of its labels."""
    text = httpx.get(f"{address}/metrics").text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def asked(table: Any) -> Iterator[str]:  # noqa: ANN401  whatever JSON holds
    """Yield every question to Prometheus in a dashboard."""
    if isinstance(table, dict):
        yield from (table[key] for key in ("expr", "query") if isinstance(table.get(key), str))
        table = list(table.values())
    if isinstance(table, list):
        for each in table:
            yield from asked(each)


def worked(daemon: Running, studio: Studio, **counts: int) -> None:
    """Wait until so many jobs have come so far."""
    daemon.until(lambda: studio.states() == counts, f"{counts}")


def test_prometheus_reads_how_it_stands(
    studio: Studio, hotfolder: CommandLine, address: str
) -> None:
    """Jobs, charges, watches, disks and durations are there; no file name and no key is."""
    studio.drop("ann-secret-name.jpg")
    with hotfolder.daemon() as daemon:
        worked(daemon, studio, done=1)
        found = metrics(address)
        page = httpx.get(f"{address}/metrics").text
    assert found["hotfolder_jobs", "done"] == 1
    assert found["hotfolder_jobs", "running"] == 0
    assert found["hotfolder_watch_online", "studio"] == 1
    assert found["hotfolder_charged_total", "CNY"] > 0
    assert found["hotfolder_at_risk", "CNY"] == 0
    assert found["hotfolder_window",] >= 1
    assert found["hotfolder_free_bytes", "spool"] > 0
    assert found["hotfolder_free_bytes", "studio"] > 0
    assert found["hotfolder_scan_seconds", "studio"] >= 0
    assert found["hotfolder_step_seconds_count", "submitting"] == 1
    assert found["hotfolder_commit_seconds_count",] >= 5
    assert "ann-secret-name" not in page
    assert KEY not in page


def test_a_result_that_is_not_fetched_counts_its_hours(
    studio: Studio, hotfolder: CommandLine, address: str
) -> None:
    """While a result cannot be fetched, the hours that its link still lives are shown."""
    studio.fault(Fault(call="download", kind="error_before"))
    studio.drop("ann.jpg")
    with hotfolder.daemon() as daemon:
        worked(daemon, studio, finished=1)
        assert 23.9 < metrics(address)["hotfolder_result_link_hours_left",] <= 24


def test_dashboard_and_alerts_ask_for_what_is_served(
    studio: Studio, hotfolder: CommandLine, address: str
) -> None:
    """Each metric, label and state that they name is on the page; the dashboard shows every one."""
    studio.drop("ann.jpg")
    assert hotfolder("once").code == 0
    studio.fault(Fault(call="download", kind="error_before"))
    studio.drop("bob.jpg", number=2)
    with hotfolder.daemon() as daemon:
        worked(daemon, studio, done=1, finished=1)
        assert hotfolder("pause", "studio").code == 0
        page = list(text_string_to_metric_families(httpx.get(f"{address}/metrics").text))
    samples = [each for family in page for each in family.samples]
    labels = {each.name: {*each.labels, *GIVEN_BY_PROMETHEUS} for each in samples}
    states = {each.labels["state"] for each in samples if each.name == "hotfolder_jobs"}
    questions = list(asked(json.loads((MONITORING / "dashboard.json").read_text())))
    rules = (MONITORING / "alerts.yaml").read_text()
    for text in [*questions, *re.findall(r"expr: (.*)", rules)]:
        for name, matchers in SELECTION.findall(text):
            assert name in labels, text
            named = dict(re.findall(r'(\w+)[!=~]+"([^"]*)"', matchers))
            assert set(named) <= labels[name], text
            assert set(named.get("state", "done").split("|")) <= states, text
        for listed in re.findall(r"by \(([^)]*)\)", text):
            assert set(listed.split(", ")) <= set().union(*labels.values()), text
    shown = {name for text in questions for name, _ in SELECTION.findall(text)}
    for family in page:
        born = family.name.endswith("_created")  # when a histogram began, says its library
        assert born or any(each.name in shown for each in family.samples), family.name


def test_health_and_readiness_differ(hotfolder: CommandLine, address: str) -> None:
    """A daemon that works is healthy; while something is held or away it is not ready, and why."""
    with hotfolder.daemon():
        assert httpx.get(f"{address}/healthz").status_code == 200
        assert httpx.get(f"{address}/readyz").text == "ok\n"
        assert hotfolder("pause", "studio").code == 0
        assert httpx.get(f"{address}/healthz").status_code == 200
        held = httpx.get(f"{address}/readyz")
        assert (held.status_code, held.text) == (503, "watch:studio is held: paused\n")
        assert httpx.get(f"{address}/").status_code == 404
        assert httpx.post(f"{address}/metrics").status_code == 405


def test_copies_on_a_share_that_hangs_stop_nothing(
    studio: Studio, hotfolder: CommandLine, address: str
) -> None:
    """The journal's daily copies may lie on a NAS: while that hangs, all else is told and done."""
    copies = studio.folder / "copies"
    copies.mkdir()
    listen = address.removeprefix("http://")
    studio.configure(limits=f'[monitor]\nlisten = "{listen}"\n[backup]\nfolder = "{copies}"')
    with hotfolder.daemon() as daemon, hanging_share(copies):
        assert httpx.get(f"{address}/healthz", timeout=LIMIT_S).status_code == 200
        assert ("hotfolder_window",) in metrics(address)
        studio.drop("ann.jpg")
        worked(daemon, studio, done=1)


def test_a_port_that_is_taken_is_told(studio: Studio, hotfolder: CommandLine) -> None:
    """The daemon does not start without the pages that the owner wants."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        studio.configure(limits=f'[monitor]\nlisten = "127.0.0.1:{port}"')
        studio.drop("ann.jpg")
        ended = hotfolder("run")
    assert ended.code == 2
    assert "monitor.listen: cannot listen" in ended.err
    assert "Choose another port" in ended.err
    assert not studio.jobs(), "nothing was begun"
    studio.configure(limits='[monitor]\nlisten = "203.0.113.1:9464"')
    ended = hotfolder("run")
    assert ended.code == 2
    assert "an address of this machine?" in ended.err
