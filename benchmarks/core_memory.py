"""What the state of the clique core takes in memory, the documents apart: counted object by object, and by tracemalloc.

    python -m benchmarks.core_memory [--scenario calm] [--nodes 60] [--seed 1]

A scenario of the simulator is run to its end, and then all its nodes' cores are looked at.  An object that several
nodes share, which happens in the simulator alone, counts for each of them; one that a node's channels share counts
once, for the first row that reaches it.  A neighbour's address is among the known ones, so it is not the edge's.

tracemalloc counts what lines of the core have allocated: not what came from outside, as keys, secrets and addresses.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tracemalloc
from collections.abc import Iterable
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from attrs import evolve
from rich.console import Console
from rich.table import Table

from cliquenntp.clique.channel import ChannelState, Edge, Link
from cliquenntp.clique.node import Node
from tests.simulation.inspect import cores
from tests.simulation.run import Run
from tests.simulation.scenario import load

GOAL = 1000
"""bytes a link and channel at most"""

GRAIN = 16
"""Python's allocator gives memory in multiples of so many bytes"""

NOT_STATE = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)

NOT_CORE = ("documents.py", "persistence.py")
"""modules of the core whose live memory is the document set, and what a store holds"""


class Census:
    """The bytes of objects, each counted once a node, under the row that reached it first."""

    def __init__(self) -> None:
        self.bytes: dict[str, int] = {}
        self.units: dict[str, int] = {}
        self._seen: set[int] = set()

    def node(self, node: Node) -> None:
        """Count one node's core."""
        self._seen = {id(one) for one in (node.documents, node.claims, node.dice)}
        states = list(node.channels.values())
        edges = [edge for edge in node.edges.values() if edge.open]
        self._add("a known address", sum(len(state.known) for state in states), [state.known for state in states])
        tables = [node.edges, node.links, node.links_by_key, *(state.edges for state in states)]
        self._add("a channel", len(states), states, (Edge, Link), tables)
        self._add("an edge and its link", len(edges), tables, (ChannelState,))
        self._add("a node", 1, [node, *(vars(node).values())])

    def _add(
        self, row: str, units: int, roots: Iterable[Any], but: tuple[type, ...] = (), spare: Iterable[Any] = (),
    ) -> None:
        """Count all that the roots lead to, but objects of some classes and some containers, which come later."""
        spared = {id(one) for one in spare}
        total, seen = 0, self._seen
        queue = list(roots)
        while queue:
            one = queue.pop()
            if id(one) in seen or id(one) in spared or isinstance(one, (*NOT_STATE, *but)) or _is_constant(one):
                continue
            seen.add(id(one))
            total += -(-sys.getsizeof(one) // GRAIN) * GRAIN
            queue += gc.get_referents(one)
        self.bytes[row] = self.bytes.get(row, 0) + total
        self.units[row] = self.units.get(row, 0) + units


def _is_constant(value: object) -> bool:
    """Return whether the interpreter has that object in any case: small numbers, words of the program."""
    return value is None or isinstance(value, bool) or value in ((), b"", "", 0.0) or (
        isinstance(value, int) and -5 <= value <= 256) or (isinstance(value, str) and value.isidentifier())


def traced(snapshot: tracemalloc.Snapshot) -> int:
    """Return the bytes that lines of the core have allocated and that are in use."""
    return sum(
        statistic.size for statistic in snapshot.statistics("filename")
        if "cliquenntp/clique/" in (name := statistic.traceback[0].filename) and not name.endswith(NOT_CORE))


def main() -> None:
    """Run the scenario and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.core_memory", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", default="calm")
    parser.add_argument("--nodes", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    tracemalloc.start()
    run = Run(evolve(load(arguments.scenario, arguments.nodes), idle=0.0), arguments.seed)
    run.go()
    gc.collect()
    by_lines = traced(tracemalloc.take_snapshot())
    tracemalloc.stop()
    census = Census()
    for _, node in cores(run.world):
        census.node(node.core.node)
    _print(census, by_lines, f"{arguments.scenario}, {arguments.nodes} nodes, seed {arguments.seed}")


def _print(census: Census, by_lines: int, title: str) -> None:
    edges, nodes = census.units["an edge and its link"], census.units["a node"]
    table = Table(title=f"Memory of the clique core: {title}")
    for column in ("what", "of them a node", "bytes each", "bytes an edge"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for row, size in census.bytes.items():
        units = census.units[row]
        table.add_row(row, f"{units / nodes:.1f}", f"{size / max(1, units):.0f}", f"{size / edges:.0f}")
    whole = sum(census.bytes.values())
    table.add_row("all", "", f"{whole / nodes:.0f}", f"{whole / edges:.0f}", style="bold")
    table.add_row("all, by tracemalloc", "", f"{by_lines / nodes:.0f}", f"{by_lines / edges:.0f}")
    Console(width=100).print(table)
    print(f"goal: at most {GOAL} bytes a link and channel (an edge)")


if __name__ == "__main__":
    main()
