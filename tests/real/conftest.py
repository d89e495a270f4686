"""Nodes for tests; whatever a test starts is killed at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.real.node_process import NodeProcess


@pytest.fixture
def make_node(tmp_path: Path) -> Iterator[Callable[..., NodeProcess]]:
    """A function that starts a node: its name, and whether other nodes may connect."""
    nodes: list[NodeProcess] = []

    def make(name: str = "node", clique: bool = False) -> NodeProcess:
        node = NodeProcess(tmp_path / name, clique)
        nodes.append(node)
        return node.start()

    yield make
    for node in nodes:
        node.kill()
