"""What a reader notices of a pack, and what the pack leaves on disk.

    python -m benchmarks.packing [--documents 100000] [--folder DIR]

Documents as in benchmarks.store, one tenth of them stored one by one, so that there is something to free.  While the
pack runs in a thread, as the node lets it, the main thread reads documents at random, most of them from disk, as the
server does.  Then the same once more while documents are posted.

A look is held up by the pack, or because other programs have the processors.  Linux tells for each thread how long it
was ready and got none (/proc/thread-self/schedstat); the last column leaves that out.  "no pack" shows what is left of
the machine's own.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from twisted.internet.task import Clock

from benchmarks.store import OCTETS, SCALE_BATCH, Shape, prepared, store_documents
from cliquenntp.service.upkeep.collecting import RareCollections
from cliquenntp.store import Store, StoreSettings

LOOK_EVERY = 0.002
"""seconds between two documents read: some 500 a second, more than a busy public node answers"""

POST_EVERY = 0.05
"""seconds between two posts: 1.7 million a day"""

Looks = list[tuple[float, float]]
"""of each look, how long it took, and how long without what it waited for a processor, in milliseconds"""

LONGEST_HOLD_MILLIS = 50.0
"""what a pack may hold up a reader"""

MOST_ONE_BY_ONE = 5.0
"""octets on disk for one of a document, where all were posted one by one"""

MOST_PACKED = 2.5
"""the same after a pack"""


class Posts(threading.Thread):
    """Posts documents, each of which waits until the reader has moved forward."""

    def __init__(self, store: Store, shape: Shape) -> None:
        super().__init__()
        self._store = store
        self._shape = shape
        self._moved = threading.Event()
        self.committed = threading.Event()
        self.stopping = False

    def run(self) -> None:
        """Post until told to stop."""
        writer = self._store.writer
        while not self.stopping:
            writer.begin()
            prepared(writer, self._shape)()
            writer.commit()
            self.committed.set()
            self._moved.wait()
            self._moved.clear()
            time.sleep(POST_EVERY)

    def forward(self) -> None:
        """Move the reader forward after a post.  In the reader's thread."""
        self.committed.clear()
        self._store.forward()
        self._moved.set()


def _waited() -> float:
    """Return how many seconds this thread has waited for a processor so far."""
    with open("/proc/thread-self/schedstat", encoding="ascii") as file:
        return int(file.read().split()[1]) / 1e9


def looks_while(store: Store, is_busy: Callable[[], bool], shape: Shape, is_posting: bool) -> Looks:
    """Read documents, and move forward after posts, as long as something goes on."""
    newest = store.reader.newest()
    posts = Posts(store, shape)
    if is_posting:
        posts.start()
    taken: Looks = []
    while is_busy() or not taken:
        docno = 1 + shape.dice.randrange(newest)
        waited, started = _waited(), time.perf_counter()
        if posts.committed.is_set():
            posts.forward()
        len(store.reader.record(docno).overview)
        len(store.reader.raw(docno))
        took = time.perf_counter() - started
        taken.append((took * 1000, (took - (_waited() - waited)) * 1000))
        time.sleep(LOOK_EVERY)
    posts.stopping = True
    while posts.is_alive():
        if posts.committed.wait(POST_EVERY):
            posts.forward()
    return taken


def rows(
    store: Store, shape: Shape, raw: int, rest: float, is_posting: bool
) -> Iterator[tuple[str, float, float, float, Looks]]:
    """Yield what went on, its seconds, octets on disk for one of a document before and after, and the looks.

    First nothing for ``rest`` seconds, then a pack; ``raw``: octets of all documents.
    """
    posts = ", with posts" if is_posting else ""
    until = time.perf_counter() + rest
    before = store.octets() / raw
    looks = looks_while(store, lambda: time.perf_counter() < until, shape, is_posting)
    yield f"no pack{posts}", rest, before, store.octets() / raw, looks
    before, started = store.octets() / raw, time.perf_counter()
    packing = threading.Thread(target=store.pack)
    packing.start()
    looks = looks_while(store, packing.is_alive, shape, is_posting)
    yield f"a pack{posts}", time.perf_counter() - started, before, store.octets() / raw, looks


def disk_one_by_one(folder: Path, documents: int) -> tuple[float, float]:
    """Store documents one by one; return the octets on disk for one of a document before and after a pack."""
    store = Store.open(folder)
    for _ in store_documents(store, Shape(4), documents, 1):
        pass
    raw = documents * OCTETS
    before = store.octets() / raw
    store.pack()
    after = store.octets() / raw
    store.close()
    return before, after


def main() -> None:
    """Fill a store, pack it twice while it is read, print the tables, and say where a bound is passed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.packing", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--rest", type=float, default=10.0, help="seconds of reading without a pack")
    parser.add_argument("--folder", help="where to write (default: a temporary folder)")
    options = parser.parse_args()
    console = Console(width=150)
    table = Table(title=f"{options.documents:,} documents of {OCTETS} octets, read while they are packed")
    for column in ("", "seconds", "disk / raw before", "after", "reads", "p50 ms", "p99 ms", "longest ms",
                   "longest without waits for a processor"):  # fmt: skip
        table.add_column(column, justify="right")
    failed = []
    collections = RareCollections(Clock())
    with tempfile.TemporaryDirectory(dir=options.folder) as folder, Progress(console=console) as progress:
        shape = Shape(3)
        store = Store.open(Path(folder) / "store", StoreSettings(cache_octets=4 << 20, raw_cache_octets=0))
        task = progress.add_task("documents", total=options.documents)
        for count, batch in ((options.documents * 9 // 10, SCALE_BATCH), (options.documents // 10, 1)):
            for _ in store_documents(store, shape, count, batch):
                progress.update(task, completed=store.writer.newest())
        collections.start()
        raw = options.documents * OCTETS
        for is_posting in (False, True):
            for name, seconds, before, after, looks in rows(store, shape, raw, options.rest, is_posting):
                clock = sorted(took for took, _ in looks)
                held = max(held for _, held in looks)
                table.add_row(
                    name, f"{seconds:.1f}", f"{before:.2f}", f"{after:.2f}", f"{len(looks):,}",
                    f"{clock[len(clock) // 2]:.2f}", f"{clock[len(clock) * 99 // 100]:.1f}", f"{clock[-1]:.1f}",
                    f"{held:.1f}")
                if held > LONGEST_HOLD_MILLIS and name.startswith("a pack"):
                    failed.append(f"{name}: a look was held up for {held:.1f} ms, more than {LONGEST_HOLD_MILLIS:.0f}")
        collections.stop()
        store.close()
        before, after = disk_one_by_one(Path(folder) / "one by one", options.documents // 10)
    console.print(table)
    print(f"all posted one by one: {before:.2f} octets on disk for one of a document, {after:.2f} after a pack")
    for what, found, most in (("before", before, MOST_ONE_BY_ONE), ("after", after, MOST_PACKED)):
        if found > most:
            failed.append(f"{found:.2f} octets on disk for one of a document {what} a pack, more than {most}")
    sys.exit("\n".join(failed) or 0)


if __name__ == "__main__":
    main()
