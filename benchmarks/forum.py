"""What a post costs in one forum while it grows, and what a node with the whole forum takes of memory.

    python -m benchmarks.forum [--largest 100000] [--rounds 12] [--folder DIR]

Documents are signed, of about 2 KB, and stand at the depths of a real mailing list, with one chain of 370 replies.  A
post's cost is from its bytes on: parsed, verified, placed, numbered, stored, committed, and seen by the news view; one
by one each has a commit of its own, as a newsreader posts; in batches 300 share one, as peers push, or with the
Message-IDs of newsreaders of which 300 post at the same moment.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import attrs
from rich.console import Console
from rich.table import Table
from twisted.internet import defer, reactor, task, threads

from benchmarks.forum_documents import TIME, Forum
from benchmarks.forum_nodes import ARTICLES, ReadNode
from cliquenntp.document import Document, id_text, parse, verify
from cliquenntp.interfaces import IWriter
from cliquenntp.newsgroup.view import NewsView
from cliquenntp.service.arrival import accept
from cliquenntp.service.turn import Turn
from cliquenntp.store import Store

SIZES = (1_000, 10_000, 100_000)
BATCH = 300
SINGLES = 30
ROUNDS = 12
KINDS = ("one by one", f"{BATCH} pushed", f"{BATCH} posted")
RENEW = 1.5
"""a forum that has grown to so many times its size is made anew: the smallest, every other round"""


@attrs.frozen
class Cost:
    """A document's share of what one commit cost."""

    seconds: float
    processor: float
    octets: float


def _take(document: Document, writer: IWriter) -> None:
    """Store a document that a peer pushed."""
    accept(writer, document, TIME, "not-for-mail")


def _post(document: Document, writer: IWriter) -> None:
    """Store a document as a post of the owner's, with the Message-ID that a newsreader made up."""
    record = accept(writer, document, TIME, "not-for-mail")
    writer.add_alias("owner", b"<%b@reader.example.invalid>" % id_text(document.id)[:20].encode(), record.docno)


