"""Nodes and terminals for tests; whatever a test starts is killed at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.real.node_process import NodeProcess
from tests.real.terminal import Terminal


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


@pytest.fixture
def make_terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """A function that starts a program in a terminal: the command and its environment."""
    terminals: list[Terminal] = []

    def make(*command: str, **environ: str) -> Terminal:
        folder = tmp_path / f"terminal{len(terminals)}"
        folder.mkdir()
        terminals.append(Terminal(folder, command, environ))
        return terminals[-1]

    yield make
    for terminal in terminals:
        terminal.close()
