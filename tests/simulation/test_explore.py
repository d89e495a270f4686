"""Every order of a few events in a graph of four nodes; the long form is a command (``tests.simulation.explore``)."""

from __future__ import annotations

from tests.simulation import mutants
from tests.simulation.explore import FORUM, NODES, explore, settled


def test_the_tree_that_is_explored_is_a_line_beside_two_slow_ways() -> None:
    world = settled()
    distances = [world.cores[node].channels[FORUM].distance for node in NODES]
    assert distances == [0, 1, 2, 3]
    assert world.unsettled() == world.violations() == []


def test_whatever_comes_first_the_invariants_hold_and_it_settles() -> None:
    found = explore(depth=5, states=6000)
    assert found.violations == []
    assert found.repeated > 500
    assert found.rests > 50


def test_without_feasible_distances_a_cycle_is_found() -> None:
    with mutants.applied("no feasibility"):
        found = explore(depth=5, states=6000)
    assert any(one.startswith("I1") for one in found.violations)


def test_what_is_sent_before_its_commit_is_broken_by_a_crash() -> None:
    found = explore(depth=5, states=6000, commits_late=True)
    assert any(one.startswith("I2") for one in found.violations)
