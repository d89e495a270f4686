"""Nodes that keep different parts of a forum: what one has dropped or never wanted is not sent again, and costs little.

    python -m tests.real.test_different_pasts [ARTICLES]

runs both tests with 10,000 articles, or as many as asked for.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real.articles import FIRST_DATE, write_mbox
from tests.real.node_process import NodeProcess
from tests.real.reading import count, linked_keys, wait_for_count
from tests.real.test_reconnect import GROUP, quiet_link_bytes
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

MOST_BYTES = 2000
"""on the new link in both directions, the handshake included, where nothing differs in what both keep"""

CONFIG = 'clique = ["tcp:127.0.0.1:0"]\n'

SECONDS_APART = 60
"""between two articles"""


def fill(first: NodeProcess, folder: Path, articles: int) -> None:
    """Give a node a forum of so many articles."""
    first.cliquectl("create-forum", "garden")
    write_mbox(folder / "garden.mbox", articles, seconds_apart=SECONDS_APART)
    first.cliquectl("import", str(folder / "garden.mbox"), "--forum", "garden")


def drop(node: NodeProcess, share: float) -> int:
    """Have a node expire what goes beyond a share of what it holds; return how many documents that were."""
    octets = int(node.cliquectl("status")["documents_octets"] * share)
    (node.folder / "cliquenntp.toml").write_text(f'{CONFIG}[[expire]]\nforums = "*"\nsize = {octets}\n')
    os.kill(node.pid, signal.SIGHUP)
    wait_for("the rule counts", lambda: node.cliquectl("expire", "--dry-run")["documents"])
    return int(node.cliquectl("expire")["documents"])


def meet_again(first: NodeProcess, second: NodeProcess) -> dict[str, int]:
    """Have two linked nodes link anew; return what that cost."""
    kept = [count(node, GROUP) for node in (first, second)]
    sent_before = first.cliquectl("status")["sent"]
    second.stop()
    wait_for("no link", lambda: not linked_keys(first))
    second.start()
    found = quiet_link_bytes(first)
    changed = [before - count(node, GROUP) for before, node in zip(kept, (first, second), strict=True)]
    return {
        "bytes": found, "sent again": first.cliquectl("status")["sent"] - sent_before,
        "changed at the first": changed[0], "changed at the second": changed[1],
        "received": second.cliquectl("status")["received"],
    }


def check(found: dict[str, int]) -> None:
    """Nothing was sent again, nothing went, and finding that out cost little."""
    assert found.pop("bytes") < MOST_BYTES, found
    assert set(found.values()) == {0}, found


def drop_at_one(first: NodeProcess, second: NodeProcess, folder: Path, articles: int) -> dict[str, int]:
    """Let the second node drop half of what the first has."""
    fill(first, folder, articles)
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    wait_for_count(second, GROUP, count(first, GROUP), 300.0)
    dropped = drop(second, 0.5)
    assert dropped > articles // 3
    return meet_again(first, second)


def drop_at_both(first: NodeProcess, second: NodeProcess, folder: Path, articles: int) -> dict[str, int]:
    """Let the second node keep no more than the last three quarters, and then both drop different parts of that."""
    fill(first, folder, articles)
    horizon = FIRST_DATE + articles // 4 * SECONDS_APART
    invitation = first.cliquectl("invite", GROUP)["invitation"]
    second.cliquectl("join", invitation, "--since", str(horizon))
    wait_for_count(second, GROUP, articles - articles // 4 + 1, 300.0)
    before = meet_again(first, second)
    assert count(second, GROUP) < articles * 0.8
    check(before)
    assert drop(first, 0.6) > articles // 3
    assert drop(second, 0.6) > articles // 5
    assert count(first, GROUP) != count(second, GROUP)
    return meet_again(first, second)


def test_what_one_node_dropped_does_not_come_back(make_node: Callable[..., NodeProcess], tmp_path: Path) -> None:
    first, second = make_node("first", clique=True), make_node("second", config=CONFIG)
    check(drop_at_one(first, second, tmp_path, 500))


def test_nodes_with_horizons_and_expiry_of_their_own_find_no_difference(
    make_node: Callable[..., NodeProcess], tmp_path: Path,
) -> None:
    first, second, third = (make_node(name, config=CONFIG) for name in ("first", "second", "third"))
    check(drop_at_both(first, second, tmp_path, 400))
    # who comes now is sent what is kept, and what that answers
    third.cliquectl("join", second.cliquectl("invite", GROUP)["invitation"])
    wait_for_count(third, GROUP, max(count(node, GROUP) for node in (first, second)), 60.0)
    assert third.cliquectl("status")["repeated"] == 0


def main() -> None:
    """Run both once and print what was found."""
    articles = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    for run in (drop_at_one, drop_at_both):
        with tempfile.TemporaryDirectory() as folder:
            nodes = [NodeProcess(Path(folder) / name, config=CONFIG) for name in ("first", "second")]
            try:
                print(run.__name__, run(nodes[0].start(), nodes[1].start(), Path(folder), articles), flush=True)
            finally:
                for node in nodes:
                    node.kill()


if __name__ == "__main__":
    main()
