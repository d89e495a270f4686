"""By how much a process has grown."""

from __future__ import annotations

import pytest

from tests.soak.watch import Life


def test_growth_is_told_from_the_warm_up_on() -> None:
    life = Life(0, 1)
    life.looks += [(float(at), 100 if at < 30 else 200) for at in range(0, 40, 2)]
    life.looks += [(float(at), 210) for at in range(40, 101, 2)]
    assert life.growth(30.0, 8.0) == pytest.approx(0.05)
    assert life.growth(20.0, 8.0) == pytest.approx(1.1), "before that it counts"
    assert life.growth(90.0, 8.0) is None, "it did not live long enough"


def test_a_moment_does_not_count() -> None:
    life = Life(0, 1)
    life.looks += [(float(at), 500 if at == 96 else 100) for at in range(0, 101, 2)]
    assert life.growth(30.0, 10.0) == 0.0
