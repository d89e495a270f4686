"""What shapes cost that nobody would write but to do harm: time and disk a document, at the beginning and at the end.

    python -m benchmarks.hostile [--scale 1.0] [--folder DIR] [SHAPE ...]

Each shape is stored document by document as they come from another node, in commits of 300.  A shape is harmless where
a document at the end costs about what one at the beginning did, and where the widest newsgroup is listed and the last
article read as fast as any.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
from rich.console import Console
from rich.table import Table

from cliquenntp.document import Document, Signer, address_of, build, id_text, parse
from cliquenntp.newsgroup.view import NewsView
from cliquenntp.service.arrival import accept
from cliquenntp.service.network.waiting import WaitingRoom
from cliquenntp.store import Store

TIME = 1_795_500_000
BATCH = 300
SIGNER = Signer(b"h" * 32)
FROM = f"Somebody <{address_of(SIGNER.key, 'somebody')}>".encode()

Shape = Iterator[Document]


def document(subject: str, *parents: bytes, **headers: str) -> Document:
    """Return a signed document below parents (ids); other headers by name with underscores."""
    fields = [(b"From", FROM), (b"Subject", subject.encode()), (b"Date", b"Tue, 24 Nov 2026 10:00:00 +0000")]
    if parents:
        fields.append((b"Clique-Parent", ",\r\n ".join(map(id_text, parents)).encode()))
    fields += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return parse(SIGNER.sign(build(fields, b"Words.\r\n" * 4), TIME))


def link(subject: str, target: Document, place: Document) -> Document:
    """Return a link that shows ``target`` below ``place``."""
    return document(subject, target.id, place.id, Clique_Link=id_text(target.id))


def chain(count: int) -> Shape:
    """One answer below the other."""
    last = document("root", Clique_Forum="talk")
    yield last
    for number in range(count):
        last = document(f"answer {number}", last.id)
        yield last


def star(count: int) -> Shape:
    """All comments on one document."""
    root = document("root", Clique_Forum="talk")
    thread = document("thread", root.id)
    yield root
    yield thread
    for number in range(count):
        yield document(f"comment {number}", thread.id)


def crossposts(count: int) -> Shape:
    """Documents with eight parents, of eight forums at first and then each other's."""
    last = [document(f"root {number}", Clique_Forum=f"talk{number}") for number in range(8)]
    yield from last
    for number in range(count):
        made = document(f"crosspost {number}", *(parent.id for parent in last))
        yield made
        last = [*last[1:], made]


