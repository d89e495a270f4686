"""Measure the NNTP server, with INN beside it where INN is installed, and the floor below both.

    python -m benchmarks [--seconds N] [--repeats N] [--articles N] [--idle N] [WORKLOAD ...]

Each figure is the median of several runs, the servers in turn.  CLIQUENNTP_CORPUS names a folder with real articles;
without it they are generated.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import inn
from benchmarks.articles import write_articles
from benchmarks.machine import describe
from benchmarks.nntp_clients import Server
from benchmarks.nntp_workloads import FEED_GROUP
from benchmarks.processes import Tree, drop_cached
from benchmarks.side_by_side import Comparison, copy_articles
from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess

FEED = f"""
path_identity = "bench.example.com"
feed = "tcp:0:interface=127.0.0.1"
feed_newsgroups = ["{FEED_GROUP.decode()}"]
"""
"""a node's configuration"""


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workloads", metavar="WORKLOAD", nargs="*", help="default: all")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each run (default: 1)")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each workload on each server (default: 5)")
    parser.add_argument("--articles", type=int, default=12_500, help="in the spool (default: 12,500)")
    parser.add_argument("--clients", type=int, default=8, help="connections at once (default: 8)")
    parser.add_argument("--idle", type=int, default=1000, help="idle connections held for their memory")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cliquenntp-bench-")))
        archive = folder / "articles.tar"
        print(f"{describe()}; {write_articles(archive, arguments.articles)}", flush=True)
        servers = [stack.enter_context(_node(folder, archive))]
        if inn.is_installed():
            servers.append(stack.enter_context(_inn(folder, servers[0])))
        else:
            print(inn.HINT, flush=True)
        comparison = Comparison(servers, folder, arguments.clients, arguments.seconds, arguments.repeats)
        stack.callback(comparison.close)
        unknown = set(arguments.workloads) - set(comparison.names)
        if unknown:
            sys.exit(f"no such workload: {', '.join(sorted(unknown))}; there are {', '.join(comparison.names)}")
        for line in comparison.lines(arguments.workloads or comparison.names, arguments.idle):
            print(line, flush=True)


@contextmanager
def _node(folder: Path, archive: Path) -> Iterator[Server]:
    """Run a node with the articles of an archive."""
    node = NodeProcess(folder / "node", config=FEED)
    try:
        node.start()
        started = time.monotonic()
        node.cliquectl("import", str(archive), seconds=3600)
        elapsed = time.monotonic() - started

        def now() -> Server:
            return Server("node", node.nntp_port, node.feed_port, Tree([node.pid]), restart_cold=restart_cold)

        def restart_cold() -> Server:
            node.stop()
            drop_cached(node.folder)
            node.start()
            return now()

        server = now()
        memory = server.processes.memory_bytes() >> 20 if server.processes else 0
        print(f"imported within {elapsed:.1f} s, {memory} MB of memory", flush=True)
        yield server
    finally:
        node.kill()


@contextmanager
def _inn(folder: Path, node: Server) -> Iterator[Server]:
    """Run INN with the node's newsgroups and articles."""
    with NewsClient(node.host, node.port) as client:
        groups = [line.split()[0] for line in client.listing("LIST ACTIVE")[1]]
        forums = [line.split()[0] for line in client.listing("LIST SUBSCRIPTIONS")[1]]
    peer = inn.Inn(folder / "inn", [*groups, FEED_GROUP])

    def restart_cold() -> Server:
        drop_cached(peer.folder)  # its readers are a process each, so they begin with nothing
        return server

    try:
        server = Server(
            "INN", peer.port, peer.feed_port, peer.processes, most_idle=inn.MOST_IDLE, restart_cold=restart_cold
        )
        started = time.monotonic()
        taken, refused = copy_articles(node, server, forums)
        elapsed = time.monotonic() - started
        prompt = "TCP_NODELAY forced" if peer.is_prompt else "TCP_NODELAY not forced for want of a C compiler"
        print(f"{inn.version()}, {prompt}: took {taken:,} articles within {elapsed:.1f} s, refused {refused:,}")
        yield server
    finally:
        peer.stop()


if __name__ == "__main__":
    main()
