"""What an account hides is hidden from it alone, in its live connections, after a restart and in other processes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.control_client import CommandFailedError
from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess
from tests.real.reading import message_id, post
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

GROUP = "clique.garden"


def numbers(client: NewsClient) -> list[bytes]:
    return client.listing(f"LISTGROUP {GROUP}")[1]


def test_hide_and_unhide(make_node: Callable[..., NodeProcess]) -> None:
    node = make_node("node")
    node.cliquectl("create-forum", "garden")
    post(node, GROUP, "Peas")
    thread = message_id(node, GROUP, "Peas")
    post(node, GROUP, "Re: Peas", f"References: {thread}")
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        assert numbers(client) == [b"1", b"2", b"3"]
        told = node.cliquectl("hide", "document", thread)
        assert told["text"] == f"document {thread[1:53]} is hidden"
        assert numbers(client) == [b"1"]
        assert client.command(f"STAT {thread}").startswith("430")
        assert node.cliquectl("hide", "document", thread)["text"].endswith("is hidden already")
    [row] = node.cliquectl("hidden")
    assert (row["kind"], row["what"]) == ("document", thread[1:53]) and row["name"].startswith("clique.garden.peas-")
    assert node.cliquectl("hidden", "--account", "owner") == [row]
    node.kill()
    node.start()
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        assert numbers(client) == [b"1"]
        assert node.cliquectl("unhide", "document", row["name"])["text"].endswith("is hidden no more")
        assert numbers(client) == [b"1", b"2", b"3"]
        node.cliquectl("hide", "author", node.cliquectl("user")["address"])
        assert numbers(client) == []
    assert node.cliquectl("unhide", "document", thread)["text"].endswith("was not hidden")
    for words in (("hide", "document", "clique.none"), ("hide", "author", "nobody@example.org"),
                  ("block", "peer", "key"), ("hide", "peer", "key")):
        with pytest.raises(CommandFailedError):
            node.cliquectl(*words)


def test_each_account_hides_for_itself_also_in_workers(make_node: Callable[..., NodeProcess]) -> None:
    node = make_node("node", config='workers = 2\nclique = "off"\naccounts = "tcp:0:interface=127.0.0.1"\n')
    node.cliquectl("create-forum", "garden")
    post(node, GROUP, "Peas")
    password = node.cliquectl("user", "add", "bob")["password"]
    [address] = node.cliquectl("status")["accounts"]
    port = int(address.rpartition(":")[2])
    thread = message_id(node, GROUP, "Peas")
    with NewsClient("127.0.0.1", port) as bob, NewsClient("127.0.0.1", node.nntp_port) as owner:
        bob.command("AUTHINFO USER bob")
        assert bob.command(f"AUTHINFO PASS {password}").startswith("281")
        assert numbers(bob) == numbers(owner) == [b"1", b"2"]
        node.cliquectl("hide", "document", thread, "--account", "bob")
        wait_for("bob's worker to hear of it", lambda: numbers(bob) == [b"1"])
        assert numbers(owner) == [b"1", b"2"]
        node.cliquectl("unhide", "document", thread, "--account", "bob")
        wait_for("bob's worker to hear of it", lambda: numbers(bob) == [b"1", b"2"])
