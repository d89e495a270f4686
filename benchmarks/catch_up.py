"""How fast a node that joins a forum gets its documents from one that has them, over TCP on this machine.

    python -m benchmarks.catch_up [--documents 10000]

Both nodes are processes of their own.  The time runs from the forum's first document to its last one; the processor's
time is what each of both used for a document meanwhile.  On a machine with other work the latter says more.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.processes import cpu_seconds, memory_bytes
from tests.nntp_client import NewsClient
from tests.real.articles import make_articles
from tests.real.node_process import NodeProcess

FORUM = "garden"
LOOK_SECONDS = 0.02


def held(port: int) -> int:
    """Return how many documents of the forum a node shows."""
    with NewsClient("127.0.0.1", port) as client:
        return held_by(client)


def held_by(client: NewsClient) -> int:
    """Return the same over an open connection."""
    answer = client.command(f"GROUP clique.{FORUM}").split()
    return int(answer[1]) if answer[0] == "211" else 0


def catch_up(first: NodeProcess, second: NodeProcess, wanted: int, limit: float) -> tuple[float, float, float]:
    """Let the second node join; return seconds, and the processor seconds of the first and the second node.

    TimeoutError when it has not got all after ``limit`` seconds.
    """
    port = second.nntp_port
    second.cliquectl("join", first.cliquectl("invite", f"clique.{FORUM}")["invitation"])
    started, at_start = time.monotonic(), held(port)
    used = [cpu_seconds(node.pid) for node in (first, second)]
    with NewsClient("127.0.0.1", port) as client:
        while (count := held_by(client)) < wanted:
            if time.monotonic() > started + limit:
                raise TimeoutError(f"{count} of {wanted} documents after {limit:g} s")
            time.sleep(LOOK_SECONDS)
    share = wanted / (wanted - at_start)
    elapsed = (time.monotonic() - started) * share
    mine, theirs = (
        (cpu_seconds(node.pid) - before) * share for node, before in zip((first, second), used, strict=True)
    )
    return elapsed, mine, theirs


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--limit", type=float, default=120.0, help="seconds before it is given up (default: 120)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cliquenntp-bench-") as name:
        folder = Path(name)
        first, second = NodeProcess(folder / "first", clique=True), NodeProcess(folder / "second", clique=True)
        try:
            for node in (first, second):
                node.start()
            first.cliquectl("create-forum", FORUM)
            archive = make_articles(folder, options.documents)
            first.cliquectl("import", str(archive), "--forum", FORUM, seconds=3600)
            wanted = held(first.nntp_port)
            elapsed, mine, theirs = catch_up(first, second, wanted, options.limit)
            sent = first.cliquectl("status")["sent"]
            memory = [memory_bytes(node.pid) >> 20 for node in (first, second)]
        finally:
            for node in (first, second):
                node.kill()
    table = Table(title=f"{wanted:,} documents to a node that joins")
    for column in (
        "seconds", "documents/s", "us of processor a document: sends", "takes", "bodies sent", "MB: sends", "takes"
    ):
        table.add_column(column, justify="right")
    row = (f"{elapsed:.1f}", f"{wanted / elapsed:,.0f}", f"{mine / wanted * 1e6:,.0f}", f"{theirs / wanted * 1e6:,.0f}")
    table.add_row(*row, f"{sent:,}", *map(str, memory))
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
