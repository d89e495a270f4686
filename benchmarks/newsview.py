"""What the news view costs a request: a table of processor microseconds, the archive in a real store.

    python -m benchmarks.newsview [--articles 18000] [--forums 20]

Warm means that it was asked before; cold, that a new view answers for the first time with the database's cache warm.
"""

from __future__ import annotations

import argparse
import itertools
import random
import tempfile
import time
import timeit
from collections import deque
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import track
from rich.table import Table

from cliquenntp.document import Document, Signer, address_of, build, id_text, parse
from cliquenntp.interfaces import Changes
from cliquenntp.newsgroup.overview import overview_line
from cliquenntp.newsgroup.placement import place
from cliquenntp.newsgroup.rendering import render
from cliquenntp.newsgroup.view import NewsView
from cliquenntp.nntp.session.wildmat import parse_old_pattern
from cliquenntp.store import Store

BODY = b"A line of text as people write them, about that long and no longer.\r\n" * 22
TIME = 1_800_000_000
COMMIT = 300
REPEATS = 5

MakeWork = Callable[[NewsView], Callable[[], object]]


def documents(articles: int, dice: random.Random) -> Iterator[Document]:
    """Yield a forum's root and articles below it, threads some steps deep."""
    signer = Signer(dice.randbytes(32))
    sender = f"Somebody <{address_of(signer.key, 'somebody')}>".encode()
    ids: deque[bytes] = deque(maxlen=200)
    root = b""
    for number in range(articles):
        fields = [
            (b"From", sender), (b"Subject", b"A subject of usual length %d" % number),
            (b"Date", b"Tue, 24 Nov 2026 10:00:00 +0000"), (b"Message", b"%d" % dice.getrandbits(64)),
        ]
        if root:
            parent = root if dice.random() < 0.3 or not ids else dice.choice(ids)
            fields.append((b"Clique-Parent", id_text(parent).encode()))
        else:
            fields.append((b"Clique-Forum", b"bench%d" % dice.randrange(10**9)))
        document = parse(signer.sign(build(fields, BODY), TIME + number))
        if root:
            ids.append(document.id)
        root = root or document.id
        yield document


def fill(store: Store, forums: int, articles: int) -> int:
    """Store ``articles`` in one forum and 100 in each other; return the large forum's docno."""
    dice = random.Random(1)
    queue = [document for size in [articles] + [100] * (forums - 1) for document in documents(size, dice)]
    for start in track(range(0, len(queue), COMMIT), "storing"):
        store.writer.begin()
        for document in queue[start:start + COMMIT]:
            placement = place(document, store.writer)
            _, numbers = store.writer.number(placement)
            line = overview_line(document, placement, numbers, store.writer, "not-for-mail")
            store.writer.store(document, placement, line, document.time)
        store.writer.commit()
        store.forward()
    return 1


def consume(chunks: Iterator[bytes]) -> int:
    """Take all chunks and return their octets."""
    return sum(map(len, chunks))


def workloads(store: Store, group: int, articles: int) -> list[tuple[str, MakeWork]]:
    """Return (name, what makes the work of one request for a view)."""
    reader = store.reader
    name = reader.record(group).name.encode()
    middle = reader.numbers(group).at(articles // 2) or group
    record, raw, line = reader.record(middle), reader.raw(middle), reader.overview(middle)
    document = parse(reader.raw(reader.newest()))
    pattern = parse_old_pattern(b"*length 17*")

    def by_number(view: NewsView, of: int) -> Callable[[], object]:
        numbers = itertools.count()

        def read() -> object:
            docno = view.article_at(group, next(numbers) % of + 1)
            return view.article(docno or group)

        return read

    message_id = NewsView(reader).message_id(middle)
    return [
        ("GROUP", lambda view: lambda: view.newsgroup(name)),
        ("STAT by id", lambda view: lambda: view.article_named(message_id)),
        ("ARTICLE by id", lambda view: lambda: view.article(view.article_named(message_id) or 0)),
        ("ARTICLE by number, of 1,000", lambda view: by_number(view, min(articles, 1000))),
        ("ARTICLE by number, of all", lambda view: by_number(view, articles)),
        ("OVER 100", lambda view: lambda: consume(view.overview_lines(group, 351, 450))),
        ("OVER 10,000", lambda view: lambda: consume(view.overview_lines(group, 1, 10_000))),
        ("HDR Subject 1,000", lambda view: lambda: consume(view.header_lines(group, b"Subject", 51, 1050, None))),
        ("HDR Keywords 1,000", lambda view: lambda: consume(view.header_lines(group, b"Keywords", 51, 1050, None))),
        ("XPAT 10,000", lambda view: lambda: consume(view.header_lines(group, b"Subject", 1, 10_000, pattern))),
        ("LISTGROUP, all", lambda view: lambda: consume(view.number_lines(group, 1, 1 << 31))),
        ("LIST ACTIVE, all", lambda view: lambda: consume(view.active_list())),
        ("LIST ACTIVE after a post", lambda view: lambda: (view.moved(CHANGES), consume(view.active_list()))),
        ("LIST NEWSGROUPS, all", lambda view: lambda: deque(view.newsgroups(None, None), 0)),
        ("NEWNEWS *", lambda view: lambda: consume(view.message_ids_since(None, 0))),
        ("NEWNEWS forum", lambda view: lambda: consume(view.message_ids_since(parse_old_pattern(name), 0))),
        ("place", lambda view: lambda: place(document, reader)),
        ("render", lambda view: lambda: render(record.id, len(record.roots), raw, line, b"not-for-mail")),
    ]


CHANGES = Changes((), (1, 5))


def microseconds(work: Callable[[], object]) -> float:
    """Return what a call costs, the least of REPEATS measurements."""
    timer = timeit.Timer(work, timer=time.process_time)
    number, _ = timer.autorange()
    return min(timer.repeat(REPEATS, max(number // 4, 1))) / max(number // 4, 1) * 1e6


def main() -> None:
    """Fill a store, measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=18_000, help="in the large forum")
    parser.add_argument("--forums", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(folder + "/store")
        group = fill(store, arguments.forums, arguments.articles)
        table = Table("request", "warm us", "cold us", title=f"news view, {store.reader.newest():,} documents")
        for name, make_work in workloads(store, group, arguments.articles):
            cold = timeit.timeit(make_work(NewsView(store.reader)), timer=time.process_time, number=1) * 1e6
            table.add_row(name, f"{microseconds(make_work(NewsView(store.reader))):,.1f}", f"{cold:,.0f}")
        Console().print(table)
        store.close()


if __name__ == "__main__":
    main()
