"""Measure one forum among many node processes on this machine.

    python -m benchmarks.network [--nodes N] [--rounds N] [--idle SECONDS] [--result FILE]

One node founds a forum and invites all others.  Then every node posts in turn; a post's time is from its 240 until the
last node's NNTP server has it.  Last, nobody writes anything, and what the nodes send is counted by kind of message.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import attrs

from benchmarks.machine import describe
from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess
from tests.real.waiting import wait_for

GROUP = "clique.garden"

LAUNCHED_AT_ONCE = 4
"""processes that start together; each takes a second of a processor"""

FOUND_WITHIN = 60.0
"""seconds for a post to reach all nodes: far above what is to be shown, so that a slow one is a figure and no error"""

KEEP_ALIVE = frozenset({"PING", "PONG"})
PROBES = frozenset({"PROBE", "handshake"})
"""a probe goes to a node without a link, so that one is opened for it"""


@attrs.frozen
class Measured:
    """What a run showed."""

    nodes: int
    joined: float
    """seconds from the first `join` until every node had the forum's first post"""
    posts: tuple[float, ...]
    """seconds, one for each post"""
    degrees: tuple[int, ...]
    """links that each node has for the forum"""
    settled: float
    """seconds after the last post until nothing was sent for SETTLED_FOR seconds but keep-alives and probes"""
    idle: float
    """seconds watched from then on"""
    sent: Counter[str]
    """messages by kind that all nodes sent in that time"""
    octets: int
    """octets likewise, everything included"""

    def lines(self) -> list[str]:
        """Return the figures as a Markdown table."""
        posts = sorted(self.posts)
        sent = ", ".join(f"{count} {kind}" for kind, count in self.sent.most_common()) or "nothing"
        rate = self.octets / self.nodes / self.idle * 60 if self.idle else 0.0
        rows = [
            ("all joined and had the first post", f"{self.joined:.1f} s"),
            (f"{len(posts)} posts at all nodes: median, longest", f"{statistics.median(posts):.2f}, {posts[-1]:.2f} s"),
            ("links of a node: fewest, most", f"{min(self.degrees)}, {max(self.degrees)}"),
            ("last message but keep-alives and probes after the last post", f"{self.settled:.0f} s"),
            (f"sent in {self.idle:.0f} s of idleness by all nodes", sent),
            ("octets a node and minute then", f"{rate:.0f}"),
        ]
        return [f"| {self.nodes} nodes | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]


class Forum:
    """Nodes with one forum, and a newsreader's connection to each."""

    def __init__(self, nodes: Sequence[NodeProcess]) -> None:
        self.nodes = nodes
        self._readers = [NewsClient("127.0.0.1", node.nntp_port) for node in nodes]
        self._posted = 0

    def close(self) -> None:
        """Hang up."""
        for reader in self._readers:
            reader.close()

    def join(self) -> float:
        """Found the forum on the first node and let the others join by its invitation; return the seconds it took."""
        founder, *others = self.nodes
        founder.ask("create-forum", name=GROUP, description="")
        self._post(0)
        invitation = founder.ask("invite", name=GROUP)["invitation"]
        started = time.monotonic()
        with ThreadPoolExecutor(len(others)) as threads:
            list(threads.map(lambda node: node.ask("join", invitation=invitation), others))
        self._wait_for(2)
        return time.monotonic() - started

    def post(self, author: int) -> float:
        """Post on one node; return the seconds until all have it."""
        wanted = self._count(author) + 1
        self._post(author)
        started = time.monotonic()
        self._wait_for(wanted)
        return time.monotonic() - started

    def _post(self, author: int) -> None:
        self._posted += 1
        lines = [f"Newsgroups: {GROUP}", "From: r <r@example.invalid>", f"Subject: post {self._posted}", "", "text", ""]
        verdict = self._readers[author].post("\r\n".join(lines).encode())
        if not verdict.startswith("240"):
            raise RuntimeError(verdict)

    def _count(self, number: int) -> int:
        answer = self._readers[number].command(f"GROUP {GROUP}").split()
        return int(answer[1]) if answer[0] == "211" else 0

    def _wait_for(self, wanted: int) -> None:
        missing = list(range(len(self.nodes)))

        def look() -> bool:
            missing[:] = [number for number in missing if self._count(number) < wanted]
            return not missing

        wait_for(f"{wanted} articles on all nodes", look, FOUND_WITHIN)

    def degrees(self) -> tuple[int, ...]:
        """Return how many links each node has for the forum."""
        return tuple(sum(GROUP in peer.get("forums", ()) for peer in node.ask("peers")) for node in self.nodes)

    def sent(self) -> tuple[Counter[str], int]:
        """Return the messages by kind, and the octets, that all nodes have sent."""
        kinds: Counter[str] = Counter()
        octets = 0
        for node in self.nodes:
            status = node.ask("status")
            kinds.update({kind: messages for kind, (messages, _) in status["traffic"].items()})
            octets += status["octets_sent"]
        return kinds, octets


SETTLED_FOR = 150.0
"""seconds: longer than the longest that an advert may wait (clique.parameters.ADVERT_COUNT_WITHIN)"""

MIXED_AFTER = 800.0
"""seconds after joining: by then each node has made its last walk for other neighbours (REMIX_AFTER)"""


def settle(forum: Forum, at_least: float) -> float:
    """Wait until nothing but keep-alives and probes has been sent for a while; return the seconds before that while."""
    started = since = time.monotonic()
    before, _ = forum.sent()
    while time.monotonic() < max(since + SETTLED_FOR, started + at_least):
        time.sleep(5)
        now, _ = forum.sent()
        if (now - before).keys() - KEEP_ALIVE - PROBES:
            since = time.monotonic()
        before = now
    return since - started


@contextmanager
def running(folder: Path, count: int) -> Iterator[list[NodeProcess]]:
    """Run so many nodes."""
    nodes = [NodeProcess(folder / f"node{number}", clique=True) for number in range(count)]
    try:
        for start in range(0, count, LAUNCHED_AT_ONCE):
            batch = nodes[start : start + LAUNCHED_AT_ONCE]
            for node in batch:
                node.launch()
            for node in batch:
                node.wait()
        yield nodes
    finally:
        for node in nodes:
            node.kill()


def measure(folder: Path, count: int, rounds: int, idle: float) -> Measured:
    """Run the measurement; ``rounds``: how often each node posts; ``idle``: seconds to watch."""
    with running(folder, count) as nodes:
        forum = Forum(nodes)
        try:
            joined = forum.join()
            posts = tuple(forum.post(author) for _ in range(rounds) for author in range(count))
            settled = settle(forum, MIXED_AFTER) if idle else 0.0
            before, octets = forum.sent()
            time.sleep(idle)
            after, octets_after = forum.sent()
            return Measured(
                count, joined, posts, forum.degrees(), settled, idle, after - before, octets_after - octets
            )
        finally:
            forum.close()


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.network", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nodes", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3, help="how often each node posts (default: 3)")
    parser.add_argument("--idle", type=float, default=600.0, help="seconds watched in the end (default: 600)")
    parser.add_argument("--result", metavar="FILE", help="also write the table there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cliquenntp-network-") as folder:
        measured = measure(Path(folder), arguments.nodes, arguments.rounds, arguments.idle)
    command = f"`python -m benchmarks.network {' '.join(sys.argv[1:])}`".replace(" `", "`")
    lines = [command, "", describe(), "", *measured.lines()]
    print("\n".join(lines))
    if arguments.result:
        Path(arguments.result).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
