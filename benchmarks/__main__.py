"""Measure the NNTP server, with INN beside it where INN is installed, and the floor below both.

    python -m benchmarks [--seconds N] [--repeats N] [--idle N] [[--newsgroups N] WORKLOAD ...]

Each figure is the median of several runs, the servers in turn.  Without a workload all are measured, each with the
spool that its goal is about.  What is printed is Markdown; how far it is goes to standard error.  CLIQUENNTP_CORPUS
names a folder with real articles; without it they are generated.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import attrs

from benchmarks import inn
from benchmarks.articles import write_articles
from benchmarks.machine import Others, describe
from benchmarks.nntp_clients import Server
from benchmarks.nntp_workloads import FEED_GROUP
from benchmarks.processes import Tree, drop_cached
from benchmarks.side_by_side import COLD, Comparison, copy_articles, head
from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess

FEED = f"""
path_identity = "bench.example.com"
feed = "tcp:0:interface=127.0.0.1"
feed_newsgroups = ["{FEED_GROUP.decode()}"]
"""
"""a node's configuration"""


@attrs.frozen
class Spool:
    """Articles with which servers are measured."""

    newsgroups: int
    """each article is one, and so is each forum"""
    workloads: tuple[str, ...]


COMMON_NEWSGROUPS = 12_500
"""enough for OVER of 10,000 in one of them"""

SPOOLS = (
    Spool(COMMON_NEWSGROUPS, (
        "group", "stat", "article", "article-id", "over-100", "over-10000", "hdr-1000", "xpat-10000", "head-pipelined",
        "listgroup", "newnews", "connect", "idle", "post", "check", "takethis", "open-loop",
    )),
    Spool(10_000, ("list-active",)),
    Spool(100_000, ("list-active", *COLD)),
)  # fmt: skip


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workloads", metavar="WORKLOAD", nargs="*", help="default: all")
    parser.add_argument("--seconds", type=float, default=0.5, help="for each run (default: 0.5)")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each workload on each server (default: 5)")
    parser.add_argument(
        "--newsgroups", type=int, default=COMMON_NEWSGROUPS,
        help=f"in the spool for the workloads that are named (default: {COMMON_NEWSGROUPS:,})",
    )
    parser.add_argument("--clients", type=int, default=8, help="connections at once (default: 8)")
    parser.add_argument("--idle", type=int, default=10_000, help="idle connections held for their memory")
    arguments = parser.parse_args()
    workloads = tuple(arguments.workloads)
    spools = (Spool(arguments.newsgroups, workloads),) if workloads else SPOOLS
    others = Others()
    has_inn = inn.is_installed()
    print(f"{describe()}; {inn.version() if has_inn else inn.HINT}.")
    print(f"{arguments.clients} connections, medians of {arguments.repeats} runs of {arguments.seconds} s.\n")
    print(head(["INN"] if has_inn else []), flush=True)
    notes = [_measure(spool, arguments) for spool in spools]
    print("\nThe spools:\n", *(f"- {note}" for note in notes), sep="\n")
    print(f"\nOther programs had {others.share():.0%} of the processors meanwhile.")


def _measure(spool: Spool, options: argparse.Namespace) -> str:
    """Print the rows of a spool's workloads; return what the spool was, for people."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cliquenntp-bench-")))
        servers, about = _servers(stack, folder, spool.newsgroups)
        try:
            comparison = Comparison(
                servers, folder, spool.workloads, options.clients, options.seconds, options.repeats)
        except ValueError as error:
            sys.exit(str(error))
        stack.callback(comparison.close)
        for row in comparison.rows(options.idle):
            print(row, flush=True)
    return about


def _servers(stack: ExitStack, folder: Path, newsgroups: int) -> tuple[list[Server], str]:
    """Start the servers with so many newsgroups each; return them, and what they took, for people."""
    archive = folder / "articles.tar"
    what = write_articles(archive, newsgroups)
    print(f"{what} ...", file=sys.stderr, flush=True)
    started = time.monotonic()
    servers = [stack.enter_context(_node(folder, archive))]
    about = f"{newsgroups:,} newsgroups: {what}; the node imported them within {time.monotonic() - started:.0f} s"
    if inn.is_installed():
        peer, taken = stack.enter_context(_inn(folder, servers[0]))
        servers.append(peer)
        about += f"; INN took {taken}"
    return servers, about


@contextmanager
def _node(folder: Path, archive: Path) -> Iterator[Server]:
    """Run a node with the articles of an archive."""
    node = NodeProcess(folder / "node", config=FEED)
    try:
        node.start()
        node.cliquectl("import", str(archive), seconds=3600)

        def now() -> Server:
            return Server("node", node.nntp_port, node.feed_port, Tree([node.pid]), restart_cold=restart_cold)

        def restart_cold() -> Server:
            node.stop()
            drop_cached(node.folder)
            node.start()
            return now()

        yield now()
    finally:
        node.kill()


@contextmanager
def _inn(folder: Path, node: Server) -> Iterator[tuple[Server, str]]:
    """Run INN with the node's newsgroups and articles; give it with what it took of them, for people."""
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
        taken, refused = copy_articles(node, server, forums)
        prompt = "TCP_NODELAY forced" if peer.is_prompt else "TCP_NODELAY not forced for want of a C compiler"
        yield server, f"{taken:,} of them and refused {refused:,} ({prompt})"
    finally:
        peer.stop()


if __name__ == "__main__":
    main()
