"""Three nodes: one founds a forum, the second joins by its invitation, the third by one from the second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.nntp_client import NewsClient
from tests.real.articles import make_articles
from tests.real.node_process import NodeProcess
from tests.real.reading import count, post_and_wait, wait_for_count

pytestmark = pytest.mark.real

FORUM = "garden"
GROUP = f"clique.{FORUM}"
ARTICLES = 1000

POST_SECONDS = 2.0
"""a post reaches every other node on loopback within this"""


def articles(node: NodeProcess) -> dict[bytes, bytes]:
    """Return the forum's articles by Message-ID, as the node's NNTP server gives them but for Xref.

    Xref has the numbers, which are each node's own.
    """
    found = {}
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        _, numbers = client.listing(f"LISTGROUP {GROUP}")
        client.pipeline(f"ARTICLE {number.decode()}" for number in numbers)
        for _ in numbers:
            status = client.status()
            lines = [line for line in client.lines() if not line.startswith(b"Xref:")]
            found[status.split()[2].encode()] = b"\r\n".join(lines)
    return found


def test_a_forum_outlives_its_founder(make_nodes: Callable[..., list[NodeProcess]], tmp_path: Path) -> None:
    first, second, third = nodes = make_nodes("first", "second", "third")
    first.cliquectl("create-forum", FORUM)
    first.cliquectl("import", str(make_articles(tmp_path, ARTICLES)), "--forum", FORUM)
    held = count(first, GROUP)
    assert held > ARTICLES * 0.9
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    wait_for_count(second, GROUP, held)
    third.cliquectl("join", second.cliquectl("invite", GROUP)["invitation"])
    wait_for_count(third, GROUP, held)
    everything = articles(first)
    assert len(everything) == held
    assert articles(third) == everything

    for node in nodes:
        others = [other for other in nodes if other is not node]
        assert post_and_wait(node, others, GROUP, f"from the {node.folder.name}") < POST_SECONDS

    first.kill()
    # the center is gone: until there is another one, some 45 s later, what is posted is offered and asked for
    for number in range(3):
        assert post_and_wait(second, [third], GROUP, f"the second goes on: {number}") < POST_SECONDS
        assert post_and_wait(third, [second], GROUP, f"the third goes on: {number}") < POST_SECONDS
    wait_for_count(third, GROUP, count(second, GROUP))
