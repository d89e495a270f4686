"""Nodes that keep different parts of a forum: what one has dropped or never wanted is not sent again, and costs little.

    python -m tests.real.test_different_pasts [ARTICLES]

runs it with 10,000 articles, or as many as asked for.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real.articles import write_mbox
from tests.real.node_process import NodeProcess
from tests.real.reading import count, wait_for_count
from tests.real.test_reconnect import GROUP, quiet_link_bytes
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

MOST_BYTES = 2000
"""on the new link in both directions, the handshake included, where nothing differs in what both keep"""

CONFIG = 'clique = ["tcp:127.0.0.1:0"]\n'


def run(first: NodeProcess, second: NodeProcess, folder: Path, articles: int) -> dict[str, int]:
    """Let the second node drop half of what the first has, reconnect them, and return what that cost."""
    first.cliquectl("create-forum", "garden")
    write_mbox(folder / "garden.mbox", articles)
    first.cliquectl("import", str(folder / "garden.mbox"), "--forum", "garden")
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    wait_for_count(second, GROUP, count(first, GROUP), 300.0)
    octets = second.cliquectl("status")["documents_octets"]
    config = second.folder / "cliquenntp.toml"
    config.write_text(f'{CONFIG}[[expire]]\nforums = "*"\nsize = {octets // 2}\n')
    os.kill(second.pid, signal.SIGHUP)
    wait_for("the rule counts", lambda: second.cliquectl("expire", "--dry-run")["documents"] > articles // 3)
    dropped = second.cliquectl("expire")["documents"]
    kept = count(second, GROUP)
    sent_before = first.cliquectl("status")["sent"]
    second.stop()
    wait_for("no link", lambda: not first.ask("peers"))
    second.start()
    found = quiet_link_bytes(first)
    return {
        "articles": articles, "dropped": dropped, "bytes": found,
        "sent again": first.cliquectl("status")["sent"] - sent_before,
        "kept less": kept - count(second, GROUP),
        "received": second.cliquectl("status")["received"],
    }


def test_what_one_node_dropped_does_not_come_back(make_node: Callable[..., NodeProcess], tmp_path: Path) -> None:
    first, second = make_node("first", clique=True), make_node("second", config=CONFIG)
    found = run(first, second, tmp_path, 500)
    assert found["dropped"] > 150
    assert (found["sent again"], found["kept less"], found["received"]) == (0, 0, 0)
    assert found["bytes"] < MOST_BYTES, found


def main() -> None:
    """Run it once and print what was found."""
    articles = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        nodes = [NodeProcess(Path(folder) / "first", True), NodeProcess(Path(folder) / "second", config=CONFIG)]
        try:
            print(run(nodes[0].start(), nodes[1].start(), Path(folder), articles))
        finally:
            for node in nodes:
                node.kill()


if __name__ == "__main__":
    main()
