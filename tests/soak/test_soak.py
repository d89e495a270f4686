"""A short form of `make soak`: five nodes, less than a minute."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import needs_program
from tests.soak.__main__ import soak
from tests.soak.plan import Shape

pytestmark = [
    pytest.mark.real, pytest.mark.long,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for network namespaces"),
    needs_program("ip", "iproute2"),
]

SHAPE = Shape(nodes=5, posts=150, seconds=45.0)


def test_a_short_day_loses_nothing(tmp_path: Path) -> None:
    told: list[str] = []
    planned, outcome = soak(tmp_path, SHAPE, seed=1, tell=told.append)
    assert outcome.faults == (), "\n".join(told)
    assert outcome.answered == SHAPE.posts
    assert sum(outcome.documents) >= SHAPE.posts + SHAPE.forums
    lines = outcome.lines(planned)
    assert "| posts answered 240, of | 150 of 150 |" in lines
    assert "| faults | none |" in lines
