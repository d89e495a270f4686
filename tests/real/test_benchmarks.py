"""A short form of `make bench`: it starts a node, imports articles and prints its table."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.real, pytest.mark.long]

REPOSITORY = Path(__file__).parents[2]


def test_the_benchmark_measures_every_workload_it_is_asked_for() -> None:
    command = [sys.executable, "-m", "benchmarks", "--seconds", "0.2", "--idle", "20", "group", "over-100", "post"]
    done = subprocess.run(command, check=False, cwd=REPOSITORY, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith(("GROUP ", "OVER of 100 ", "POST "))]
    assert len(rows) == 3, done.stdout


def test_a_workload_that_there_is_not_is_an_error() -> None:
    command = [sys.executable, "-m", "benchmarks", "--seconds", "0.2", "--idle", "1", "gruop"]
    done = subprocess.run(command, check=False, cwd=REPOSITORY, capture_output=True, text=True, timeout=240)
    assert done.returncode == 1
    assert "no such workload: gruop; there are group, " in done.stderr
