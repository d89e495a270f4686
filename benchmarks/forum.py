"""What a post costs in one forum while it grows, and what a node with the whole forum takes of memory.

    python -m benchmarks.forum [--largest 100000] [--folder DIR]

Documents are signed, of about 2 KB, and stand at the depths of a real mailing list, with one chain of 370 replies.  A
post's cost is from its bytes on: parsed, verified, placed, numbered, stored, committed, and seen by the news view; one
by one each has a commit of its own, as a newsreader posts; in batches 300 share one, as peers push.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import attrs
from rich.console import Console
from rich.table import Table
from twisted.internet import defer, reactor, task, threads

from benchmarks.processes import cpu_seconds, memory_bytes
from cliquenntp.document import Document, Signer, address_of, build, id_text, parse, verify
from cliquenntp.interfaces import IWriter
from cliquenntp.newsgroup.view import NewsView
from cliquenntp.service.arrival import accept
from cliquenntp.service.turn import Turn
from cliquenntp.store import Store
from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess

SIZES = (1_000, 10_000, 100_000)
BATCH = 300
SINGLES = 30
ROUNDS = 12
RENEW = 1.5
"""a forum that has grown to so many times its size is made anew: the smallest, every other round"""

POSTS = 300
"""through a node's NNTP server"""

TIME = 1_700_000_000
BODY = b"A line of text as people write them, about that long and no longer.\r\n" * 22
AUTHORS = 50

DEPTHS = (
    1119, 1112, 647, 332, 220, 156, 100, 72, 49, 40, 25, 15, 13, 10, 7, 6, 5, 3, 3, 3, 3, 3, 3, 3, 2, 3, *[2] * 12,
    8, 8, *[1] * 5,
)
"""how many of 3,999 messages of the linux-man mailing list stand at depth 1, 2, 3 and so on"""

LONGEST_CHAIN = 370
"""the longest chain of replies found in public mailing lists"""

CHAIN_EVERY = SIZES[-1] // LONGEST_CHAIN
"""documents from one reply of the longest chain to the next, so that the mix is the same at any size"""

RECENT = 300
"""a reply answers one of so many last documents of a depth"""


class Forum:
    """Makes the documents of one forum, each one's parent before it."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._signers = [Signer(self._dice.randbytes(32)) for _ in range(AUTHORS)]
        self._by_depth: dict[int, deque[bytes]] = {}
        self._chain: list[bytes] = []
        self._count = 0
        self.depths = [0]
        """of the documents so far"""

    def documents(self) -> Iterator[bytes]:
        """Yield the bytes of signed documents without end, the root first."""
        root = self._signed([(b"Subject", b"A large forum"), (b"Clique-Forum", b"large")])
        yield root
        self._by_depth[0] = deque([parse(root).id])
        while True:
            depth, parent = self._place()
            subject = b"Re: " * (depth > 1) + b"subject number %d" % self._count
            raw = self._signed([(b"Subject", subject), (b"Clique-Parent", id_text(parent).encode())])
            document_id = parse(raw).id
            if depth:
                self._by_depth.setdefault(depth, deque(maxlen=RECENT)).append(document_id)
            else:
                self._chain.append(document_id)
            self.depths.append(depth or len(self._chain))
            yield raw

    def _place(self) -> tuple[int, bytes]:
        """Return the next document's depth, 0 for one of the longest chain, and its parent."""
        dice = self._dice
        if len(self._chain) < LONGEST_CHAIN and self._count % CHAIN_EVERY == 0:
            return 0, self._chain[-1] if self._chain else self._by_depth[0][0]
        [depth] = dice.choices(range(1, len(DEPTHS) + 1), DEPTHS)
        while depth - 1 not in self._by_depth:
            depth -= 1
        return depth, dice.choice(self._by_depth[depth - 1])

    def _signed(self, fields: list[tuple[bytes, bytes]]) -> bytes:
        self._count += 1
        signer = self._dice.choice(self._signers)
        sender = f"Somebody <{address_of(signer.key, 'somebody')}>".encode()
        fields = [(b"From", sender), *fields, (b"Date", b"Tue, 24 Nov 2026 12:00:00 +0000")]
        return signer.sign(build(fields, BODY), TIME + self._count)


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

    async def add(self, count: int) -> Cost:
        """Store that many documents in one commit: one as a post, several as pushed by peers."""
        raws = [*itertools.islice(self._documents, count)]
        octets = self.store.octets()
        started, used = time.perf_counter(), time.process_time()
        steps = []
        for raw in raws:
            document = parse(raw)
            verify(document)
            steps.append(self._turn.submit(partial(_post if count == 1 else _take, document)))
        await defer.gatherResults(steps)
        seconds, processor = time.perf_counter() - started, time.process_time() - used
        return Cost(seconds / count, processor / count, (self.store.octets() - octets) / count)

    async def grow(self, size: int) -> None:
        """Store documents until there are so many."""
        while (missing := size - self.store.reader.newest()) > 0:
            await self.add(min(BATCH, missing))

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
    single: Cost
    batch: Cost
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
            singles = median([await archive.add(1) for _ in range(SINGLES)])
            batch = await archive.add(BATCH)
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            told = Round(documents, singles, batch, memory, archive.depths())
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
            values["documents"], Cost(**values["single"]), Cost(**values["batch"]), values["memory"],
            tuple(values["depths"]),
        ))
        self.wait()

    def end(self) -> None:
        """Let the process close its archive and end."""
        self._process.communicate()


