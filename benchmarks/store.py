"""What storing costs: time and disk a document, by documents a commit and by the size of the archive.

    python -m benchmarks.store [--documents 3000] [--archive 100000] [--folder DIR]

Documents have 2,048 octets of text that does not compress, overview lines 600; they stand in 20 forums at the depths of
real threads (median 1 to 4, 99 % below about 20, one chain of 370).
"""

from __future__ import annotations

import argparse
import hashlib
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from cliquenntp.store import Store, Writer
from tests.sample_documents import ARRIVED, SampleDocument, sample_placement

FORUMS = 20
OCTETS = 2048
OVERVIEW_OCTETS = 600
LONGEST_CHAIN = 370
SCALE_BATCH = 300
SCALE_SAMPLE = 3000


class Shape:
    """Chooses parents so that the depths come out as in real newsgroups and mailing lists."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.forums: list[list[int]] = [[] for _ in range(FORUMS)]
        self.chain: list[int] = []

    def parents(self, docno: int) -> tuple[int, ...]:
        """Return the docnos of the parents of the document that will get ``docno``."""
        dice = self.dice
        forum = self.forums[docno % FORUMS]
        if not forum:
            forum.append(docno)
            return ()
        if forum is self.forums[1] and len(self.chain) < LONGEST_CHAIN and dice.random() < 0.3:
            parent = self.chain[-1] if self.chain else forum[0]
            self.chain.append(docno)
            return (parent,)
        parent = forum[0] if dice.random() < 0.3 else dice.choice(forum[-60:])
        forum.append(docno)
        return (parent,)


@attrs.frozen
class Cost:
    """What a run cost a document."""

    seconds: float
    processor: float
    octets: float


def prepared(writer: Writer, shape: Shape) -> Callable[[], None]:
    """Make a document, and return what stores it in the transaction that is under way."""
    dice = shape.dice
    parents = shape.parents(writer.newest() + 1)
    ids = tuple(writer.record(parent).id for parent in parents)
    document = SampleDocument(dice.randbytes(OCTETS), parents=ids)
    message_id = hashlib.sha256(document.raw).hexdigest()[:20].encode() + b"@example.org"
    placement = sample_placement(
        writer, parents, f"clique.forum{len(parents)}.some-subject-{message_id[:8].decode()}", (message_id,)
    )
    overview = dice.randbytes(OVERVIEW_OCTETS // 2).hex().encode()

    def store_one() -> None:
        writer.number(placement)
        writer.store(document, placement, overview, ARRIVED)

    return store_one


def store_documents(store: Store, shape: Shape, count: int, batch: int) -> Iterator[Cost]:
    """Store documents, ``batch`` a commit; yield each batch's cost a document, the choice of parents left out."""
    writer = store.writer
    for first in range(0, count, batch):
        size = min(batch, count - first)
        before = store.octets()
        seconds = processor = 0.0
        writer.begin()
        for _ in range(size):
            store_one = prepared(writer, shape)
            started, used = time.perf_counter(), time.process_time()
            store_one()
            seconds += time.perf_counter() - started
            processor += time.process_time() - used
        started, used = time.perf_counter(), time.process_time()
        writer.commit()
        seconds += time.perf_counter() - started
        processor += time.process_time() - used
        store.forward()
        yield Cost(seconds / size, processor / size, (store.octets() - before) / size)


def mean(costs: list[Cost]) -> Cost:
    """Return the mean of several costs."""
    return Cost(*(sum(values) / len(costs) for values in zip(*map(attrs.astuple, costs), strict=True)))


def by_batch(folder: Path, documents: int, progress: Progress) -> Table:
    """Measure each batch size on a fresh store."""
    table = Table(title=f"{documents} documents of {OCTETS} octets into a new store")
    for column in ("a commit", "documents/s", "us a document", "us of processor", "disk / raw", "after a pack"):
        table.add_column(column, justify="right")
    for batch in (1, 10, 100, 500):
        store = Store.open(folder / f"batch{batch}")
        task = progress.add_task(f"{batch} a commit", total=documents)
        costs = []
        for cost in store_documents(store, Shape(1), documents, batch):
            costs.append(cost)
            progress.advance(task, batch)
        store.pack()
        cost = mean(costs)
        table.add_row(
            str(batch), f"{1 / cost.seconds:,.0f}", f"{cost.seconds * 1e6:,.0f}", f"{cost.processor * 1e6:,.0f}",
            f"{cost.octets / OCTETS:.2f}", f"{store.octets() / documents / OCTETS:.2f}",
        )
        store.close()
    return table


def by_archive(folder: Path, largest: int, progress: Progress) -> Table:
    """Measure batches of SCALE_BATCH, and posts one by one, while the archive grows."""
    table = Table(title=f"while an archive grows, {SCALE_BATCH} documents a commit, and one by one")
    for column in ("documents", "us a document", "us of processor", "disk / raw", "one by one: us of processor",
                   "disk / raw", "peak memory MB"):
        table.add_column(column, justify="right")
    store = Store.open(folder / "archive")
    shape = Shape(2)
    task = progress.add_task("archive", total=largest)
    for size in (1_000, 10_000, 100_000, 1_000_000):
        if size > largest:
            break
        missing = size - store.writer.newest()
        for _ in store_documents(store, shape, missing, SCALE_BATCH):
            progress.update(task, completed=store.writer.newest())
        cost = mean(list(store_documents(store, shape, SCALE_SAMPLE, SCALE_BATCH)))
        single = mean(list(store_documents(store, shape, 500, 1)))
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        table.add_row(
            f"{size:,}", f"{cost.seconds * 1e6:,.0f}", f"{cost.processor * 1e6:,.0f}", f"{cost.octets / OCTETS:.2f}",
            f"{single.processor * 1e6:,.0f}", f"{single.octets / OCTETS:.2f}", f"{memory:,.0f}",
        )
    depths = sorted(store.writer.record(docno).depth for docno in store.writer.since(0))
    table.caption = (
        f"depths: median {depths[len(depths) // 2]}, 99 % {depths[len(depths) * 99 // 100]}, largest {depths[-1]}"
    )
    started = time.perf_counter()
    before = store.octets()
    store.pack()
    table.caption += (
        f"; a pack took {time.perf_counter() - started:.1f} s and left {store.octets() / before:.0%}, "
        f"{store.octets() / len(depths) / OCTETS:.2f} of the raw octets"
    )
    store.close()
    return table


def main() -> None:
    """Run both measurements and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=3000, help="for each batch size")
    parser.add_argument("--archive", type=int, default=100_000, help="documents in the largest archive")
    parser.add_argument("--folder", help="where to write (default: a temporary folder)")
    options = parser.parse_args()
    console = Console(width=120)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder, Progress(console=console) as progress:
        tables = [
            by_batch(Path(folder), options.documents, progress),
            by_archive(Path(folder), options.archive, progress),
        ]
    for table in tables:
        console.print(table)


if __name__ == "__main__":
    main()
