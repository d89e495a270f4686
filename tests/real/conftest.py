"""Nodes, terminals and newsreaders for tests; whatever a test starts is killed at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real.chromium import Open, open_browsers
from tests.real.i2p_router import PROGRAM, I2PRouter
from tests.real.node_process import NodeProcess
from tests.real.readers.drivers import DRIVERS
from tests.real.readers.newsreader import Access, Newsreader, TerminalReader
from tests.real.terminal import Terminal


@pytest.fixture
def make_node(tmp_path: Path) -> Iterator[Callable[..., NodeProcess]]:
    """A function that starts a node: its name, whether other nodes may connect, and what else NodeProcess takes."""
    nodes: list[NodeProcess] = []

    def make(name: str = "node", clique: bool = False, config: str = "", web: str = "off", **more: Any) -> NodeProcess:
        node = NodeProcess(tmp_path / name, clique, config, web, **more)
        nodes.append(node)
        return node.start()

    yield make
    for node in nodes:
        node.kill()


@pytest.fixture
def make_nodes(tmp_path: Path) -> Iterator[Callable[..., list[NodeProcess]]]:
    """A function that starts nodes to which others may connect, all at once: their names."""
    nodes: list[NodeProcess] = []

    def make(*names: str) -> list[NodeProcess]:
        started = [NodeProcess(tmp_path / name, clique=True) for name in names]
        nodes.extend(started)
        for node in started:
            node.launch()
        return [node.wait() for node in started]

    yield make
    for node in nodes:
        node.kill()


@pytest.fixture
def make_terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """A function that starts a program in a terminal: the command and its environment."""
    terminals: list[Terminal] = []

    def make(*command: str, rows: int = 480, columns: int = 150, **environ: str) -> Terminal:
        folder = tmp_path / f"terminal{len(terminals)}"
        folder.mkdir()
        terminals.append(Terminal(folder, command, environ, rows, columns))
        return terminals[-1]

    yield make
    for terminal in terminals:
        terminal.close()


@pytest.fixture
def make_reader(
    tmp_path: Path, make_terminal: Callable[..., Terminal]
) -> Iterator[Callable[[str, Access], Newsreader]]:
    """A function that gives a newsreader a home: its name, and where it connects."""
    made: list[Newsreader] = []

    def make(name: str, access: Access) -> Newsreader:
        driver = DRIVERS[name]
        home = tmp_path / name
        reader = driver(home, access, make_terminal) if issubclass(driver, TerminalReader) else driver(home, access)
        made.append(reader)
        return reader

    yield make
    for reader in made:
        reader.close()


@pytest.fixture
def open_chromium(tmp_path: Path) -> Iterator[Open]:
    """A function that starts a Chromium of its own, with scripts or without."""
    with open_browsers(tmp_path) as start:
        yield start


@pytest.fixture(scope="session")
def i2p_router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[I2PRouter]:
    """One private router for all tests of a run; a test that kills it starts it again."""
    if PROGRAM is None:
        pytest.skip("needs i2pd: apt install i2pd")
    router = I2PRouter(tmp_path_factory.mktemp("i2pd"))
    router.start()
    yield router
    router.kill()
