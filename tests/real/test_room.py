"""Room on a real node: what its rules say goes from newsgroups, bookmarks stay, and cliquectl tells."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess
from tests.real.reading import message_id, post
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

GROUP = "clique.garden"
CONFIG = """
quota = "1 GB"
[[expire]]
forums = "clique.gar*"
days = 0
"""


def test_old_articles_go_and_bookmarks_stay(make_node: Callable[..., NodeProcess]) -> None:
    node = make_node(config=CONFIG)
    node.cliquectl("create-forum", "garden")
    for subject in ("one", "two", "three"):
        post(node, GROUP, subject)
    kept = message_id(node, GROUP, "two")
    gone = message_id(node, GROUP, "one")
    node.cliquectl("bookmark", kept[1:53])
    assert [row["subject"] for row in node.cliquectl("bookmarks")] == ["two"]

    # days = 0 names what is older than this second
    wait_for("a second later", lambda: node.cliquectl("expire", "--dry-run")["documents"] == 2)
    report = node.cliquectl("expire")
    assert report["by_forum"] == {GROUP: 2}
    assert report["by_reason"] == {"older than the forum keeps": 2}
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        assert client.command(f"GROUP {GROUP}").startswith("211 2 1 4 ")
        assert [line.split(b"\t")[1] for line in client.listing("OVER 1-")[1]][1:] == [b"two"]
        assert client.command("STAT 2").startswith("423")
        assert client.command(f"STAT {gone}").startswith("430")
        assert client.command(f"STAT {kept}").startswith("223")
    assert node.cliquectl("verify") == []

    packed = node.cliquectl("pack")
    assert packed["after"] <= packed["before"]
    node.cliquectl("bookmark", kept[1:53], "--remove")
    assert node.cliquectl("expire")["documents"] == 1
    node.kill()
    node.start()
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        assert client.command(f"GROUP {GROUP}").startswith("211 1 1 4 ")
    post(node, GROUP, "four")
    assert message_id(node, GROUP, "four")