class Archive:
    """A growing archive behind a turn, as in a node."""

    def __init__(self, folder: Path) -> None:
        self.store = Store.open(folder)
        self._view = NewsView(self.store.reader)
        self._turn = Turn(reactor, self.store)
        self._turn.listen(self._view.moved)
        self._turn.start()
        self._forum = Forum(1)
        self._documents = self._forum.documents()

    async def add(self, count: int, are_posts: bool) -> Cost:
        """Store that many documents in one commit: as posts of newsreaders, or as pushed by peers."""
        raws = [*itertools.islice(self._documents, count)]
        octets = self.store.octets()
        started, used = time.perf_counter(), time.process_time()
        steps = []
        for raw in raws:
            document = parse(raw)
            verify(document)
            steps.append(self._turn.submit(partial(_post if are_posts else _take, document)))
        await defer.gatherResults(steps)
        seconds, processor = time.perf_counter() - started, time.process_time() - used
        return Cost(seconds / count, processor / count, (self.store.octets() - octets) / count)

    async def grow(self, size: int) -> None:
        """Store documents until there are so many."""
        while (missing := size - self.store.reader.newest()) > 0:
            await self.add(min(BATCH, missing), are_posts=True)

    def depths(self) -> tuple[int, int, int]:
        """Return the median, the 99th of a hundred and the largest depth."""
        depths = sorted(self._forum.depths)
        return depths[len(depths) // 2], depths[len(depths) * 99 // 100], depths[-1]

    async def close(self) -> None:
        """Close the database."""
        await self._turn.stop()
        self.store.close()


@attrs.frozen
class Round:
    """What one look at an archive tells."""

    documents: int
    costs: tuple[Cost, ...]
    """of each of KINDS"""
    memory: float
    """of the process, largest so far, MB"""
    depths: tuple[int, int, int]
    """median, 99 % and largest"""


async def work(folder: Path, size: int) -> None:
    """Keep an archive of about ``size`` documents; for each line of input print a Round as JSON."""
    for count in itertools.count():
        archive = Archive(folder / f"archive{count}")
        await archive.grow(size)
        while (documents := archive.store.reader.newest()) < size * RENEW:
            print("ready", flush=True)
            if not await threads.deferToThread(sys.stdin.readline):
                await archive.close()
                return
            singles = median([await archive.add(1, are_posts=True) for _ in range(SINGLES)])
            costs = (singles, await archive.add(BATCH, are_posts=False), await archive.add(BATCH, are_posts=True))
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            told = Round(documents, costs, memory, archive.depths())
            print(json.dumps(attrs.asdict(told)), flush=True)
        await archive.close()


class Worker:
    """A process with an archive of one size."""

    def __init__(self, folder: Path, size: int) -> None:
        self.size = size
        self.folder = folder / str(size)
        self.folder.mkdir()
        self.rounds: list[Round] = []
        command = [sys.executable, "-m", "benchmarks.forum", "--worker", str(size), "--folder", str(self.folder)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def wait(self) -> None:
        """Wait until the archive has its size."""
        if self._line().strip() != "ready":
            raise SystemExit(f"the archive of {self.size} documents could not be made")

    def measure(self) -> None:
        """Take one more round."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        values = json.loads(self._line())
        self.rounds.append(Round(
            values["documents"], tuple(Cost(**cost) for cost in values["costs"]), values["memory"],
            tuple(values["depths"]),
        ))
        self.wait()

    def end(self) -> None:
        """Let the process close its archive and end."""
        self._process.communicate()

    def last_archive(self) -> Path:
        """Return the folder of the database that was made last."""
        return max(self.folder.iterdir(), key=lambda folder: int(folder.name.removeprefix("archive")))


def median(costs: list[Cost]) -> Cost:
    """Return the median of each part of several costs."""
    return Cost(*(statistics.median(values) for values in zip(*map(attrs.astuple, costs), strict=True)))


def medians(rounds: list[Round]) -> list[Cost]:
    """Return the median of each kind's costs."""
    return [median(list(costs)) for costs in zip(*(one.costs for one in rounds), strict=True)]


def measure(workers: list[Worker], rounds: int) -> Table:
    """Return the table of costs by the forum's size, medians of rounds taken in turn."""
    table = Table(title="a post in one forum of so many documents: microseconds of processor (elapsed), and disk")
    kinds = (column for kind in KINDS for column in (kind, "octets"))
    for column in ("documents", *kinds, "peak memory MB", "depths"):
        table.add_column(column, justify="right")
    for worker in workers:
        worker.wait()
    for _ in range(rounds):
        for worker in workers:
            worker.measure()
    least = medians(workers[0].rounds)
    for worker in workers:
        worker.end()
        cells = []
        costs = medians(worker.rounds)
        for cost, smallest in zip(costs, least, strict=True):
            times = cost.processor / smallest.processor
            cells += [f"{cost.processor * 1e6:,.0f} ({cost.seconds * 1e6:,.0f}), x{times:.2f}", f"{cost.octets:,.0f}"]
        last = worker.rounds[-1]
        table.add_row(f"{worker.size:,}", *cells, f"{last.memory:,.0f}", ", ".join(map(str, last.depths)))
    table.caption = f"medians of {rounds} rounds of {SINGLES} posts and two batches; depths: median, 99 % and largest"
    return table


def measure_nodes(folder: Path, workers: list[Worker], rounds: int) -> Table:
    """Return what nodes with these databases take of memory and processor; posts are measured in turn."""
    table = Table(title="nodes with the whole forum and default caches: processor, and memory after each step")
    for column in ("documents", "started, MB", "LIST ACTIVE", "LIST COUNTS", "XOVER 1-", f"{ARTICLES:,} ARTICLE, each",
                   "a POST", "memory MB"):
        table.add_column(column, justify="right")
    nodes = [ReadNode(folder / f"node{worker.size}", worker.size, worker.last_archive()) for worker in workers]
    try:
        for node in nodes:
            node.read()
        for _ in range(rounds):
            for node in nodes:
                node.post()
    finally:
        rows = [node.end() for node in nodes]
    for row in rows:
        table.add_row(*row)
    return table


def main() -> None:
    """Run both measurements and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="documents in the largest forum")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"of which medians are taken (default: {ROUNDS})")
    parser.add_argument("--folder", type=Path, help="where to write (default: a temporary folder)")
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        task.react(lambda _: defer.ensureDeferred(work(options.folder, options.worker)))
    console = Console(width=160)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        workers = [Worker(folder, size) for size in SIZES if size <= options.largest]
        console.print(measure(workers, options.rounds))
        console.print(measure_nodes(folder, workers, options.rounds))


if __name__ == "__main__":
    main()