def links(count: int) -> Shape:
    """Links in circles: documents of two forums under each other, all in one newsgroup, and links to links."""
    roots = [document(f"root {number}", Clique_Forum=f"talk{number}") for number in range(2)]
    yield from roots
    before = first = document("first thread", roots[0].id)
    yield first
    last = link("first link", first, roots[1])
    yield last
    for number in range(max(count // 5, 2)):
        thread = document(f"thread {number}", roots[number % 2].id)
        yield thread
        yield link(f"up {number}", thread, before)
        yield link(f"down {number}", before, thread)
        yield link(f"into one {number}", thread, roots[1 - number % 2])
        last = link(f"link to a link {number}", last, thread)
        yield last
        before = thread
    yield link("round", first, before)


def links_first(count: int) -> Shape:
    """Links to one document of another forum below a place that comes last, as it does where somebody holds it back."""
    roots = [document(f"root {number}", Clique_Forum=f"talk{number}") for number in range(2)]
    yield from roots
    threads = [document(f"thread {number}", roots[0].id) for number in range(count // 2)]
    yield from threads
    place = document("held back", roots[1].id)
    for number, thread in enumerate(threads):
        yield link(f"waits {number}", thread, place)
    yield place


def late_parents(count: int) -> Shape:
    """Documents whose second parent is the same and comes last, as it does where somebody holds it back."""
    root = document("root", Clique_Forum="talk")
    held_back = document("held back", root.id)
    yield root
    for number in range(count):
        yield document(f"waits {number}", root.id, held_back.id)
    yield held_back


def cancels(count: int) -> Shape:
    """Cancels by another key of a document that comes last."""
    other = Signer(b"o" * 32)
    root = document("root", Clique_Forum="talk")
    target = document("target", root.id)
    yield root
    for number in range(count):
        fields = [
            (b"From", address_of(other.key, "other").encode()), (b"Subject", b"%d" % number),
            (b"Clique-Parent", f"{id_text(root.id)}, {id_text(target.id)}".encode()),
            (b"Clique-Cancel", id_text(target.id).encode()),
        ]  # fmt: skip
        yield parse(other.sign(build(fields, b""), TIME))
    yield target


SHAPES: dict[str, tuple[Callable[[int], Shape], int]] = {
    "chain": (chain, 20_000),
    "star": (star, 50_000),
    "crossposts": (crossposts, 5_000),
    "links": (links, 10_000),
    "links first": (links_first, 10_000),
    "late parents": (late_parents, 10_000),
    "cancels": (cancels, 10_000),
}
"""each with its usual number of documents"""


@attrs.frozen
class Cost:
    """What a shape cost."""

    documents: int
    first_micros: float
    """processor time a document in the second tenth; the first one fills caches and finds few newsgroups above it"""
    last_micros: float
    first_octets: float
    """growth of the database a document, in the second tenth"""
    last_octets: float
    slowest_millis: float
    """processor time of the slowest single document"""
    list_millis: float
    """OVER of the widest newsgroup, nothing cached"""
    article_millis: float
    """the last document as an article, nothing cached"""


def run(make: Callable[[int], Shape], count: int, folder: Path, batch: int = BATCH) -> Cost:
    """Store a shape, ``batch`` documents a commit, and read it."""
    store = Store.open(folder)
    batches: list[tuple[float, float]] = []
    slowest = 0.0
    documents = make(count)
    done = 0
    ended = False
    while not ended:
        octets, spent, stored = store.octets(), 0.0, 0
        store.writer.begin()
        while stored < batch:
            found = next(documents, None)
            if found is None:
                ended = True
                break
            started = time.process_time()
            accept(store.writer, found, TIME, "not-for-mail")
            step = time.process_time() - started
            spent += step
            slowest = max(slowest, step)
            stored += 1
        started = time.process_time()
        store.writer.commit()
        spent += time.process_time() - started
        store.forward()
        done += stored
        if stored == batch:
            batches.append((spent / batch * 1e6, (store.octets() - octets) / batch))
    sample = max(len(batches) // 10, 1)
    first, last = batches[sample : 2 * sample] or batches[:1], batches[-sample:]
    view = NewsView(store.reader)
    widest = max(view.newsgroups(None, None), key=lambda group: group.count)
    started = time.process_time()
    for _ in view.overview_lines(widest.docno, 1, widest.high):
        pass
    listed = time.process_time() - started
    started = time.process_time()
    view.article(store.reader.newest())
    read = time.process_time() - started
    store.close()
    return Cost(
        done, _mean(first, 0), _mean(last, 0), _mean(first, 1), _mean(last, 1),
        slowest * 1000, listed * 1000, read * 1000,
    )


def _mean(batches: list[tuple[float, float]], index: int) -> float:
    return sum(batch[index] for batch in batches) / len(batches)


def orphans(count: int) -> str:
    """Say what becomes of documents whose first parents never come, from one link."""
    room = WaitingRoom()
    waits = sum(room.add(1, document(f"orphan {number}", bytes([1]) * 28 + number.to_bytes(4, "big")), 0.0)
                for number in range(count))
    room.expire(601.0)
    return f"orphans: of {count:,} from one link {waits:,} wait for ten minutes, then {len(room)}; none is stored"


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.hostile", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shapes", metavar="SHAPE", nargs="*", help=f"out of {', '.join(SHAPES)} (default: all)")
    parser.add_argument("--scale", type=float, default=1.0, help="part of the usual numbers of documents")
    parser.add_argument("--folder", type=Path, help="where the databases are made (default: the system's)")
    arguments = parser.parse_args()
    columns = ("shape", "documents", "µs a document, early", "last tenth", "octets, early", "last tenth", "slowest, ms",
               "widest group's OVER, ms", "last article, ms")  # fmt: skip
    table = Table(*columns)
    for name in arguments.shapes or SHAPES:
        make, count = SHAPES[name]
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            cost = run(make, int(count * arguments.scale), Path(folder))
        table.add_row(name, f"{cost.documents:,}", *(f"{value:,.0f}" for value in attrs.astuple(cost)[1:6]),
                      *(f"{value:,.1f}" for value in attrs.astuple(cost)[6:]))
        print(name, cost, flush=True)
    Console(width=170).print(table)
    print(orphans(int(10_000 * arguments.scale)))


if __name__ == "__main__":
    main()
