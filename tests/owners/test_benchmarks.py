"""What the benchmarks' figures are shown as."""

from __future__ import annotations

from tests.benchmarks import table


def test_a_table_for_the_manual_is_made_of_what_a_run_wrote() -> None:
    """Medians with their spread; a benchmark that nothing bounds leaves its cells empty."""
    waves = [{"ours": ours, "bound": 7.0, "beside": {}} for ours in (8.0, 7.5, 7.0)]
    idle = [{"ours": 0.5, "bound": None, "beside": {"files": 3}}]
    told = {
        "benchmarks": {
            "waves": {"unit": "seconds", "aim": "at most 1.06 times", "runs": waves},
            "idle": {"unit": "percent", "aim": "under 1", "runs": idle},
        }
    }
    assert list(table.lines(told))[2:] == [
        "| waves | seconds | 7.5 (7 to 8) | 7 | 1.071 (1 to 1.143) | at most 1.06 times |",
        "| idle | percent | 0.5 |  |  | under 1 |",
    ]