def median(costs: list[Cost]) -> Cost:
    """Return the median of each part of several costs."""
    return Cost(*(statistics.median(values) for values in zip(*map(attrs.astuple, costs), strict=True)))


def measure(workers: list[Worker]) -> Table:
    """Return the table of costs by the forum's size, medians of rounds taken in turn."""
    table = Table(title="a post in one forum of so many documents: microseconds of processor (elapsed), and disk")
    for column in ("documents", "one by one", "octets", f"{BATCH} a commit", "octets", "peak memory MB", "depths"):
        table.add_column(column, justify="right")
    for worker in workers:
        worker.wait()
    for _ in range(ROUNDS):
        for worker in workers:
            worker.measure()
    least = [median([one.single for one in workers[0].rounds]), median([one.batch for one in workers[0].rounds])]
    for worker in workers:
        worker.end()
        cells = []
        costs = [median([one.single for one in worker.rounds]), median([one.batch for one in worker.rounds])]
        for cost, smallest in zip(costs, least, strict=True):
            times = cost.processor / smallest.processor
            cells += [f"{cost.processor * 1e6:,.0f} ({cost.seconds * 1e6:,.0f}), x{times:.2f}", f"{cost.octets:,.0f}"]
        last = worker.rounds[-1]
        table.add_row(f"{worker.size:,}", *cells, f"{last.memory:,.0f}", ", ".join(map(str, last.depths)))
    table.caption = f"medians of {ROUNDS} rounds of {SINGLES} posts and one batch; depths: median, 99 % and largest"
    return table


def measure_node(folder: Path, database: Path) -> Table:
    """Return what a node with that database takes of memory and processor while it is read."""
    (folder / "data").mkdir(mode=0o700)
    shutil.move(database, folder / "data" / "database")
    node = NodeProcess(folder)
    table = Table(title="a node with the whole forum and default caches, one step after the other")
    for column in ("step", "memory MB", "seconds of processor"):
        table.add_column(column, justify="right")

    def row(step: str, since: float) -> float:
        used = cpu_seconds(node.pid)
        table.add_row(step, f"{memory_bytes(node.pid) / (1 << 20):,.0f}", f"{used - since:.2f}")
        return used

    try:
        used = row("started", 0.0) if node.start() else 0.0
        with NewsClient("127.0.0.1", node.nntp_port) as client:
            for command in ("LIST ACTIVE", "LIST COUNTS", "LIST NEWSGROUPS"):
                lines = len(client.listing(command)[1])
                used = row(f"{command}, {lines:,} lines", used)
            high = int(client.command("GROUP clique.large").split()[3])
            lines = len(client.listing("XOVER 1-")[1])
            used = row(f"XOVER 1-, {lines:,} lines", used)
            dice = random.Random(2)
            for _ in range(10_000):
                assert client.listing(f"ARTICLE {dice.randint(1, high)}")[0].startswith("220")
            used = row("10,000 ARTICLE at random", used)
            post = b"Newsgroups: clique.large\r\nFrom: r <r@example.invalid>\r\nSubject: s%d\r\n\r\ntext\r\n"
            for number in range(POSTS):
                assert client.post(post % number).startswith("240")
            row(f"{POSTS} POST", used)
    finally:
        node.kill()
    return table


def main() -> None:
    """Run both measurements and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="documents in the largest forum")
    parser.add_argument("--folder", type=Path, help="where to write (default: a temporary folder)")
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        task.react(lambda _: defer.ensureDeferred(work(options.folder, options.worker)))
    console = Console(width=130)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        workers = [Worker(folder, size) for size in SIZES if size <= options.largest]
        console.print(measure(workers))
        console.print(measure_node(folder, workers[-1].folder / "archive0"))


if __name__ == "__main__":
    main()
