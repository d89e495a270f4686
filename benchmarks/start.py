"""What a node's start takes and how much memory it has then, by the number of documents that it holds.

    python -m benchmarks.start [--documents 1000 50000]

The forum is open to other nodes, so all that the network's side needs is there.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.processes import cpu_seconds, memory_bytes
from tests.real.articles import write_mbox
from tests.real.node_process import NodeProcess

FORUM = "garden"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, nargs="+", default=[1000, 50_000])
    options = parser.parse_args()
    table = Table(title="A node's start")
    for column in ("documents", "seconds", "seconds of processor", "MB"):
        table.add_column(column, justify="right")
    for documents in options.documents:
        with tempfile.TemporaryDirectory(prefix="cliquenntp-bench-") as name:
            folder = Path(name)
            node = NodeProcess(folder / "node", clique=True)
            try:
                node.start().cliquectl("create-forum", FORUM)
                write_mbox(folder / "articles.mbox", documents)
                node.cliquectl("import", str(folder / "articles.mbox"), "--forum", FORUM, seconds=3600)
                node.stop()
                started = time.monotonic()
                node.start()
                elapsed = time.monotonic() - started
                row = f"{elapsed:.1f}", f"{cpu_seconds(node.pid):.1f}", f"{memory_bytes(node.pid) >> 20}"
                table.add_row(f"{node.cliquectl('status')['documents']:,}", *row)
            finally:
                node.kill()
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
