"""What a reader notices of a pack, and what the pack leaves on disk.

    python -m benchmarks.packing [--documents 100000] [--folder DIR]

Documents as in benchmarks.store, one tenth of them stored one by one, so that there is something to free.  While the
pack runs in a thread, the main thread reads documents at random, most of them from disk, as the server does.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.store import OCTETS, SCALE_BATCH, Shape, store_documents
from cliquenntp.store import Store, StoreSettings

LOOK_EVERY = 0.002
"""seconds between two documents read: some 500 a second, more than a busy public node answers"""


def looks_while(store: Store, work: threading.Thread | float, shape: Shape) -> list[float]:
    """Read documents until a thread ends, or for so many seconds; return how long each took, in milliseconds."""
    newest = store.reader.newest()
    taken = []
    until = time.perf_counter() + work if isinstance(work, float) else None
    while time.perf_counter() < until if until is not None else work.is_alive():  # type: ignore[union-attr]
        docno = 1 + shape.dice.randrange(newest)
        started = time.perf_counter()
        len(store.reader.record(docno).overview)
        len(store.reader.raw(docno))
        taken.append((time.perf_counter() - started) * 1000)
        time.sleep(LOOK_EVERY)
    return sorted(taken)


def main() -> None:
    """Fill a store, pack it twice while it is read, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--folder", help="where to write (default: a temporary folder)")
    options = parser.parse_args()
    console = Console(width=120)
    table = Table(title=f"{options.documents:,} documents of {OCTETS} octets, read while they are packed")
    for column in ("", "seconds", "disk / raw before", "after", "reads", "p50 ms", "p99 ms", "longest ms"):
        table.add_column(column, justify="right")

    def row(name: str, seconds: float, before: float, after: float, looks: list[float]) -> None:
        table.add_row(
            name, f"{seconds:.1f}", f"{before:.2f}", f"{after:.2f}", f"{len(looks):,}", f"{looks[len(looks) // 2]:.2f}",
            f"{looks[len(looks) * 99 // 100]:.1f}", f"{looks[-1]:.1f}")

    with tempfile.TemporaryDirectory(dir=options.folder) as folder, Progress(console=console) as progress:
        shape = Shape(3)
        store = Store.open(Path(folder) / "store", StoreSettings(cache_octets=4 << 20, raw_cache_octets=0))
        task = progress.add_task("documents", total=options.documents)
        for count, batch in ((options.documents * 9 // 10, SCALE_BATCH), (options.documents // 10, 1)):
            for _ in store_documents(store, shape, count, batch):
                progress.update(task, completed=store.writer.newest())
        raw = options.documents * OCTETS
        before = store.octets() / raw
        row("no pack", 10.0, before, before, looks_while(store, 10.0, shape))
        for name in ("a pack", "a pack with nothing to free"):
            packing = threading.Thread(target=store.pack)
            before, started = store.octets() / raw, time.perf_counter()
            packing.start()
            looks = looks_while(store, packing, shape)
            row(name, time.perf_counter() - started, before, store.octets() / raw, looks)
        store.close()
    console.print(table)


if __name__ == "__main__":
    main()
