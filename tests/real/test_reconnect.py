"""What it costs two nodes that hold the same to find that out again."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real.articles import write_mbox
from tests.real.node_process import NodeProcess
from tests.real.reading import count, linked_keys, wait_for_count
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

GROUP = "clique.garden"
ARTICLES = 300

MOST_BYTES = 1000
"""on the new link in both directions, the handshake included"""

QUIET_SECONDS = 8.0
"""without a byte: an acknowledgement waits at most five for a frame to ride on"""


def link_bytes(node: NodeProcess) -> int:
    """Return the bytes of the node's only link, both ways; 0 where it shares nothing yet."""
    [peer] = [peer for peer in node.ask("peers") if peer.get("forums")] or [{"bytes_received": 0, "bytes_sent": 0}]
    return int(peer["bytes_received"] + peer["bytes_sent"])


def quiet_link_bytes(node: NodeProcess) -> int:
    """Return the same once it has not changed for a while."""
    seen, since = 0, time.monotonic()

    def look() -> int | None:
        nonlocal seen, since
        found = link_bytes(node)
        if found != seen or not found:
            seen, since = found, time.monotonic()
        return seen if time.monotonic() > since + QUIET_SECONDS else None

    return wait_for("a quiet link", look, 90.0)


def test_equal_stores_reconnect_for_little(make_nodes: Callable[..., list[NodeProcess]], tmp_path: Path) -> None:
    first, second = make_nodes("first", "second")
    first.cliquectl("create-forum", "garden")
    write_mbox(tmp_path / "garden.mbox", ARTICLES)
    first.cliquectl("import", str(tmp_path / "garden.mbox"), "--forum", "garden")
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    wait_for_count(second, GROUP, count(first, GROUP))
    second.stop()
    wait_for("no link", lambda: not linked_keys(first))
    second.start()
    found = quiet_link_bytes(first)
    print(f"{found} bytes, of which the second node sent {second.ask('status')['traffic']}")
    assert found < MOST_BYTES
