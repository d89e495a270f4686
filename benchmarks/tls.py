"""Whether TLS holds up others: the processor time of the reactor's steps while clients shake hands and fetch over TLS.

    python -m benchmarks.tls [--seconds N] [--articles N]

A node runs in this process, its clients in another one.  What is counted for each turn of the reactor is the processor
time of its thread, so a busy machine does not change the figures: nobody is served during such a step.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from twisted.internet import defer, reactor
from twisted.internet.utils import getProcessValue

from cliquenntp.document import build, id_text, parse
from cliquenntp.service.forums import root_document
from cliquenntp.service.node import Node
from cliquenntp.service.settings import Settings
from tests.nntp_client import NewsClient, unchecked

CLIENTS = 4
GROUP = "clique.tls"


def load(port: int, over_tls: bool, fetches: int, seconds: float) -> int:
    """Connect again and again, and fetch the overview of all articles each time; return how often."""
    until = time.monotonic() + seconds
    done = 0
    while time.monotonic() < until:
        with NewsClient("127.0.0.1", port, context=unchecked() if over_tls else None) as client:
            client.command(f"GROUP {GROUP}")
            for _ in range(fetches):
                client.listing("OVER 1-")
        done += 1
    return done


def load_by_threads(port: int, over_tls: bool, fetches: int, seconds: float) -> None:
    """Be several clients."""
    arguments = (port, over_tls, fetches, seconds)
    threads = [threading.Thread(target=load, args=arguments) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Steps:
    """The processor milliseconds of each turn of the reactor."""

    def __init__(self) -> None:
        self.times: list[float] = []
        iterate = reactor.doIteration

        def timed(delay: float) -> None:
            reactor.runUntilCurrent()
            before = time.thread_time()
            iterate(delay)
            reactor.runUntilCurrent()
            self.times.append((time.thread_time() - before) * 1000)

        reactor.doIteration = timed

    def row(self) -> list[str]:
        """Return figures of the turns since the last row."""
        times, self.times = sorted(self.times), []
        quantiles = [times[int(len(times) * part)] for part in (0.5, 0.99, 0.999)]
        return [str(len(times)), *(f"{step:.2f}" for step in (*quantiles, times[-1]))]


async def measure(folder: Path, seconds: float, articles: int, table: Table) -> None:
    """Fill the table."""
    listeners = ("tls:0:interface=127.0.0.1", "tcp:0:interface=127.0.0.1")
    node = Node(reactor, Settings(data=folder, nntp=listeners[1:], web=(), public=listeners, public_forums=(GROUP,)))
    node.startService()
    root = root_document("tls", "", node.owner, int(node.clock()))
    await node.accept(root)
    posts = []
    for number in range(articles):
        fields = [
            (b"From", node.address.encode()), (b"Subject", b"Article %d" % number),
            (b"Date", b"Tue, 24 Nov 2026 12:00:00 +0000"), (b"Clique-Parent", id_text(root.id).encode()),
        ]
        document = parse(node.owner.sign(build(fields, b"Text.\r\n"), int(node.clock())))
        posts.append(node.accept(document))
    await defer.gatherResults(posts)
    ports = [address.rpartition(":")[2] for address in node.listeners.addresses("public")]
    steps = Steps()
    for title, over_tls, fetches in (
        ("", False, 1),  # what is asked for is made once
        (f"OVER of {articles} in clear", False, 20),
        (f"OVER of {articles} over TLS", True, 20),
        ("TLS handshakes", True, 0),
    ):
        steps.times.clear()
        flags = ["--load", ports[not over_tls], "--fetches", str(fetches), *(["--tls"] if over_tls else [])]
        await getProcessValue(sys.executable, ["-m", "benchmarks.tls", "--seconds", str(seconds), *flags], env=None)
        if title:
            table.add_row(title, *steps.row())
    await node.stopService()


def main() -> None:
    """Run the comparison, or be its clients."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tls", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="for each row (default: 5)")
    parser.add_argument("--articles", type=int, default=2000, help="in the forum (default: 2000)")
    parser.add_argument("--load", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--fetches", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--tls", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.load:
        load_by_threads(arguments.load, arguments.tls, arguments.fetches, arguments.seconds)
        return
    table = Table("meanwhile", "turns", "median ms", "99 %", "99.9 %", "longest ms")
    with tempfile.TemporaryDirectory(prefix="cliquenntp-tls-") as folder:
        running: Any = None

        def start() -> None:
            nonlocal running
            running = defer.ensureDeferred(measure(Path(folder), arguments.seconds, arguments.articles, table))
            running.addErrback(lambda failure: failure.printTraceback())
            running.addBoth(lambda _: reactor.stop())

        reactor.callWhenRunning(start)
        reactor.run()
    Console().print(table)


if __name__ == "__main__":
    main()
