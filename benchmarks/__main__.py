"""Start a node, import articles, and print what its NNTP server takes for each request.

    python -m benchmarks [--seconds N] [--idle N] [WORKLOAD ...]

CLIQUENNTP_CORPUS names a folder with real articles; without it they are generated.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from pathlib import Path

from benchmarks import nntp_load
from benchmarks.articles import write_articles
from benchmarks.processes import memory_bytes
from tests.real.node_process import NodeProcess


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workloads", metavar="WORKLOAD", nargs="*", help="default: all")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each workload (default: 3)")
    parser.add_argument("--idle", type=int, default=1000, help="idle connections held for their memory")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cliquenntp-bench-") as folder:
        node = NodeProcess(Path(folder))
        try:
            _measure(node, Path(folder), arguments)
        finally:
            node.kill()


def _measure(node: NodeProcess, folder: Path, arguments: argparse.Namespace) -> None:
    archive = folder / "articles.tar"
    what = write_articles(archive)
    print(f"Python {platform.python_version()}, {platform.machine()}; {what}", flush=True)
    node.start()
    started = time.monotonic()
    node.cliquectl("import", str(archive), seconds=3600)
    elapsed = time.monotonic() - started
    print(f"imported within {elapsed:.1f} s, {memory_bytes(node.pid) >> 20} MB of memory", flush=True)
    port = node.nntp_port
    idle = nntp_load.idle_memory("127.0.0.1", port, arguments.idle, node.pid)
    print(f"memory of an idle connection: {idle:,} octets ({arguments.idle:,} held)", flush=True)
    nntp_load.run("127.0.0.1", port, node.pid, arguments.workloads, seconds=arguments.seconds)


if __name__ == "__main__":
    main()
