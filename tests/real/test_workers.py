"""A node with workers: several processes behind its ports, real ZEO between them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

CONFIG = """
clique = "off"
workers = 2
accounts = "tcp:0:interface=127.0.0.1"
"""


@pytest.fixture
def node(make_node: Callable[..., NodeProcess]) -> NodeProcess:
    """A node with two workers that serve already."""
    pytest.importorskip("ZEO", reason="ZEO is not installed: pip install 'cliquenntp[zeo]'")
    started = make_node("node", config=CONFIG)
    started.ask("create-forum", name="shared", description="for all workers")
    wait_for("both workers are there", lambda: started.ask("status")["workers_connected"] == 2)
    return started


def post(client: NewsClient, number: int) -> str:
    """Post an article; return the answer."""
    assert client.command("POST").startswith("340")
    client.send(b"From: a@b.invalid\r\nNewsgroups: clique.shared\r\nSubject: post %d\r\n\r\nx\r\n.\r\n" % number)
    return client.status()


def subjects(client: NewsClient) -> list[str]:
    """Return the subjects of what was posted."""
    client.command("GROUP clique.shared")
    found = [line.split(b"\t")[1].decode() for line in client.listing("OVER 1-")[1]]
    return [subject for subject in found if subject.startswith("post")]


def test_connections_go_to_the_workers_in_turn_and_all_show_the_same(node: NodeProcess) -> None:
    clients = [NewsClient("127.0.0.1", node.nntp_port) for _ in range(4)]
    for number, client in enumerate(clients):
        assert post(client, number).startswith("240")
    for client in clients:
        wait_for("each shows all", lambda client=client: subjects(client) == [f"post {n}" for n in range(4)], 1.0)
        client.close()
    assert node.ask("status")["readers"] == 0, "the node itself serves none of them"


def test_a_worker_that_is_killed_and_a_zeo_server_that_is_killed_are_started_again(node: NodeProcess) -> None:
    first, second = node.ask("status")["workers"]
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        assert post(client, 0).startswith("240")
    os.kill(first, signal.SIGKILL)
    wait_for("another one has come", lambda: first not in node.ask("status")["workers"])
    assert second in node.ask("status")["workers"]
    os.kill(node.ask("status")["zeo"], signal.SIGKILL)
    number = 0

    def is_posted() -> bool:
        nonlocal number
        number += 1
        try:
            with NewsClient("127.0.0.1", node.nntp_port, timeout=60) as client:
                return post(client, number).startswith("240")
        except (OSError, EOFError, AssertionError):
            return False

    wait_for("posts are taken again", is_posted, 60.0)
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        assert "post 0" in subjects(client)


def test_sighup_ends_nobody(node: NodeProcess) -> None:
    before = node.ask("status")["workers"]
    os.kill(node.pid, signal.SIGHUP)
    wait_for("the node has read its settings again", lambda: "settings read again" in node.log)
    with NewsClient("127.0.0.1", node.nntp_port) as one, NewsClient("127.0.0.1", node.nntp_port) as other:
        assert [client.command("GROUP clique.shared")[:3] for client in (one, other)] == ["211", "211"]
    assert node.ask("status")["workers"] == before


def test_workers_and_zeo_end_with_a_node_that_is_killed(node: NodeProcess) -> None:
    status = node.ask("status")
    pids = [*status["workers"], status["zeo"]]
    os.kill(node.pid, signal.SIGKILL)

    def is_gone(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False

    wait_for("all have ended", lambda: all(map(is_gone, pids)))
    node.start()
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        wait_for("the forum is there again", lambda: client.command("GROUP clique.shared").startswith("211"))


def test_accounts_log_in_at_workers_as_soon_as_they_are_made(node: NodeProcess) -> None:
    made = node.cliquectl("user", "add", "alice")
    port = int(node.ask("status")["accounts"][0].rpartition(":")[2])

    def logs_in() -> bool:
        with NewsClient("127.0.0.1", port) as client:
            assert client.command("AUTHINFO USER alice").startswith("381")
            return client.command(f"AUTHINFO PASS {made['password']}").startswith("281")

    wait_for("alice logs in", logs_in, 5.0)
    with NewsClient("127.0.0.1", port) as client:
        client.command("AUTHINFO USER alice")
        client.command(f"AUTHINFO PASS {made['password']}")
        assert post(client, 1).startswith("240")
