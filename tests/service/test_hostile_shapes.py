"""Shapes that do harm where a document costs more the more there are; benchmarks.hostile is the long form."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.hostile import SHAPES, run

GROWTH = 1.5
"""of the disk that a document takes, between the second tenth and the last; in octets, so that no clock is asked"""


@pytest.mark.parametrize(("name", "count", "batch"), [
    ("chain", 900, 30),
    ("star", 900, 30),
    ("crossposts", 1000, 20),
    ("links", 900, 30),
    ("links first", 1200, 5),
    ("late parents", 600, 5),
    ("cancels", 600, 5),
])
def test_a_document_costs_no_more_at_the_end(name: str, count: int, batch: int, tmp_path: Path) -> None:
    cost = run(SHAPES[name][0], count, tmp_path, batch)
    assert cost.documents >= count * 0.9
    assert cost.last_octets < cost.first_octets * GROWTH
