"""Clients without number: as many as a node takes, and more than it has file descriptors for."""

from __future__ import annotations

import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from cliquenntp.nntp.server import ServerSettings
from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess
from tests.real.reading import count, post_and_wait, wait_for_subject
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

GROUP = "clique.garden"
FEW = 100
"""file descriptors"""

KILOBYTES_A_CLIENT = 10
"""that an idle one may cost: 3 in the process, the rest is room for noise"""


def limited(descriptors: int) -> list[str]:
    """Return how to run a program with that many file descriptors."""
    return ["sh", "-c", f'ulimit -n {descriptors} && exec "$0" "$@"']


@contextmanager
def clients(node: NodeProcess, number: int) -> Iterator[list[bytes]]:
    """Connect so many newsreaders; give the first line that each gets, empty where it was not taken."""
    greetings = []
    with ExitStack() as stack:
        for _ in range(number):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", node.nntp_port), 60.0))
            with suppress(ConnectionError):
                greetings.append(client.recv(512))
        yield greetings


def resident_kilobytes(node: NodeProcess) -> int:
    status = Path(f"/proc/{node.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def is_served(node: NodeProcess) -> bool:
    try:
        with NewsClient("127.0.0.1", node.nntp_port) as client:
            return client.command(f"GROUP {GROUP}").startswith("211")
    except (OSError, EOFError):
        return False


def test_a_node_without_descriptors_goes_on_with_what_it_has(make_node: Callable[..., NodeProcess]) -> None:
    first, second = make_node("first", clique=True, wrapper=limited(FEW)), make_node("second", clique=True)
    first.cliquectl("create-forum", "garden")
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    wait_for_subject(second, GROUP, "garden")
    with NewsClient("127.0.0.1", first.nntp_port) as before, clients(first, 2 * FEW) as greetings:
        taken = sum(greeting.startswith(b"200") for greeting in greetings)
        assert FEW / 2 < taken < FEW
        assert before.command(f"GROUP {GROUP}").startswith("211")
        head = f"Newsgroups: {GROUP}\r\nFrom: r <r@example.invalid>\r\nSubject: posted without descriptors\r\n"
        assert before.post(f"{head}\r\ntext\r\n".encode()).startswith("240")
        wait_for_subject(second, GROUP, "posted without descriptors", 10.0)
    wait_for("a newsreader is served again", lambda: is_served(first), 10.0)
    assert post_and_wait(second, [first], GROUP, "from the second") < 10.0
    assert "Traceback" not in first.log and "Unhandled" not in first.log, first.log[-3000:]


def test_ten_thousand_newsreaders(make_node: Callable[..., NodeProcess]) -> None:
    most = ServerSettings().connections
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < most + 200:
        pytest.skip(f"needs {most + 200} file descriptors: raise `ulimit -Hn`, which is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    node = make_node("node", wrapper=limited(hard))
    node.cliquectl("create-forum", "garden")
    assert is_served(node)
    before = resident_kilobytes(node)
    with NewsClient("127.0.0.1", node.nntp_port) as one, clients(node, most + 10) as greetings:
        assert sum(greeting.startswith(b"200") for greeting in greetings) == most - 1
        assert {greeting[:4] for greeting in greetings[most:]} == {b"400 "}
        assert resident_kilobytes(node) - before < most * KILOBYTES_A_CLIENT
        head = f"Newsgroups: {GROUP}\r\nFrom: r <r@example.invalid>\r\nSubject: among ten thousand\r\n"
        assert one.post(f"{head}\r\ntext\r\n".encode()).startswith("240")
        assert node.ask("status")
    wait_for("a newsreader is served again", lambda: is_served(node), 30.0)
    assert count(node, GROUP) == 2
    assert "Traceback" not in node.log and "Unhandled" not in node.log, node.log[-3000:]
