"""Real file systems for tests, where this user may mount them."""

from __future__ import annotations

import os
import subprocess

import pytest


def mount(*options: str) -> None:
    """Mount, or skip saying why."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    done = subprocess.run(["mount", *options], check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"mounting is not permitted here: {done.stderr.strip()}")
