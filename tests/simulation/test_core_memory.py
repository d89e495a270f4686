"""The clique core stays small: the benchmark's count of its objects, on a small network."""

from __future__ import annotations

from attrs import evolve

from benchmarks.core_memory import GOAL, Census
from tests.simulation.inspect import cores
from tests.simulation.run import Run
from tests.simulation.scenario import load

HASH_TABLES = 100
"""bytes an edge by which the tables of dictionaries may weigh more with fewer edges than the goal is measured with"""


def test_an_edge_and_its_link_take_a_kilobyte() -> None:
    run = Run(evolve(load("calm", 24), idle=0.0, documents=5), 1)
    run.go()
    census = Census()
    for _, node in cores(run.world):
        census.node(node.core.node)
    row = "an edge and its link"
    assert 400 < census.bytes[row] / census.units[row] <= GOAL + HASH_TABLES
