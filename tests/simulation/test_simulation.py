"""Pictures through storms, kills and clocks that are set, in virtual time: `.ci/long` has 5,000."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.__main__ import in_a_child

ROOT = Path(__file__).parents[2]
SEEDS, PICTURES = 10, 25
LIMIT_S = 1800.0


@pytest.mark.parametrize("first", [1, 11, 21, 31])
def test_a_thousand_pictures_come_through(first: int) -> None:
    """None is paid twice, lost or half-done, and each ends or says what it waits for."""
    asked = ["--first", str(first), "--seeds", str(SEEDS), "--pictures", str(PICTURES)]
    played = subprocess.run(
        [sys.executable, "-m", "tests.simulation", *asked],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr


@pytest.mark.parametrize("seed", [1, 3])
def test_a_seed_replays_to_the_same_history(seed: int) -> None:
    """Each job, event and state, at the same virtual time: what a seed found, it finds again."""
    first, again = in_a_child(seed, 8), in_a_child(seed, 8)
    assert first["lines"]
    assert first == again
