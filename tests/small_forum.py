"""A forum with signed articles, in memory or in whatever archive a test has."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from cliquenntp.document import Document, Signer, address_of, build, id_text, parse
from cliquenntp.interfaces import Changes
from cliquenntp.newsgroup.overview import overview_line
from cliquenntp.newsgroup.placement import place
from tests.memory_archive import MemoryArchive, MemoryRecord

NOW = 1_795_500_000
"""a time for tests: 24 November 2026"""


def persona(name: str) -> Signer:
    """Return a signer whose key is made of a name."""
    return Signer(sha256(name.encode()).digest())


def accept(
    archive: MemoryArchive, document: Document, arrived: int, path_identity: str = "not-for-mail"
) -> MemoryRecord:
    """Place, number and store a document."""
    placement = place(document, archive)
    _, numbers = archive.number(placement)
    overview = overview_line(document, placement, numbers, archive, path_identity)
    return archive.store(document, placement, overview, arrived)


class SmallForum:
    """An archive with one forum; ``post`` adds articles, a second apart.

    ``changes`` are the last article's, as a listener hears of them.
    """

    def __init__(self, name: str = "garden", archive: MemoryArchive | None = None, store=accept) -> None:
        self.archive = MemoryArchive() if archive is None else archive
        self.now = NOW
        self._store = store
        self.changes = Changes((), ())
        self.founder = persona("founder")
        self.root = self.add([(b"Subject", b"Growing things"), (b"Clique-Forum", name.encode())], b"Welcome.\r\n")

    def post(
        self, subject: bytes | str, body: bytes = b"Text.\r\n", parent: int | tuple[int, ...] | None = None,
        author: str = "ann", fields: Iterable[tuple[bytes, bytes]] = (),
    ) -> int:
        """Add an article below a document or several (docnos; default the forum's root) and return its docno."""
        parents = (self.root if parent is None else parent,) if not isinstance(parent, tuple) else parent
        text = ", ".join(id_text(self.archive.record(docno).id) for docno in parents)
        subject = subject.encode() if isinstance(subject, str) else subject
        return self.add([(b"Subject", subject), (b"Clique-Parent", text.encode()), *fields], body, author)

    def add(self, fields: Iterable[tuple[bytes, bytes]], body: bytes, author: str = "founder") -> int:
        """Sign and store a document with those fields (From and Date are added) and return its docno."""
        signer = persona(author)
        self.now += 1
        given = list(fields)
        if b"From" not in dict(given):
            given.insert(0, (b"From", f"{author.title()} <{address_of(signer.key, author)}>".encode()))
        if b"Date" not in dict(given):
            given.append((b"Date", b"Tue, 24 Nov 2026 %02d:%02d:%02d +0000" % clock(self.now)))
        document = parse(signer.sign(build(given, body), self.now))
        record = self._store(self.archive, document, self.now)
        self.changes = Changes((record.docno,), tuple(group for group, _ in record.numbers))
        return record.docno


def clock(seconds: int) -> tuple[int, int, int]:
    """Return the time of day of a Unix time: (hours, minutes, seconds)."""
    return seconds // 3600 % 24, seconds // 60 % 60, seconds % 60
