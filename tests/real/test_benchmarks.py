"""Short forms of `make bench` and `make bench-forum`: they start nodes, fill them and print their tables."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.real, pytest.mark.long]

REPOSITORY = Path(__file__).parents[2]


def test_the_benchmark_measures_every_workload_it_is_asked_for() -> None:
    short = ["--newsgroups", "300", "--seconds", "0.1", "--repeats", "1", "--idle", "20"]
    command = [sys.executable, "-m", "benchmarks", *short, "group", "over-100", "post", "idle"]
    done = subprocess.run(command, check=False, cwd=REPOSITORY, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    titles = ("| GROUP ", "| OVER of 100 ", "| POST ", "| octets of an idle connection")
    rows = [line for line in done.stdout.splitlines() if line.startswith(titles)]
    assert len(rows) == 4, done.stdout
    # without INN the benchmark says so
    assert ("INN is not installed" in done.stdout) != ("TCP_NODELAY forced" in done.stdout)


def test_a_workload_that_there_is_not_is_an_error() -> None:
    command = [sys.executable, "-m", "benchmarks", "--newsgroups", "100", "gruop"]
    done = subprocess.run(command, check=False, cwd=REPOSITORY, capture_output=True, text=True, timeout=240)
    assert done.returncode == 1
    assert "no such workload: gruop; there are group, " in done.stderr


def test_the_benchmark_of_a_large_forum_measures_each_size() -> None:
    command = [sys.executable, "-m", "benchmarks.forum", "--largest", "1000", "--rounds", "1"]
    done = subprocess.run(command, check=False, cwd=REPOSITORY, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("1,000 │") == 2, done.stdout


def test_workers_are_asked_in_turn_and_share_the_work() -> None:
    command = [sys.executable, "-m", "benchmarks.workers", "--articles", "200", "--rounds", "1", "--seconds", "0.2"]
    done = subprocess.run(command, check=False, cwd=REPOSITORY, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert re.search(r"the idler worker's share +│ +\d+% │ +\d+% │ +\d+%", done.stdout), done.stdout


def test_a_backup_made_while_posts_go_on_is_whole_and_flipped_bits_in_it_are_found() -> None:
    command = [sys.executable, "-m", "benchmarks.backup", "--articles", "300", "--flips", "20", "--looks", "2"]
    done = subprocess.run(command, check=False, cwd=REPOSITORY, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "flipped bits found by the sums: 20 of 20" in done.stdout


def test_a_proof_of_work_is_measured() -> None:
    command = [sys.executable, "-m", "benchmarks.work"]
    done = subprocess.run(command, check=False, cwd=REPOSITORY, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^\| 20 \| [0-9.e-]+ s \| [0-9.]+% \|$", done.stdout, re.MULTILINE), done.stdout
    assert done.stdout.count("µs to check a proof") == 2


def test_packing_is_measured_and_leaves_little_on_the_disk() -> None:
    command = [sys.executable, "-m", "benchmarks.packing", "--documents", "1000", "--rest", "0.5"]
    told = subprocess.run(command, check=False, cwd=REPOSITORY, capture_output=True, text=True, timeout=300)
    assert "a pack, with posts" in told.stdout, told.stderr
    found = re.search(r"one by one: ([0-9.]+) octets .*, ([0-9.]+) after", told.stdout)
    assert found is not None
    # octets, not times: how long a read is held up on a busy machine is for `make bench-packing` to tell
    assert float(found[1]) <= 5
    assert float(found[2]) <= 2.5
